/** The time that a disposal has. It can only become shorter. */
import { timeoutError, type Clock } from '../shared/clock.js';

export class Budget {
  readonly #clock: Clock;
  readonly #spent: (reason: unknown) => void;
  readonly #signals = new Map<AbortSignal, () => void>();
  readonly #began: number;
  #deadline = Infinity;
  #cancel = (): void => undefined;

  /** @param spent called when nothing is left of it, with the reason for which signals abort then. */
  constructor(clock: Clock, spent: (reason: unknown) => void) {
    this.#clock = clock;
    this.#began = clock.now();
    this.#spent = spent;
  }

  /** Leaves no more than so many ms from now on. */
  limit(timeout: number): void {
    const deadline = this.#clock.now() + timeout;
    if (deadline < this.#deadline) {
      this.#cancel();
      this.#deadline = deadline;
      this.#cancel = this.#clock.after(timeout, () => {
        this.#expire();
      });
    }
  }

  /** Looks at the time: while what runs is synchronous, no timer fires. */
  look(now: number): void {
    if (now >= this.#deadline) {
      this.#expire();
    }
  }

  /** Leaves nothing once the signal has aborted. */
  follow(signal: AbortSignal): void {
    const aborted = (): void => {
      this.#spent(signal.reason);
    };
    if (signal.aborted) {
      aborted();
    } else if (!this.#signals.has(signal)) {
      signal.addEventListener('abort', aborted);
      this.#signals.set(signal, aborted);
    }
  }

  /** Leaves no timer and no listener behind. */
  end(): void {
    this.#cancel();
    this.#deadline = Infinity;
    for (const [signal, aborted] of this.#signals) {
      signal.removeEventListener('abort', aborted);
    }
    this.#signals.clear();
  }

  #expire(): void {
    const had = this.#deadline - this.#began;
    this.end();
    this.#spent(timeoutError('The disposal', had));
  }
}
