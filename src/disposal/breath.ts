/** Gives the event loop a turn while hooks bring others without end. */
import type { Clock } from '../shared/clock.js';
import type { Run } from './run.js';
import type { Gate } from './work.js';

/** So many late arrivals in a row are likely to go on. */
const many = 1_000;

export class Breath {
  #nextAt = many;

  /** @param arrivals how many have come late. */
  isDue(arrivals: number): boolean {
    const isDue = arrivals >= this.#nextAt;
    if (isDue) {
      this.#nextAt = arrivals + many;
    }
    return isDue;
  }

  /**
   * Has a run wait for one turn. Synchronous hooks that register others for ever would keep the loop
   * from firing the timer, or the signal, that ends them.
   */
  take(run: Run, clock: Clock): void {
    const gate: Gate = {
      finish: () => {
        cancel();
        run.open(gate);
      },
    };
    run.close(gate);
    const cancel = clock.after(0, () => {
      run.open(gate);
    });
  }
}
