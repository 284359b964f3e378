/** The time that a tree of disposals has. It can only become shorter. */
import { timeoutError, type Clock } from '../shared/clock.js';
import { shown, throwUncaught } from '../shared/inspect.js';

/** A signal, followed from the moment in which it was given. */
export class AbortWatch {
  readonly #signal: AbortSignal;
  #hasAborted = false;
  #aborted: (() => void) | undefined;
  readonly #listener = (): void => {
    this.#hasAborted = true;
    this.#aborted?.();
  };

  /** @throws TypeError if it is no AbortSignal, or one that cannot be followed; nothing has happened then. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    try {
      if (typeof signal.removeEventListener !== 'function') {
        throw new TypeError('it has no method removeEventListener()');
      }
      // Read once: a signal of the user's own may say, or throw, something else the next time.
      this.#hasAborted = signal.aborted;
      if (!this.#hasAborted) {
        signal.addEventListener('abort', this.#listener);
      }
    } catch (cause) {
      throw new TypeError(
        `dispose() signal was given ${shown(signal)} where it takes an AbortSignal. Pass the signal of ` +
          'an AbortController, not the controller.',
        { cause },
      );
    }
  }

  get reason(): unknown {
    try {
      return this.#signal.reason as unknown;
    } catch (error) {
      return error;
    }
  }

  follows(signal: AbortSignal): boolean {
    return this.#signal === signal;
  }

  /** Calls back when the signal aborts; at once, if it has. */
  whenAborted(callback: () => void): void {
    this.#aborted = callback;
    if (this.#hasAborted) {
      callback();
    }
  }

  end(): void {
    this.#aborted = undefined;
    try {
      this.#signal.removeEventListener('abort', this.#listener);
    } catch (error) {
      throwUncaught(error);
    }
  }
}

export class Deadline {
  readonly #clock: Clock;
  readonly #expired: (reason: unknown) => void;
  #watches: AbortWatch[] = [];
  /** When the first limit was set. */
  #began: number | undefined;
  /** In ms, from then on. */
  #allowed = 0;
  /** That of the disposal which this one became part of. */
  #outer: Deadline | undefined;
  #inner: Set<Deadline> | undefined;
  #at = Infinity;
  /** Not later than its own end, and the ends of what it holds within. */
  #earliest = Infinity;
  #cancel = (): void => undefined;

  /** @param expired called with the reason for which the signals of hooks abort then. */
  constructor(clock: Clock, expired: (reason: unknown) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** How many ms are left; Infinity, if there is no limit. */
  get left(): number {
    const left = this.#at === Infinity ? Infinity : Math.max(0, this.#at - this.#clock.now());
    return this.#outer === undefined ? left : Math.min(left, this.#outer.left);
  }

  /** It holds within another one from now on. */
  within(outer: Deadline): void {
    this.#outer = outer;
    outer.#inner ??= new Set();
    outer.#inner.add(this);
    this.#tighten(outer.#earliest);
  }

  /** Leaves no more than so many ms from now on. */
  limit(timeout: number): void {
    const now = this.#clock.now();
    const at = now + timeout;
    if (at < this.#at) {
      this.#cancel();
      this.#began ??= now;
      this.#allowed = at - this.#began;
      this.#at = at;
      this.#tighten(at);
      this.#cancel = this.#clock.after(timeout, () => {
        this.#expire();
      });
    }
  }

  isFollowing(signal: AbortSignal): boolean {
    return this.#watches.some((watch) => watch.follows(signal));
  }

  /** Leaves nothing once the signal has aborted. */
  follow(watch: AbortWatch): void {
    this.#watches.push(watch);
    watch.whenAborted(() => {
      this.#expired(watch.reason);
    });
  }

  /**
   * Looks at the time: while what runs is synchronous, no timer fires. Returns the time after it: what
   * has expired may have run hooks.
   */
  check(now: number): number {
    // One comparison for each hook, however many limits hold around it.
    if (now >= this.#earliest) {
      if (now >= this.#at) {
        this.#expire();
      }
      this.#outer?.check(now);
      this.#earliest = Math.min(
        this.#at,
        this.#outer === undefined ? Infinity : this.#outer.#earliest,
      );
      return this.#clock.now();
    }
    return now;
  }

  /** Leaves no timer and no listener behind. */
  end(): void {
    this.#cancel();
    this.#at = Infinity;
    if (this.#outer !== undefined) {
      this.#outer.#inner?.delete(this);
    }
    this.#watches.splice(0).forEach((watch) => {
      watch.end();
    });
  }

  #tighten(earliest: number): void {
    if (earliest < this.#earliest) {
      this.#earliest = earliest;
      this.#inner?.forEach((deadline) => {
        deadline.#tighten(earliest);
      });
    }
  }

  #expire(): void {
    this.end();
    this.#expired(timeoutError('The disposal', this.#allowed));
  }
}
