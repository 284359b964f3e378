/** Time that passes when a test says so. */
import { setImmediate } from 'node:timers/promises';

import type { Clock } from '../../src/shared/clock.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 1_000;

  /** How many timers there are that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, callback: () => void): () => void {
    const timer = { at: this.#now + delay, callback };
    if (delay < Infinity) {
      this.#timers.add(timer);
    }
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Time passes, and no timer fires: as while something is synchronous. */
  block(duration: number): void {
    this.#now += duration;
  }

  /** Time passes; each timer that is due fires, and what waited for it goes on. */
  async pass(duration: number): Promise<void> {
    const until = this.#now + duration;
    await setImmediate();
    for (let timer = this.#due(until); timer !== undefined; timer = this.#due(until)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await setImmediate();
    }
    this.#now = until;
  }

  #due(until: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  }
}
