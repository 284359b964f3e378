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
  type StartedExit,
} from '../exit-report.js';
import { formatMs, timeoutError, type Clock } from './clock.js';
import type { Exiting, Wait, Waited } from './exit-drive.js';
import { HookContext } from './hook-context.js';
import type { ExitEvents, Observers } from './observers.js';

/** What is called on a subject when it is exited. */
export interface ExitHook {
  readonly name: string;
  /** How many ms it has; if it does not say, as many as any. */
  readonly timeout?: number | undefined;
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
  /** Subjects that it has had taken in, if it may hand them on more than once. */
  readonly handedOn?: WeakSet<object> | undefined;
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

/** What is around a run. */
export interface RunHost {
  readonly clock: Clock;
  readonly calls: HookCalls;
  /** How many ms a hook has that does not say. */
  readonly hookTimeout: number;
  /** Called before each hook: time may have passed that no timer could tell of. */
  look(now: number): void;
}

/** Why there is no time any more. */
export interface Spent {
  readonly reason: unknown;
}

type Ended = Pick<ExitRecord, 'outcome' | 'error'>;

/** The record of a hook that has not settled yet, and is filled in when it has. */
type Unsettled = { -readonly [Name in keyof Omit<ExitRecord, 'error'>]: ExitRecord[Name] };

/** A hook that is waited for. */
interface Waiting {
  readonly record: Unsettled;
  readonly wait: Wait;
  /** Of one that was started while there was time. */
  readonly context: HookContext | undefined;
}

export class ExitRun {
  readonly reason: unknown;
  readonly #began: number;
  /** What it did, and the runs of child containers, each where it began. */
  readonly #parts: (ExitRecord | ExitRun)[] = [];
  /** The numbers of the containers whose runs it has taken in. */
  readonly #numbers = new Map<ExitRun, number>();
  // Not what is around it: a parent keeps the runs of its children, and must not keep them by it.
  readonly #clock: Clock;
  readonly #observers: Observers | undefined;
  #around: ExitRun | undefined;
  #inHand: { readonly exit: Exit; readonly hooks: readonly ExitHook[] } | undefined;
  #started = 0;
  #unsettled: Unsettled | undefined;
  #isClean = true;
  #isFinishing = false;
  #spent: Spent | undefined;
  #report: ExitReport | undefined;

  constructor({ clock }: RunHost, reason: unknown, observers?: Observers) {
    this.#clock = clock;
    this.#observers = observers;
    this.reason = reason;
    this.#began = clock.now();
  }

  /** The hooks of the subject in hand that have not been started. */
  get unstarted(): readonly PendingExit[] {
    return this.#inHand === undefined
      ? []
      : pendingOf(this.#inHand.exit.source, this.#inHand.hooks.slice(this.#started));
  }

  /** Takes in the run of a child container, once. */
  include(run: ExitRun): void {
    if (run.#around === this) {
      return;
    }
    run.#around = this;
    this.#parts.push(run);
    this.#meet(run);
    this.#catchUp(run);
  }

  /** Why its time has passed, if it has. */
  get spent(): Spent | undefined {
    return this.#spent;
  }

  /** No hook is awaited any more; if its time has passed, they find their signals aborted. */
  finish(spent: Spent | undefined): void {
    this.#isFinishing = true;
    this.#spent ??= spent;
  }

  /** Calls the hooks of a subject; returns what is to be driven, if there is something to wait for. */
  exit(
    host: RunHost,
    exit: Exit,
    hooks: readonly ExitHook[] = exit.source.hooksOf(exit),
  ): Exiting | undefined {
    exit.source.exiting?.(exit);
    this.#inHand = { exit, hooks };
    this.#started = 0;
    return this.rest(host);
  }

  /** Goes on where a loop over the hooks of a subject has stopped for good, within one of them. */
  rest(host: RunHost): Exiting | undefined {
    if (this.#unsettled !== undefined) {
      this.#settle(this.#unsettled, { outcome: 'timed-out', error: this.#spent?.reason });
    }
    const waiting = this.#callRest(host);
    return waiting && this.#awaitRest(host, waiting);
  }

  /** The one loop over hooks: returns whenever one is to be waited for. */
  #callRest(host: RunHost): Waiting | undefined {
    while (this.#inHand !== undefined) {
      const { exit, hooks } = this.#inHand;
      const hook = hooks[this.#started];
      if (hook === undefined) {
        this.#inHand = undefined;
        break;
      }
      this.#started++;
      const now = this.#clock.now();
      host.look(now);
      const context = new HookContext(this.reason, this.#spent);
      const record: Unsettled = {
        service: exit.source.service,
        hook: hook.name,
        container: 0,
        startTime: now - this.#began,
        outcome: 'done',
        duration: 0,
      };
      this.#unsettled = record;
      if (this.#isObserved) {
        this.#tell('started', startOf(record));
      }
      const isLate = this.#isFinishing;
      let failed: { readonly outcome: 'failed'; readonly error: unknown } | undefined;
      try {
        const result = host.calls.call(hook, exit.subject, context);
        if (isPromise(result)) {
          // Made one promise: a thenable may start its work anew each time that it is asked.
          const promise = Promise.resolve(result);
          const wait = { promise, timeout: hook.timeout ?? host.hookTimeout };
          return { record, wait, context: isLate ? undefined : context };
        }
      } catch (error) {
        failed = { outcome: 'failed', error };
      }
      if (this.#unsettled !== record) {
        // It did return, though the process was to exit in it, and the rest was run meanwhile.
        break;
      }
      this.#settle(record, failed);
    }
    return undefined;
  }

  *#awaitRest(host: RunHost, first: Waiting): Exiting {
    for (
      let waiting: Waiting | undefined = first;
      waiting !== undefined;
      waiting = this.#callRest(host)
    ) {
      let ended: Ended | undefined;
      try {
        ended = this.#ended(waiting, yield waiting.wait);
      } catch (error) {
        ended = { outcome: 'failed', error };
      }
      this.#settle(waiting.record, ended);
    }
  }

  /** To be asked for when it has ended. */
  report(): ExitReport {
    return (this.#report ??= new ExitReport(this.reason, this.#elapsed(), this.#records(this)));
  }

  failure(): DisposeError | undefined {
    if (this.#hasSucceeded) {
      return undefined;
    }
    const report = this.report();
    const errors = this.#failures();
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
      const [only, ...others] = failure.errors;
      throw only !== undefined && 'cause' in only && others.length === 0 ? only.cause : failure;
    }
  }

  get #hasSucceeded(): boolean {
    return this.#isClean && [...this.#numbers.keys()].every((run) => run.#isClean);
  }

