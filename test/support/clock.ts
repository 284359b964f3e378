/** Time that passes when a test says so. */
import { setImmediate } from 'node:timers/promises';

import type { Clock } from '../../src/shared/clock.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A time in which something was synchronous. */
interface Block {
  readonly from: number;
  readonly to: number;
  /** The sum of all blocks, this one included. */
  readonly sum: number;
}

export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #blocks: Block[] = [];
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
    const from = this.#now;
    this.#now += duration;
    this.#blocks.push({ from, to: this.#now, sum: duration + (this.#blocks.at(-1)?.sum ?? 0) });
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
    // What a timer has called may have blocked for longer.
    this.#now = Math.max(this.#now, until);
  }

  /** How much time has passed between two moments in which nothing was synchronous. */
  idle(from: number, to: number): number {
    return to <= from ? 0 : to - from - (this.#blocked(to) - this.#blocked(from));
  }

  /** How long something was synchronous, all in all, until then. */
  #blocked(moment: number): number {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks[middle]?.from ?? Infinity) < moment) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const last = this.#blocks[low - 1];
    return last === undefined ? 0 : last.sum - Math.max(0, last.to - moment);
  }

  #due(until: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  }
}
