/** What an exit had to wait for, other than for its turn: `ExitRecord.after`. */
import type { Clock } from '../shared/clock.js';
import type { Exit, Task } from './exit.js';
import type { Started } from './log-items.js';

/** A record, and when it settled. */
interface Settled {
  readonly record: Started;
  readonly at: number;
}

export class Predecessors {
  readonly #clock: Clock;
  /** Of all exits that are still to come: an earlier phase, children. */
  #ofAll: Settled | undefined;
  /** Of entries that others may have been put behind. */
  #ofEach: Map<Exit, Settled> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whatever comes has waited for this. */
  add(record: Started | undefined): void {
    if (record !== undefined) {
      this.#ofAll = { record, at: this.#clock.now() };
    }
  }

  settled({ exit }: Task, record: Started): void {
    if (!exit.source.isPlain) {
      this.#ofEach ??= new Map();
      this.#ofEach.set(exit, { record, at: this.#clock.now() });
    }
  }

  /** Keeps no entry. */
  end(): void {
    this.#ofEach = undefined;
  }

  /** @param users the entries that declare to use the one that comes. */
  last(users: readonly Exit[]): Started | undefined {
    let last = this.#ofAll;
    for (const user of users) {
      const settled = this.#ofEach?.get(user);
      if (settled !== undefined && (last === undefined || settled.at >= last.at)) {
        last = settled;
      }
    }
    return last?.record;
  }
}
