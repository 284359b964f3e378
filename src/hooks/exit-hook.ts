/** A hook, as the code that runs it sees it. */
import type { ServiceToken } from '../shared/inspect.js';
import type { ExitContext } from './exit-context.js';

/** When a hook runs: while everything is still open, or when its instance is closed. */
export type ExitPhase = 'drain' | 'exit';

/** Names a service, as Inversify's `ServiceIdentifier` and `LazyServiceIdentifier` do. */
export type UsedService = ServiceToken | { unwrap(): ServiceToken };

/** A function that runs when a subject is disposed. */
export interface ExitHook {
  readonly name: string;
  /** In ms. Default: the hook timeout of the container. */
  readonly timeout?: number | undefined;
  /** Default: `exit`. */
  readonly phase?: ExitPhase | undefined;
  /** The services that the hook needs open although they were not injected. */
  readonly uses?: readonly UsedService[] | undefined;
  /** The function that would be called, for inspection. */
  target(subject: object): unknown;
  call(subject: object, context: ExitContext): unknown;
}

/** Whether all of them run in the exit phase, and none declares what it uses. */
export function arePlain(hooks: readonly ExitHook[]): boolean {
  return hooks.every(({ phase, uses }) => phase !== 'drain' && uses === undefined);
}
