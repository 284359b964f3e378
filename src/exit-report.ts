/** How a hook ended: it settled, it threw or rejected, or it returned a thenable that nothing could await. */
export type ExitOutcome = 'done' | 'failed' | 'not-awaited';

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

/** A hook that was run, and how it ended. */
export interface ExitRecord extends PendingExit {
  readonly outcome: ExitOutcome;
  /** When the hook was started, in ms since the disposal began. */
  readonly startTime: number;
  /** How long the hook took, in ms; for a hook that was not awaited, until it returned. */
  readonly duration: number;
  /** What was thrown, for a hook that failed. */
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
      exits: this.exits.map((exit) =>
        'error' in exit ? { ...exit, error: serializable(exit.error) } : exit,
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
  const [line = ''] = describe(thrown).split('\n', 1);
  return line;
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    // Objects without a prototype, and hostile ones, cannot be converted to a string.
    return Object.prototype.toString.call(value);
  }
}

function serializable(value: unknown, ancestors: readonly unknown[] = []): unknown {
  if (ancestors.includes(value)) {
    return describe(value);
  }
  if (value instanceof Error) {
    const inner = [...ancestors, value];
    return {
      name: value.name,
      message: value.message,
      ...(value.stack === undefined ? {} : { stack: value.stack }),
      ...('cause' in value ? { cause: serializable(value.cause, inner) } : {}),
      ...(value instanceof AggregateError
        ? { errors: value.errors.map((error) => serializable(error, inner)) }
        : {}),
    };
  }
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined && value !== undefined ? describe(value) : value;
  } catch {
    // A BigInt or a cycle: what cannot be serialised is described rather than lost.
    return describe(value);
  }
}
