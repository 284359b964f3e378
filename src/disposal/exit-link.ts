/** How a container that has the module is found by who ends the process, whichever copy each is of. */
import type { PendingExit } from './exit-report.js';
import type { ExitObserver } from './lifecycle.js';

/** The container's method that gives its link. */
export const exitLink = Symbol.for('inversify-onexit/exit-link');

/**
 * Observes, besides, what holds the disposal up beside hooks: activations in flight, and scopes; nothing,
 * when it goes on.
 */
export interface LinkObserver extends ExitObserver {
  /** Earlier versions do not give the `hook`: theirs are activations. */
  waiting?(waited: readonly { readonly service: string; readonly hook?: string }[]): void;
}

export interface ExitLink {
  readonly state: 'active' | 'disposing' | 'disposed';
  pending(): readonly PendingExit[];
  observe(observer: LinkObserver): () => void;
  /** Says how many ms a disposal has at most, of which its signal alone will tell. */
  expect(time: number): void;
  /**
   * The process exits, and nothing on the stack returns: starts every hook that is left, also within
   * one that is in its synchronous part, and awaits nothing.
   *
   * @param reason of the disposal, if there is none yet.
   * @param why hooks find their signals aborted with this.
   */
  leave(reason: unknown, why: unknown): void;
}
