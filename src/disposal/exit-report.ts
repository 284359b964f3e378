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
  /** Whose: 0 is the container that was disposed; 1, 2, … are its children in the order met. */
  readonly container: number;
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

  /** A copy that `JSON.stringify` keeps whole: errors with their messages, stacks and causes. */
  toJSON(): unknown {
    return {
      reason: serializable(this.reason),
      duration: this.duration,
      exits: serializable(this.exits),
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

function describe(value: unknown): string {
  try {
    const { message }: { message?: unknown } = Object(value) as object;
    return isError(value) || typeof message !== 'string' ? String(value) : message;
  } catch {
    return 'a value that cannot be printed';
  }
}

/** What JSON has no word for, or what lies too deep, is described rather than lost. */
function serializable(value: unknown, ancestors: readonly unknown[] = []): unknown {
  const nested = (part: unknown): unknown => serializable(part, [...ancestors, value]);
  try {
    if (typeof value !== 'object' || value === null) {
      return ['bigint', 'function', 'symbol'].includes(typeof value) ? describe(value) : value;
    }
    if (ancestors.includes(value) || ancestors.length === 16) {
      return describe(value);
    }
    if (Array.isArray(value)) {
      return value.map(nested);
    }
    if ('toJSON' in value) {
      return JSON.parse(JSON.stringify(value)) as unknown;
    }
    const keys = Object.keys(value);
    if (isError(value)) {
      keys.unshift(
        ...['name', 'message', 'stack', 'cause', 'errors'].filter((key) => key in value),
      );
    } else if (Object.prototype.toString.call(value) !== '[object Object]') {
      return describe(value);
    }
    return Object.fromEntries(keys.map((key) => [key, nested(Reflect.get(value, key))]));
  } catch {
    // A getter that throws, a proxy that was revoked: the rest of the report is worth more.
    return describe(value);
  }
}

/** Also one of another realm, as those of Node's own modules are under a test runner. */
function isError(value: unknown): boolean {
  return (
    value instanceof Error ||
    ['[object Error]', '[object DOMException]'].includes(Object.prototype.toString.call(value))
  );
}
