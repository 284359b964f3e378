/** One run over hooks: each is called in order, and waited for if it has not settled. */
import { isPromise } from '@inversifyjs/common';

import { hookLabel, type PendingExit } from './exit-report.js';
import { timeoutError, type Clock } from '../shared/clock.js';
import { pendingOf, type Exit, type ExitHook } from './exit.js';
import type { Exiting, Wait, Waited } from './exit-drive.js';
import { ExitLog, type Failed, type Unsettled } from './exit-log.js';
import type { HookCalls } from './hook-calls.js';
import { HookContext } from '../hooks/hook-context.js';
import type { Observers } from './observers.js';

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

/** A hook that is waited for. */
interface Waiting {
  readonly record: Unsettled;
  readonly wait: Wait;
  /** Of one that was started while there was time. */
  readonly context: HookContext | undefined;
}

export class ExitRun {
  readonly log: ExitLog;
  // Not what is around it: a parent keeps the runs of its children, and must not keep them by it.
  readonly #clock: Clock;
  #inHand: { readonly exit: Exit; readonly hooks: readonly ExitHook[] } | undefined;
  #started = 0;
  #isFinishing = false;
  #spent: Spent | undefined;

  constructor({ clock }: RunHost, reason: unknown, observers?: Observers) {
    this.#clock = clock;
    this.log = new ExitLog(clock, reason, observers);
  }

  /** The hooks of the subject in hand that have not been started. */
  get unstarted(): readonly PendingExit[] {
    return this.#inHand === undefined
      ? []
      : pendingOf(this.#inHand.exit.source, this.#inHand.hooks.slice(this.#started));
  }

  /** Why its time has passed, if it has. */
  get spent(): Spent | undefined {
    return this.#spent;
  }

  /** No hook is awaited any more; if its time has passed, they find their signals aborted. */
  finish(spent: Spent | undefined): void {
    this.#isFinishing = true;
    this.#spent ??= spent;
    this.log.isSpent = this.#spent !== undefined;
  }

  /** Calls the hooks of a subject; returns what is to be driven, if there is something to wait for. */
  exit(
    host: RunHost,
    exit: Exit,
    hooks: readonly ExitHook[] = exit.source.hooks,
  ): Exiting | undefined {
    exit.source.exiting?.();
    this.#inHand = { exit, hooks };
    this.#started = 0;
    return this.rest(host);
  }

  /** Goes on where a loop over the hooks of a subject has stopped for good, within one of them. */
  rest(host: RunHost): Exiting | undefined {
    const { unsettled } = this.log;
    if (unsettled !== undefined) {
      this.log.settle(unsettled, { outcome: 'timed-out', error: this.#spent?.reason });
    }
    const waiting = this.#callRest(host);
    return waiting && this.#awaitRest(host, waiting);
  }

  /** Throws what a hook has thrown; if several have, one error with all of it. */
  rethrow(): void {
    const failure = this.log.failure();
    if (failure !== undefined) {
      const [only, ...others] = failure.errors;
      throw only !== undefined && 'cause' in only && others.length === 0 ? only.cause : failure;
    }
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
      const context = new HookContext(this.log.reason, this.#spent);
      const record = this.log.start(exit.source.service, hook.name, now);
      const isLate = this.#isFinishing;
      let failed: Failed | undefined;
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
      if (this.log.unsettled !== record) {
        // It did return, though the process was to exit in it, and the rest was run meanwhile.
        break;
      }
      this.log.settle(record, failed);
    }
    return undefined;
  }

  *#awaitRest(host: RunHost, first: Waiting): Exiting {
    for (
      let waiting: Waiting | undefined = first;
      waiting !== undefined;
      waiting = this.#callRest(host)
    ) {
      let failed: Failed | undefined;
      try {
        failed = this.#tooLate(waiting, yield waiting.wait);
      } catch (error) {
        failed = { outcome: 'failed', error };
      }
      this.log.settle(waiting.record, failed);
    }
  }

  #tooLate({ record, wait, context }: Waiting, outcome: Waited): Failed | undefined {
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
}
