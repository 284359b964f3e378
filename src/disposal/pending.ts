/** What a disposal would run, and wait for, in that order. */
import { pendingActivations, type Activation } from './activation.js';
import type { ForeignHost } from './exit-link.js';
import type { PendingExit } from './exit-report.js';
import { pendingHooks, type Exit, type Task } from './exit.js';
import type { Registry } from './registry.js';
import { scopeWork } from './scope-waits.js';

/** A container, before or during its disposal. */
export interface PendingHost {
  readonly registry: Registry;
  readonly disposal:
    | {
        readonly activations: readonly Activation[];
        readonly run: { readonly unstarted: readonly Task[]; readonly isFinishing: boolean };
      }
    | undefined;
  /** The container that it stands for, if that is of another copy of the package. */
  readonly foreign: Pick<ForeignHost, 'pending'> | undefined;
  children(): readonly PendingHost[];
  scopes(): readonly PendingHost[];
  activations(): readonly Activation[];
  uncollected(): readonly Exit[];
}

interface Phases {
  readonly drain: readonly PendingExit[];
  readonly exit: readonly PendingExit[];
}

export function pendingExits(host: PendingHost): PendingExit[] {
  const { drain, exit } = phasesOf(host);
  return [...drain, ...exit];
}

function phasesOf(host: PendingHost): Phases {
  const { disposal, foreign } = host;
  if (foreign !== undefined) {
    return { drain: [], exit: foreign.pending() };
  }
  const scopes = new Set(disposal?.run.isFinishing === true ? [] : host.scopes());
  const children = host
    .children()
    .filter((child) => !scopes.has(child))
    .map(phasesOf);
  const { drain, exit } = host.registry.tasks(host.uncollected());
  const activations = disposal?.activations ?? host.activations();
  const arrivals = new Set(activations.map(({ arrival }) => arrival));
  const isFirst = ({ exit: { source } }: Task): boolean =>
    source.inFlight !== undefined &&
    [...arrivals].every((arrival) => source.inFlight?.has(arrival) === true);
  const firstToWait = exit.findIndex((task) => !isFirst(task));
  const ahead = firstToWait === -1 ? exit.length : firstToWait;
  return {
    drain: [...children.flatMap((child) => child.drain), ...pendingHooks(drain)],
    exit: [
      ...Array.from(scopes, () => scopeWork),
      ...children.flatMap((child) => child.exit),
      ...pendingHooks(disposal?.run.unstarted ?? []),
      ...pendingHooks(exit.slice(0, ahead)),
      ...pendingActivations(activations),
      ...pendingHooks(exit.slice(ahead)),
    ],
  };
}
