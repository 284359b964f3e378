/** How copies of the package find, and dispose, each other's containers: an interface between versions. */
import type { PendingExit } from './exit-report.js';
import type { ExitObserver } from './lifecycle.js';
import type { Finish } from './work.js';

/**
 * The container's method that gives its link, for who ends the process; and the service that a child asks
 * for, to find the nearest container around it. Registered: all copies share it.
 */
export const exitLink = Symbol.for('inversify-onexit/exit-link');

/**
 * Observes, besides, what holds the disposal up beside hooks: activations in flight, and scopes; nothing,
 * when it goes on.
 */
export interface LinkObserver extends ExitObserver {
  waiting?(waited: readonly Waited[]): void;
}

/** Earlier versions do not give the `hook`: theirs are activations. */
export interface Waited {
  readonly service: string;
  readonly hook?: string;
}

export function pendingOf(waited: readonly Waited[]): PendingExit[] {
  return waited.map(({ service, hook = 'activation' }) => ({ service, hook }));
}

/** What a container with the module offers to every copy of the package. Add to it; change nothing. */
export interface ExitLink extends ForeignHost {
  readonly state: 'active' | 'disposing' | 'disposed';
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

  // What a child offers to a parent of another copy.

  /** A container around it has started to be disposed: aborts its signal, and those of its descendants. */
  stop(reason: unknown): void;
  /**
   * Begins its disposal, or takes part in that which is under way: runs its drain hooks.
   *
   * @param drained called when these have settled; at once, if they have.
   */
  drainWithin(within: DisposalWithin, drained: () => void): void;
  /** The rest exits. Its observers hear of the end. */
  exitWithin(within: Pick<DisposalWithin, 'timeout' | 'finish'>): void;
  /** Nothing is awaited any more: starts what is left of the phase that it is in. */
  finishWithin(finish: Finish): void;

  // What a parent offers to a child of another copy.

  /** Takes in a child, youngest of all. */
  addChild(child: ExitLink): ChildPlace;
}

/** What is asked of a container of another copy before anything of it is run. */
export interface ForeignHost {
  pending(): readonly PendingExit[];
  /** Whether a disposal of it, or of a descendant, is under way. */
  isDisposing(): boolean;
  /** The hooks that are visibly async functions. */
  asyncHooks(): readonly PendingExit[];
}

/** The disposal of a parent, for a child's within it. */
export interface DisposalWithin {
  readonly reason: unknown;
  readonly completed: boolean;
  /** How many ms are left. */
  readonly timeout: number;
  /** Set, if nothing is awaited any more. */
  readonly finish: Finish | undefined;
}

/** A child's place in the tree of its parent. */
export interface ChildPlace {
  /** The child, or what is below it, has something to exit, and must not be forgotten; or not. */
  occupy(isOccupied: boolean): void;
  /** The child is disposed, or has a nearer parent. */
  remove(): void;
  /** Whether the parent, or what is around that, exits a subject, or has. */
  isTracked(subject: object): boolean;
  /** Why nothing is taken in, if it is not. */
  refusal(action: string, service: string): Error | undefined;
}
