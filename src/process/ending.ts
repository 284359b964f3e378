/** One end of the process: disposes its containers, in their time, and tells of it. */
import type { ExitRecord, StartedExit } from '../disposal/exit-report.js';
import { systemClock, timeoutError } from '../shared/clock.js';
import type { HookedContainer, Told } from './container.js';
import type { ExitCause, TellExit } from './events.js';

/** Well within what people take for an answer: from here on they are told what takes so long. */
const quiet = 1_000;

/** What ends sooner is not worth a line. */
const brief = 100;

export class Ending implements Told {
  readonly cause: ExitCause;
  isClean = true;
  /** Whether a hook goes on that is not waited for any more, and may keep the process alive. */
  hasLeftovers = false;
  readonly #next: () => HookedContainer | undefined;
  readonly #timeout: number;
  readonly #tell: TellExit;
  readonly #abort = new AbortController();
  readonly #began = systemClock.now();
  #current: HookedContainer | undefined;
  /* istanbul ignore next -- replaced when a hook is started */
  #announced = (): void => undefined;
  #why: unknown;
  #isDisposed = false;

  /** @param next what is to be disposed next: each is asked for once, newest first. */
  constructor(
    cause: ExitCause,
    next: () => HookedContainer | undefined,
    timeout: number,
    tell: TellExit,
  ) {
    this.cause = cause;
    this.#next = next;
    this.#timeout = timeout;
    this.#tell = tell;
    tell({ type: 'disposing', cause });
  }

  /** Never rejects. */
  async run(): Promise<void> {
    // Not Infinity, of which there is no timer: a pending promise does not keep a process alive.
    const cancel = systemClock.after(Math.min(this.#timeout, Number.MAX_VALUE), () => {
      this.#spend();
    });
    // It may be asked for by a hook in its synchronous part, which would wait for itself.
    await Promise.resolve();
    for (let next = this.#next(); next !== undefined; next = await this.#another()) {
      this.#current = next;
      next.tell(this);
      const { signal } = this.#abort;
      if (signal.aborted) {
        next.leave(this.cause, signal.reason);
      } else {
        await next.dispose(this.cause, signal);
      }
    }
    cancel();
    this.#disposed();
  }

  /** Something else went wrong meanwhile. */
  fail(): void {
    this.isClean = false;
  }

  /** Starts what is left now, and awaits nothing. */
  cut(why: unknown): void {
    this.#abort.abort(why);
  }

  /** The process exits: the same, before this returns. */
  leave(why: unknown): void {
    this.#why = why;
    for (let next = this.#current ?? this.#next(); next !== undefined; next = this.#next()) {
      next.tell(this);
      next.leave(this.cause, why);
    }
    this.#disposed();
  }

  started(exit: StartedExit, at: number, container: HookedContainer): void {
    this.#tell({ type: 'started', exit });
    this.#announced = systemClock.after(Math.max(quiet - this.#elapsed(), brief), () => {
      const duration = systemClock.now() - at;
      this.#tell({ type: 'running', exit, duration, pending: container.pending() });
    });
  }

  settled(exit: ExitRecord): void {
    this.#announced();
    const { outcome, error } = exit;
    const isLeftover = outcome === 'timed-out' || outcome === 'not-awaited';
    // It is no fault of a hook that process.exit() awaits nothing.
    const isCut =
      this.#why !== undefined && (outcome === 'not-awaited' || (isLeftover && error === this.#why));
    this.hasLeftovers ||= isLeftover;
    this.isClean &&= isCut || outcome === 'done';
    this.#tell({ type: 'settled', exit });
    // While what runs is synchronous, no timer fires.
    if (this.#elapsed() >= this.#timeout) {
      this.#spend();
    }
  }

  async #another(): Promise<HookedContainer | undefined> {
    const next = this.#next();
    if (next === undefined) {
      // Of a signal that has come, and of what could not be written, the loop tells in its next turn.
      await new Promise(setImmediate);
    }
    return next ?? this.#next();
  }

  #spend(): void {
    this.cut(timeoutError('The disposal', this.#timeout));
  }

  #disposed(): void {
    if (this.#isDisposed) {
      return;
    }
    this.#isDisposed = true;
    this.#tell({ type: 'disposed', duration: this.#elapsed(), isClean: this.isClean });
  }

  #elapsed(): number {
    return systemClock.now() - this.#began;
  }
}
