/** The error of two failures, as `await using` throws it. */
import { firstLine } from './exit-report.js';

/** The shape of the platform's `SuppressedError`. */
export interface TwoErrors extends Error {
  /** What failed later. */
  readonly error: unknown;
  /** What had failed before, and would be lost behind it. */
  readonly suppressed: unknown;
}

interface Platform {
  SuppressedError?: new (error: unknown, suppressed: unknown, message: string) => TwoErrors;
}

/** For platforms that have none. */
class SuppressedError extends Error implements TwoErrors {
  declare readonly error: unknown;
  declare readonly suppressed: unknown;

  static {
    // A literal: bundlers rename classes.
    Object.defineProperty(this.prototype, 'name', {
      value: 'SuppressedError',
      configurable: true,
      writable: true,
    });
  }

  constructor(error: unknown, suppressed: unknown, message: string) {
    super(message);
    for (const [name, value] of Object.entries({ error, suppressed })) {
      Object.defineProperty(this, name, { value, configurable: true, writable: true });
    }
  }
}

export function suppressedError(error: unknown, suppressed: unknown): TwoErrors {
  const Platforms = (globalThis as Platform).SuppressedError ?? SuppressedError;
  return new Platforms(
    error,
    suppressed,
    'The work in a scope failed, and so did the disposal of the scope.\n' +
      `  - work (suppressed): ${firstLine(suppressed)}\n` +
      `  - disposal (error): ${firstLine(error)}`,
  );
}
