/** What a run of hooks needs from others, and what it offers them. */
import type { Clock } from '../shared/clock.js';
import type { Task } from './exit.js';
import type { Started } from './log-items.js';

/** What a run has around it. */
export interface RunHost {
  readonly clock: Clock;
  /** In ms, of a hook that states none. */
  readonly hookTimeout: number;
  /** Whether it is this container, or a descendant. */
  belongsTo(container: object): boolean;
  /**
   * Called before each hook: time may have passed in which no timer could fire. Returns the time at
   * which the hook starts: hooks of an outer disposal may have run meanwhile.
   */
  checkDeadline(now: number): number;
}

/** Where a run takes its tasks from. */
export interface Work {
  /**
   * The next task. Without one the run waits for the gates that were closed meanwhile, or has ended.
   */
  next(): Task | undefined;
  /** What the first hook of a task had to wait for. */
  after?(task: Task): Started | undefined;
  /** Called when the last hook of a task has settled. */
  settled?(task: Task, last: Started): void;
  /** Called once, when all tasks have settled. */
  ended(): void;
}

/** Why there is no time any more. */
export interface Expiry {
  readonly reason: unknown;
}

/** How a run is brought to its end at once. */
export interface Finish {
  /** Why, if its time has passed: hooks find their signals aborted. */
  readonly expiry: Expiry | undefined;
  /** The process exits, and nothing on the stack returns. */
  readonly isLeaving: boolean;
}

/** Something else that a run waits for before it takes a further task. */
export interface Gate {
  /** Nothing is awaited any more: it opens now, or when a hook in its synchronous part has returned. */
  finish(finish: Finish): void;
}
