/** Instances that are being made while a disposal goes on. */
import type { PendingExit } from './exit-report.js';

/** Something that is being activated. */
export interface Activation {
  readonly service: string;
  readonly arrival: PromiseLike<unknown>;
}

/** The name under which an activation stands beside hooks. */
export const activationHook = { name: 'activation' };

export function pendingActivations(activations: readonly Activation[]): PendingExit[] {
  return activations.map(({ service }) => ({ service, hook: activationHook.name }));
}
