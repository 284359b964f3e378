/** One end of the process: disposes its containers within the time limit, and emits the events. */
import type { ExitRecord, PendingExit, StartedExit } from '../disposal/exit-report.js';
import { systemClock, timeoutError } from '../shared/clock.js';
import type { AttachedContainer, ContainerListener } from './container.js';
import type { ExitCause, ExitEventListener } from './events.js';

/** After so many ms, which people still accept as an immediate answer, the running hook is reported. */
const quiet = 1_000;

/** A hook that takes less than so many ms is not worth a line. */
const brief = 100;

export class Ending implements ContainerListener {
  readonly cause: ExitCause;
  isClean = true;
  /** Whether a hook that is no longer awaited may still run, and keep the process alive. */
  hasUnfinishedHooks = false;
  readonly #next: () => AttachedContainer | undefined;
  readonly #timeout: number;
  readonly #emit: ExitEventListener;
  readonly #abort = new AbortController();
  readonly #began = systemClock.now();
  #current: AttachedContainer | undefined;
  /* istanbul ignore next -- replaced when a hook is started */
  #cancelNotice = (): void => undefined;
  #abandonReason: unknown;
  #isDisposed = false;

  /** @param next returns the container to dispose next, each of them once, newest first. */
  constructor(
    cause: ExitCause,
    next: () => AttachedContainer | undefined,
    timeout: number,
    emit: ExitEventListener,
  ) {
    this.cause = cause;
    this.#next = next;
    this.#timeout = timeout;
    this.#emit = emit;
    emit({ type: 'disposing', cause });
  }

  /** Never rejects. */
  async run(): Promise<void> {
    // Never Infinity, for which there is no timer: a pending promise does not keep a process alive.
    const cancel = systemClock.after(Math.min(this.#timeout, Number.MAX_VALUE), () => {
      this.#expire();
    });
    // A hook may have called exit() in its synchronous part: without this, it would wait for itself.
    await Promise.resolve();
    for (let next = this.#next(); next !== undefined; next = await this.#another()) {
      this.#current = next;
      next.listen(this);
      const { signal } = this.#abort;
      if (signal.aborted) {
        next.abandon(this.cause, signal.reason);
      } else {
        await next.dispose(this.cause, signal, this.#timeout - this.#elapsed());
      }
    }
    cancel();
    this.#disposed();
  }

  /** Records a failure outside the hooks. */
  fail(): void {
    this.isClean = false;
  }

  /** Starts the hooks that are left, and awaits nothing any more. */
  abort(why: unknown): void {
    this.#abort.abort(why);
  }

  /** The process exits: starts the hooks that are left before this returns. */
  abandon(why: unknown): void {
    this.#abandonReason = why;
    for (let next = this.#current ?? this.#next(); next !== undefined; next = this.#next()) {
      next.listen(this);
      next.abandon(this.cause, why);
    }
    this.#disposed();
  }

  started(exit: StartedExit, at: number, container: AttachedContainer): void {
    this.#emit({ type: 'started', exit });
    this.#scheduleNotice([exit], at, container);
  }

  settled(exit: ExitRecord): void {
    this.#cancelNotice();
    const { outcome, error } = exit;
    const isUnfinished = outcome === 'timed-out' || outcome === 'not-awaited';
    // A hook has not failed because process.exit() awaits nothing.
    const isCutOff =
      this.#abandonReason !== undefined &&
      (outcome === 'not-awaited' || (isUnfinished && error === this.#abandonReason));
    this.hasUnfinishedHooks ||= isUnfinished;
    this.isClean &&= isCutOff || outcome === 'done';
    this.#emit({ type: 'settled', exit });
    // No timer fires while synchronous hooks run.
    if (this.#elapsed() >= this.#timeout) {
      this.#expire();
    }
  }

  waiting(activations: readonly PendingExit[], container: AttachedContainer): void {
    this.#cancelNotice();
    const startTime = this.#elapsed();
    const exits = activations.map((activation): StartedExit => {
      return { ...activation, id: 0, phase: 'exit', container: 0, startTime };
    });
    this.#scheduleNotice(exits, systemClock.now(), container);
  }

  #scheduleNotice(
    exits: readonly StartedExit[],
    since: number,
    container: AttachedContainer,
  ): void {
    this.#cancelNotice = systemClock.after(Math.max(quiet - this.#elapsed(), brief), () => {
      const duration = systemClock.now() - since;
      for (const exit of exits) {
        this.#emit({ type: 'running', exit, duration, pending: pendingAfter(exit, container) });
      }
    });
  }

  async #another(): Promise<AttachedContainer | undefined> {
    const next = this.#next();
    if (next === undefined) {
      // The event loop delivers a signal, or an error of an output, only in its next turn.
      await new Promise(setImmediate);
    }
    return next ?? this.#next();
  }

  #expire(): void {
    this.abort(timeoutError('The disposal', this.#timeout));
  }

  #disposed(): void {
    if (this.#isDisposed) {
      return;
    }
    this.#isDisposed = true;
    this.#emit({ type: 'disposed', duration: this.#elapsed(), isClean: this.isClean });
  }

  #elapsed(): number {
    return systemClock.now() - this.#began;
  }
}

/** Without the exit itself: an activation is pending while it is awaited. */
function pendingAfter(
  { service, hook }: StartedExit,
  container: AttachedContainer,
): readonly PendingExit[] {
  const pending = [...container.pending()];
  const own = pending.findIndex((each) => each.service === service && each.hook === hook);
  if (hook === 'activation' && own !== -1) {
    pending.splice(own, 1);
  }
  return pending;
}
