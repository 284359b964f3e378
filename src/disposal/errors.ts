import type { ExitOutcome, ExitReport, PendingExit } from './exit-report.js';
import { brand, hasBrand } from '../shared/brand.js';

/** One hook that did not end well. `cause` is what it threw. */
export class ExitHookError extends Error {
  readonly service: string;
  readonly hook: string;
  readonly outcome: ExitOutcome;

  static {
    brand(this);
  }

  constructor(
    message: string,
    { service, hook, outcome, ...thrown }: PendingExit & { outcome: ExitOutcome; error?: unknown },
  ) {
    super(message, 'error' in thrown ? { cause: thrown.error } : undefined);
    this.service = service;
    this.hook = hook;
    this.outcome = outcome;
    // Its frames would be those of the loop over the hooks; the cause has the ones that tell.
    Object.defineProperty(this, 'stack', { value: String(this) });
  }

  /** Recognises an `ExitHookError` of any copy of this package. */
  static is(value: unknown): value is ExitHookError {
    return hasBrand(value, 'ExitHookError');
  }
}

/**
 * A disposal in which hooks failed. It is one error whatever their number; the message lists them,
 * `errors` holds them in the order in which they happened, `report` every hook that was run.
 */
export class DisposeError extends AggregateError {
  declare readonly errors: ExitHookError[];
  declare readonly report: ExitReport;

  static {
    brand(this);
  }

  constructor(summary: string, errors: readonly ExitHookError[], report: ExitReport) {
    super(errors, [summary, ...errors.map(({ message }) => `  - ${message}`)].join('\n'));
    // Not enumerable, like `errors`: a printed error would bury its message under every exit.
    Object.defineProperty(this, 'report', { value: report });
  }

  /** Recognises a `DisposeError` of any copy of this package. */
  static is(value: unknown): value is DisposeError {
    return hasBrand(value, 'DisposeError');
  }
}

/** Something was asked of a container that is disposed. */
export class ContainerDisposedError extends Error {
  readonly service: string;

  static {
    brand(this);
  }

  /** @param asked what cannot be done: `resolve Pool`. */
  constructor(asked: string, service: string) {
    super(
      `Cannot ${asked}: the container is disposed. Something still uses it: stop or await that ` +
        'before the disposal, or create a new container.',
    );
    this.service = service;
  }

  /** Recognises a `ContainerDisposedError` of any copy of this package. */
  static is(value: unknown): value is ContainerDisposedError {
    return hasBrand(value, 'ContainerDisposedError');
  }
}
