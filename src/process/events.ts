/** Why a process ends, and what is told of its end. */
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

/** What is told of the end of the process, as it happens. Durations are in ms. */
export type ExitEvent =
  /** The containers begin to be disposed. */
  | { readonly type: 'disposing'; readonly cause: ExitCause }
  /** A hook is about to be called. */
  | { readonly type: 'started'; readonly exit: StartedExit }
  /**
   * A hook has settled, or is not waited for any more: one that was cut off by `process.exit()` or a
   * second SIGINT has timed out, with an `AbortError`.
   */
  | { readonly type: 'settled'; readonly exit: ExitRecord }
  /**
   * The disposal has taken a second, and this hook is running; told once of each that runs for at
   * least 100 ms from then on. `pending` is what comes after it in its container.
   */
  | {
      readonly type: 'running';
      readonly exit: StartedExit;
      readonly duration: number;
      readonly pending: readonly PendingExit[];
    }
  /** An error was not caught, and nobody else listens to it: it is to be printed. */
  | { readonly type: 'fatal'; readonly error: unknown }
  /** All is disposed. Not clean: a hook has failed or timed out, or an error was not caught. */
  | { readonly type: 'disposed'; readonly duration: number; readonly isClean: boolean };

export type TellExit = (event: ExitEvent) => void;
