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
  /** Of what is awaited: how to cancel its notice. Hooks of scopes overlap with what waits for these. */
  readonly #notices = new Map<number | 'waiting', () => void>();
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
    this.#scheduleNotice(exit.id, () => {
      this.#emitRunning(exit, at, container.pending());
    });
  }

  settled(exit: ExitRecord): void {
    this.#cancelNotice(exit.id);
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

  waiting(waited: readonly PendingExit[], container: AttachedContainer): void {
    this.#cancelNotice('waiting');
    const [startTime, since] = [this.#elapsed(), systemClock.now()];
    if (waited.length > 0) {
      this.#scheduleNotice('waiting', () => {
        for (const each of waited) {
          const exit: StartedExit = { ...each, id: 0, phase: 'exit', container: 0, startTime };
          this.#emitRunning(exit, since, without(each, container.pending()));
        }
      });
    }
  }

  #scheduleNotice(about: number | 'waiting', notice: () => void): void {
    this.#notices.set(about, systemClock.after(Math.max(quiet - this.#elapsed(), brief), notice));
  }

  #cancelNotice(about: number | 'waiting'): void {
    this.#notices.get(about)?.();
    this.#notices.delete(about);
  }

  #emitRunning(exit: StartedExit, since: number, pending: readonly PendingExit[]): void {
    this.#emit({ type: 'running', exit, duration: systemClock.now() - since, pending });
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

/** What is pending besides something that is waited for, which stands among it. */
function without({ service, hook }: PendingExit, pending: readonly PendingExit[]): PendingExit[] {
  const own = pending.findIndex((each) => each.service === service && each.hook === hook);
  return pending.filter((_each, place) => place !== own);
}
