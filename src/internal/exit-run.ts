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

/** What the subjects of one origin share. */
export interface ExitSource {
  readonly service: string;
  /** Whether a subject can have come from elsewhere, and be owned there. */
  readonly shared: boolean;
  /** How many of its subjects a list holds, where that matters. */
  readonly tally?: { live: number };
  /** The hooks of a subject as they are now, in the order in which they are run. */
  hooksOf(exit: Exit): readonly ExitHook[];
  /** Called when its hooks are about to be run. */
  exiting?(exit: Exit): void;
  /** What is left to do for an entry whose subject is exited in another place: that, or nothing. */
  apart?(exit: Exit): Exit | undefined;
  /** Called when a subject is released by itself. */
  released?(exit: Exit): void;
}

/** A subject, and where it comes from. */
export interface Exit {
  readonly subject: object;
  readonly source: ExitSource;
}

/** Yields each promise there is to wait for, and expects to be told whether it was awaited. */
export type Exiting = Generator<PromiseLike<unknown>, void, boolean>;

/** Calls hooks, and tells whoever is called by them that a hook is in its synchronous part. */
export class HookCalls {
  readonly #above: () => HookCalls | undefined;
  #depth = 0;

  /** @param above those of the container around, whose disposal waits for these, too. */
  constructor(above: () => HookCalls | undefined) {
    this.#above = above;
  }

  get inProgress(): boolean {
    return this.#depth > 0;
  }

  call(hook: ExitHook, subject: object, context: ExitContext): unknown {
    this.#count(1);
    try {
      return hook.call(subject, context);
    } finally {
      this.#count(-1);
    }
  }

  #count(change: 1 | -1): void {
    this.#depth += change;
    const above = this.#above();
    if (above !== undefined) {
      above.#count(change);
    }
  }
}

export class ExitRun {
  readonly reason: unknown;
  readonly #calls: HookCalls;
  readonly #began = performance.now();
  /** What it did, and the runs of child containers, each where it began. */
  readonly #parts: (ExitRecord | ExitRun)[] = [];
  #inHand: { readonly source: ExitSource; readonly hooks: readonly ExitHook[] } | undefined;
  #started = 0;
  #duration: number | undefined;

  constructor(calls: HookCalls, reason: unknown) {
    this.#calls = calls;
    this.reason = reason;
  }

  /** The hooks of the subject in hand that have not been started. */
  get unstarted(): readonly PendingExit[] {
    return this.#inHand === undefined
      ? []
      : pendingOf(this.#inHand.source, this.#inHand.hooks.slice(this.#started));
  }

  /** Takes in the run of a child container. */
  include(run: ExitRun): void {
    this.#parts.push(run);
  }

  /** The one loop over the hooks of a subject; {@link awaitEach} or {@link finishNow} drives it. */
  *exit(exit: Exit, hooks: readonly ExitHook[] = exit.source.hooksOf(exit)): Exiting {
    const { subject, source } = exit;
    source.exiting?.(exit);
    this.#inHand = { source, hooks };
    this.#started = 0;
    for (const hook of hooks) {
      this.#started++;
      const startTime = this.#elapsed();
      const ended = (): Omit<ExitRecord, 'outcome' | 'error'> => ({
        service: source.service,
        hook: hook.name,
        container: 0,
        startTime,
        duration: this.#elapsed() - startTime,
      });
      try {
        const result = this.#calls.call(hook, subject, { reason: this.reason });
        const settled = !isPromise(result) || (yield result);
        this.#parts.push({ outcome: settled ? 'done' : 'not-awaited', ...ended() });
      } catch (error) {
        this.#parts.push({ outcome: 'failed', ...ended(), error });
      }
    }
  }

  /** From here on its report says how long it took. */
  end(): void {
    this.#duration = this.#elapsed();
  }

  report(): ExitReport {
    let containers = 0;
    const records = this.#records(this.#began, () => containers++);
    return new ExitReport(this.reason, this.#duration ?? this.#elapsed(), records);
  }

  failure(): DisposeError | undefined {
    const report = this.report();
    const errors = report.exits
      .filter(({ outcome }) => outcome !== 'done')
      .map((record) => new ExitHookError(failureOf(record), record));
    if (errors.length === 0) {
      return undefined;
    }
    return new DisposeError(
      `${String(errors.length)} of ${String(report.exits.length)} exit hooks failed; all were run:`,
      errors,
      report,
    );
  }

  /** Throws what a hook has thrown; if several have, one error with all of it. */
  rethrow(): void {
    const failure = this.failure();
    if (failure !== undefined) {
      throw failure.errors.length === 1 ? failure.errors[0]?.cause : failure;
    }
  }

  #records(since: number, nextContainer: () => number): ExitRecord[] {
    const container = nextContainer();
    const offset = this.#began - since;
    return this.#parts.flatMap((part) =>
      part instanceof ExitRun
        ? part.#records(since, nextContainer)
        : { ...part, container, startTime: part.startTime + offset },
    );
  }

  #elapsed(): number {
    return performance.now() - this.#began;
  }
}

/** Runs hooks one at a time: each has settled before the next is started. */
export async function awaitEach(exiting: Exiting, first = exiting.next()): Promise<void> {
  let step = first;
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

/** As {@link awaitEach}; it returns no promise if there is nothing to wait for. */
export function awaitIfNeeded(exiting: Exiting): Promise<void> | undefined {
  const first = exiting.next();
  return first.done === true ? undefined : awaitEach(exiting, first);
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

/** What is still to be run of the entries, in the order given. */
export function pendingHooks(exits: readonly Exit[]): PendingExit[] {
  return exits.flatMap((exit) => pendingOf(exit.source, exit.source.hooksOf(exit)));
}

function pendingOf({ service }: ExitSource, hooks: readonly ExitHook[]): PendingExit[] {
  return hooks.map(({ name }) => ({ service, hook: name }));
}