  /** Whether anybody is told, here or around. */
  get #isObserved(): boolean {
    return (
      (this.#observers !== undefined && this.#observers.size > 0) ||
      (this.#around !== undefined && this.#around.#isObserved)
    );
  }

  #ended({ record, wait, context }: Waiting, outcome: Waited): Ended | undefined {
    if (outcome === 'done') {
      return undefined;
    }
    if (context === undefined) {
      return { outcome };
    }
    const error =
      this.#spent === undefined
        ? timeoutError(hookLabel(record), wait.timeout)
        : this.#spent.reason;
    context.abort(error);
    return { outcome: 'timed-out', error };
  }

  #settle(record: Unsettled, failed: Ended | undefined): void {
    this.#unsettled = undefined;
    record.duration = this.#elapsed() - record.startTime;
    const settled = failed === undefined ? record : { ...record, ...failed };
    this.#isClean &&= failed === undefined;
    this.#parts.push(settled);
    if (this.#isObserved) {
      this.#tell('settled', settled);
    }
  }

  /** In the order in which they happened, each told as its own run has seen it. */
  #failures(): ExitHookError[] {
    return this.#parts.flatMap((part) => {
      if (part instanceof ExitRun) {
        return part.#failures();
      }
      return part.outcome === 'done'
        ? []
        : [new ExitHookError(failureOf(part, this.#spent !== undefined), part)];
    });
  }

  /** Each container has one number in each report that it is a part of. */
  #meet(run: ExitRun): void {
    this.#number(run);
    if (this.#around !== undefined) {
      this.#around.#meet(run);
    }
  }

  #number(run: ExitRun): void {
    this.#numbers.set(run, this.#numbers.size + 1);
    for (const part of run.#parts) {
      if (part instanceof ExitRun) {
        this.#number(part);
      }
    }
  }

  /** Tells those who observe this container, and those around it, of what a run does. */
  #tell<Event extends 'started' | 'settled'>(
    event: Event,
    exit: ExitEvents[Event],
    run: ExitRun = this,
  ): void {
    if (this.#observers !== undefined && this.#observers.size > 0) {
      this.#observers.tell(event, this.#seen(run, exit));
    }
    if (this.#around !== undefined) {
      this.#around.#tell(event, exit, run);
    }
  }

  /** Tells of what a run had done before it was taken in. */
  #catchUp(run: ExitRun): void {
    for (const part of run.#parts) {
      if (part instanceof ExitRun) {
        this.#catchUp(part);
      } else {
        this.#tell('started', startOf(part), run);
        this.#tell('settled', part, run);
      }
    }
    if (run.#unsettled !== undefined) {
      this.#tell('started', startOf(run.#unsettled), run);
    }
  }

  /** What a run has done, as this one reports it: its own as it is. */
  #seen<Told extends StartedExit>(run: ExitRun, told: Told): Told {
    const container = this.#numbers.get(run);
    if (container === undefined) {
      return told;
    }
    const startTime = told.startTime + run.#began - this.#began;
    return { ...told, container, startTime };
  }

  #records(view: ExitRun): ExitRecord[] {
    return this.#parts.flatMap((part) =>
      part instanceof ExitRun ? part.#records(view) : view.#seen(this, part),
    );
  }

  #elapsed(): number {
    return this.#clock.now() - this.#began;
  }
}

function startOf({ service, hook, container, startTime }: ExitRecord): StartedExit {
  return { service, hook, container, startTime };
}

function failureOf(record: ExitRecord, isSpent: boolean): string {
  const label = hookLabel(record);
  switch (record.outcome) {
    case 'failed':
    case 'done':
      return `${label} failed: ${firstLine(record.error)}`;
    case 'timed-out':
      return `${label} timed out after ${formatMs(record.duration)}: ${firstLine(record.error)}`;
    case 'not-awaited':
      return isSpent
        ? `${label} returned a promise when the time of the disposal had passed: how it ended is lost.`
        : `${label} returned a promise, and nothing could await it: how it ended is lost. Use ` +
            '`await container.dispose()` or `await using`.';
  }
}

/** What is still to be run of the entries, in the order given. */
export function pendingHooks(exits: readonly Exit[]): PendingExit[] {
  return exits.flatMap((exit) => pendingOf(exit.source, exit.source.hooksOf(exit)));
}

function pendingOf({ service }: ExitSource, hooks: readonly ExitHook[]): PendingExit[] {
  return hooks.map(({ name }) => ({ service, hook: name }));
}
