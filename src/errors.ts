import {
  firstLine,
  hookLabel,
  type ExitOutcome,
  type ExitRecord,
  type ExitReport,
} from './exit-report.js';

/** One hook that did not end well. `cause` is what it threw. */
export class ExitHookError extends Error {
  readonly service: string;
  readonly hook: string;
  readonly outcome: ExitOutcome;

  static {
    brand(this);
  }

  constructor(exit: Omit<ExitRecord, 'startTime' | 'duration'>) {
    super(hookFailure(exit), 'error' in exit ? { cause: exit.error } : undefined);
    this.service = exit.service;
    this.hook = exit.hook;
    this.outcome = exit.outcome;
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

  constructor(summary: string, errors: ExitHookError[], report: ExitReport) {
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

  constructor(service: string) {
    super(
      `"${service}" was asked of a container that is disposed. ` +
        'Something still used the container after `dispose()` had begun: ' +
        'stop it or await it before the container is disposed, or create a new container.',
    );
    this.service = service;
  }

  /** Recognises a `ContainerDisposedError` of any copy of this package. */
  static is(value: unknown): value is ContainerDisposedError {
    return hasBrand(value, 'ContainerDisposedError');
  }
}

function hookFailure(exit: Omit<ExitRecord, 'startTime' | 'duration'>): string {
  return exit.outcome === 'not-awaited'
    ? `${hookLabel(exit)} is asynchronous, and a synchronous disposal awaits nothing: ` +
        'use `await container.dispose()` or `await using`'
    : `${hookLabel(exit)} failed: ${firstLine(exit.error)}`;
}

function brand({ name, prototype }: { name: string; prototype: Error }): void {
  // On the prototype, so that neither is printed as a property of each error.
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
  Object.defineProperty(prototype, symbolOf(name), { value: true });
}

function hasBrand(value: unknown, name: string): boolean {
  return value instanceof Object && Reflect.get(value, symbolOf(name)) === true;
}

function symbolOf(name: string): symbol {
  return Symbol.for(`inversify-onexit/${name}`);
}
