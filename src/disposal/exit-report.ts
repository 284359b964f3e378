import { describe } from '../shared/inspect.js';
import { Serializer } from './serializable.js';

/**
 * How a hook ended: it settled in time (`done`); it threw or rejected (`failed`); it was started, and
 * its time passed before it settled (`timed-out`); or it was started when nothing could be awaited
 * any more, and returned a thenable (`not-awaited`).
 */
export type ExitOutcome = 'done' | 'failed' | 'timed-out' | 'not-awaited';

/** A hook that `dispose()` would run. */
export interface PendingExit {
  /**
   * The service identifier as Inversify prints it, the class in brackets where it differs;
   * `callback` for what was registered with `onExit` or `adopt`.
   */
  readonly service: string;
  /** The method's name, the callback's given name, or its function's. */
  readonly hook: string;
}

/** A hook that was started. */
export interface StartedExit extends PendingExit {
  /** Its number within the report, in the order in which hooks were started: 0, 1, 2, … */
  readonly id: number;
  /**
   * That of the hook: `drain` hooks run while everything is still open, but for those that were
   * registered after the drain phase, which run at once; `exit` hooks close their instance.
   */
  readonly phase: 'drain' | 'exit';
  /**
   * Whose: 0 is the container that was disposed; 1, 2, … are its descendants, in the order in which
   * their disposals became part of this one.
   */
  readonly container: number;
  /**
   * The `id` of the exit that settled last of those that it had to wait for, since they were hooks of
   * the same instance, of children or of an earlier phase, or declare to use it, or since its time passed
   * before it was activated. Not there
   * if it waited for none, or only for its turn.
   */
  readonly after?: number;
  /** When, in ms since the disposal began; negative, if a child's had begun before. */
  readonly startTime: number;
}

/** A hook that was run, and how it ended. */
export interface ExitRecord extends StartedExit {
  readonly outcome: ExitOutcome;
  /** How long it took, in ms; until its time had passed, or, if it was not awaited, it returned. */
  readonly duration: number;
  /** What was thrown, for a hook that failed; for one that timed out, why its signal has aborted. */
  readonly error?: unknown;
}

/** What a disposal did: every hook that was run, in the order in which they were started. */
export class ExitReport {
  /** The `reason` of the first `dispose()`. */
  readonly reason: unknown;
  /** How long the disposal took, in ms. */
  readonly duration: number;
  readonly exits: readonly ExitRecord[];

  /** @internal */
  constructor(reason: unknown, duration: number, exits: readonly ExitRecord[]) {
    this.reason = reason;
    this.duration = duration;
    this.exits = exits;
  }

  /**
   * A copy that `JSON.stringify` keeps: every exit with all its fields, and what was thrown with
   * messages, stacks and causes. It never throws, and its size is bounded whatever an error refers
   * to: each object is written once, and what is too long, too deep or too much is cut off, with a
   * note that says so.
   */
  toJSON(): unknown {
    const serializer = new Serializer((value) => value instanceof ExitReport);
    return {
      // JSON leaves out `undefined`: a disposal without a reason has none here either.
      reason: this.reason === undefined ? undefined : serializer.serialize(this.reason),
      duration: this.duration,
      exits: this.exits.map((exit) =>
        'error' in exit ? { ...exit, error: serializer.serialize(exit.error) } : { ...exit },
      ),
    };
  }

  /** One line per exit: outcome, hook, duration, and the first line of what was thrown. */
  toString(): string {
    const rows = this.exits.map((exit) => ({
      outcome: exit.outcome,
      hook: hookLabel(exit),
      duration: `${exit.duration.toFixed(1)} ms`,
      error: 'error' in exit ? `  ${firstLine(exit.error)}` : '',
    }));
    const width = (column: 'outcome' | 'hook' | 'duration'): number =>
      rows.reduce((widest, row) => Math.max(widest, row[column].length), 0);
    const [outcomes, hooks, durations] = [width('outcome'), width('hook'), width('duration')];
    return rows
      .map(
        ({ outcome, hook, duration, error }) =>
          `${outcome.padEnd(outcomes)}  ${hook.padEnd(hooks)}  ${duration.padStart(durations)}${error}`,
      )
      .join('\n');
  }
}

/** How a hook is printed: `Pool.close`, `Pool[Symbol.asyncDispose]`, `callback flushMetrics`. */
export function hookLabel({ service, hook }: PendingExit): string {
  if (service === 'callback') {
    return `callback ${hook}`;
  }
  return hook.startsWith('[') ? `${service}${hook}` : `${service}.${hook}`;
}

/** How a thrown value is printed in one line. */
export function firstLine(thrown: unknown): string {
  return describe(thrown).replace(/\n.*/s, '');
}
