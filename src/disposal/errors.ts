import { brand, hasBrand } from '../shared/brand.js';
import { formatMs } from '../shared/clock.js';
import {
  firstLine,
  hookLabel,
  type ExitOutcome,
  type ExitRecord,
  type ExitReport,
  type PendingExit,
} from './exit-report.js';

/** One hook that did not end well. `cause` is what it threw. */
export class ExitHookError extends Error {
  readonly service: string;
  readonly hook: string;
  readonly outcome: ExitOutcome;

  static {
    brand(this, 'ExitHookError');
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

  /** @internal @param isExpired whether the time of its disposal had passed. */
  static of(record: ExitRecord, isExpired: boolean): ExitHookError {
    return new ExitHookError(failureOf(record, isExpired), record);
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
    brand(this, 'DisposeError');
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

const disposed =
  'the container is disposed. Something still uses it: stop or await that before the disposal, or ' +
  'create a new container.';

const expired =
  "the time of the container's disposal has passed, and it takes in nothing new. Do it before the " +
  'disposal, or give the disposal more time.';

const disposedBeforeWork =
  'the scope was disposed before the work returned, so its result is void. Most likely the disposal of ' +
  'a container around it had no time left: give that more time, or have the work stop once ' +
  'Lifecycle.signal has aborted. Do not dispose the scope within the work.';

/** The container is disposed, or its disposal has no time left: it can neither resolve nor register. */
export class ContainerDisposedError extends Error {
  readonly service: string;

  static {
    brand(this, 'ContainerDisposedError');
  }

  /**
   * @param action what cannot be done: `resolve Pool`.
   * @param why what happened, the likely mistake, and what to do.
   */
  constructor(action: string, service: string, why = disposed) {
    super(`Cannot ${action}: ${why}`);
    this.service = service;
  }

  /** @internal while hooks still run, in a disposal whose time has passed. */
  static ofExpired(action: string, service: string): ContainerDisposedError {
    return new ContainerDisposedError(action, service, expired);
  }

  /** @internal of a unit of work. */
  static ofScope(): ContainerDisposedError {
    return new ContainerDisposedError('complete the work in a scope', 'scope', disposedBeforeWork);
  }

  /** Recognises a `ContainerDisposedError` of any copy of this package. */
  static is(value: unknown): value is ContainerDisposedError {
    return hasBrand(value, 'ContainerDisposedError');
  }
}

function failureOf(record: ExitRecord, isExpired: boolean): string {
  const label = hookLabel(record);
  switch (record.outcome) {
    case 'failed':
    case 'done':
      return `${label} failed: ${firstLine(record.error)}`;
    case 'timed-out':
      return `${label} timed out after ${formatMs(record.duration)}: ${firstLine(record.error)}`;
    case 'not-awaited':
      return isExpired
        ? `${label} returned a promise when the time of the disposal had passed: how it ended is lost.`
        : `${label} returned a promise, and nothing could await it: how it ended is lost. Use ` +
            '`await container.dispose()` or `await using`.';
  }
}
