/** The reasons for which a process ends, and the events of its end. */
import type { ExitRecord, PendingExit, StartedExit } from '../disposal/exit-report.js';

/** Why the process ends: the `reason` that hooks see. */
export type ExitCause =
  /** Nothing keeps the event loop running. */
  | { readonly type: 'end' }
  /** `exit()` or `process.exit()` was called. */
  | { readonly type: 'exit'; readonly code: number }
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** An exception, or a rejection, that nothing has caught. */
  | { readonly type: 'fatal'; readonly error: unknown };

/** An event of the end of the process. Durations are in ms. */
export type ExitEvent =
  /** The containers begin to be disposed. */
  | { readonly type: 'disposing'; readonly cause: ExitCause }
  /** A hook is about to be called. */
  | { readonly type: 'started'; readonly exit: StartedExit }
  /**
   * A hook has settled, or is no longer awaited: one that was cut off by `process.exit()` or a
   * second SIGINT has timed out, with an `AbortError`.
   */
  | { readonly type: 'settled'; readonly exit: ExitRecord }
  /**
   * The disposal has taken a second, and this hook is running. Emitted once for each hook that runs for
   * at least 100 ms from then on. `pending` are the hooks that follow it in its container.
   */
  | {
      readonly type: 'running';
      readonly exit: StartedExit;
      readonly duration: number;
      readonly pending: readonly PendingExit[];
    }
  /** An error was not caught, and has no other listener: it should be printed. */
  | { readonly type: 'fatal'; readonly error: unknown }
  /** Everything is disposed. Not clean: a hook has failed or timed out, or an error was not caught. */
  | { readonly type: 'disposed'; readonly duration: number; readonly isClean: boolean };

export type ExitEventListener = (event: ExitEvent) => void;
