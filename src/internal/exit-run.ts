/** One run over hooks: each is called in order, and what became of it is recorded. */
import { isPromise } from '@inversifyjs/common';

import { DisposeError, ExitHookError } from '../errors.js';
import type { ExitContext } from '../exit-context.js';
import {
  ExitReport,
  firstLine,
  hookLabel,
  type ExitRecord,
  type PendingExit,
} from '../exit-report.js';

/** What is called on a subject when it is exited. */
export interface ExitHook {
  readonly name: string;
  /** The function that would be called, to be looked at. */
  target(subject: object): unknown;
  call(subject: object, context: ExitContext): unknown;
}

/** What the subjects of one origin share: its name, and their hooks in the order they run in. */
export interface ExitSource {
  readonly service: string;
  readonly hooks: readonly ExitHook[];
  /** Whether a subject can have come from elsewhere, and be owned there. */
  readonly shared: boolean;
  /** Called when a subject is released by itself. */
  released?(): void;
}

/** A subject and its hooks. */
export interface Exit {
  readonly subject: object;
  readonly source: ExitSource;
}

/** Yields each promise there is to wait for, and expects to be told whether it was awaited. */
export type Exiting = Generator<PromiseLike<unknown>, void, boolean>;

/** Calls hooks, and tells whoever is called by them that a hook is in its synchronous part. */
export class HookCalls {
  #depth = 0;

  get inProgress(): boolean {
    return this.#depth > 0;
  }

  call(hook: ExitHook, subject: object, context: ExitContext): unknown {
    this.#depth++;
    try {
      return hook.call(subject, context);
    } finally {
      this.#depth--;
    }
  }
}

export class ExitRun {
  readonly #calls: HookCalls;
  readonly #context: ExitContext;
  readonly #began = performance.now();
  readonly #records: ExitRecord[] = [];
  #inHand: ExitSource | undefined;
  #started = 0;

  constructor(calls: HookCalls, reason: unknown) {
    this.#calls = calls;
    this.#context = { reason };
  }

  /** The hooks of the subject in hand that have not been started. */
  get unstarted(): PendingExit[] {
    return this.#inHand === undefined ? [] : hooksOf(this.#inHand).slice(this.#started);
  }

  /** The one loop over the hooks of a subject; {@link awaitEach} or {@link finishNow} drives it. */
  *exit({ subject, source }: Exit): Exiting {
    this.#inHand = source;
    for (const [index, hook] of source.hooks.entries()) {
      this.#started = index + 1;
      const startTime = this.#elapsed();
      const ended = (): Omit<ExitRecord, 'outcome' | 'error'> => ({
        service: source.service,
        hook: hook.name,
        startTime,
        duration: this.#elapsed() - startTime,
      });
      try {
        const result = this.#calls.call(hook, subject, this.#context);
        const settled = !isPromise(result) || (yield result);
        this.#records.push({ outcome: settled ? 'done' : 'not-awaited', ...ended() });
      } catch (error) {
        this.#records.push({ outcome: 'failed', ...ended(), error });
      }
    }
  }

  report(): ExitReport {
    return new ExitReport(this.#context.reason, this.#elapsed(), this.#records);
  }

  errors(): ExitHookError[] {
    return this.#records
      .filter(({ outcome }) => outcome !== 'done')
      .map((record) => new ExitHookError(failureOf(record), record));
  }

  failure(): DisposeError | undefined {
    const errors = this.errors();
    if (errors.length === 0) {
      return undefined;
    }
    return new DisposeError(
      `${String(errors.length)} of ${String(this.#records.length)} exit hooks failed; all were run:`,
      errors,
      this.report(),
    );
  }

  #elapsed(): number {
    return performance.now() - this.#began;
  }
}

/** Runs hooks one at a time: each has settled before the next is started. */
export async function awaitEach(exiting: Exiting): Promise<void> {
  let step = exiting.next();
  while (step.done !== true) {
    try {
      await step.value;
    } catch (error) {
      step = exiting.throw(error);
      continue;
    }
    step = exiting.next(true);
  }
}

/** Starts what is left in order, and awaits nothing. */
export function finishNow(exiting: Exiting): void {
  let step = exiting.next();
  while (step.done !== true) {
    // Observed, though not awaited: a late rejection must not be an unhandled one.
    Promise.resolve(step.value).catch(() => undefined);
    step = exiting.next(false);
  }
}

function failureOf(record: ExitRecord): string {
  const label = hookLabel(record);
  return record.outcome === 'failed'
    ? `${label} failed: ${firstLine(record.error)}`
    : `${label} returned a promise, and nothing could await it: how it ended is lost. Use ` +
        '`await container.dispose()` or `await using`.';
}

export function hooksOf({ service, hooks }: ExitSource): PendingExit[] {
  return hooks.map(({ name }) => ({ service, hook: name }));
}
