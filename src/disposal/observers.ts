/** Who observes disposals while they run. */
import { isPromise } from '../shared/promise.js';

import { throwUncaught } from '../shared/inspect.js';
import type { ExitRecord, ExitReport, PendingExit, StartedExit } from './exit-report.js';

export interface ExitEvents {
  disposing: { readonly reason: unknown };
  started: StartedExit;
  settled: ExitRecord;
  disposed: ExitReport;
  /** What holds the disposal up beside hooks; nothing, when it goes on. */
  waiting: readonly PendingExit[];
}

type Observer = { [Event in keyof ExitEvents]?: (about: ExitEvents[Event]) => unknown };

interface Observing {
  readonly observer: Observer;
  hasFailed: boolean;
}

export class Observers {
  readonly #observing = new Set<Observing>();
  readonly #errors: unknown[] = [];
  #hasEnded = false;
  #around: Observers | undefined;

  get size(): number {
    return this.#observing.size;
  }

  /** Returns its undo. */
  add(observer: Observer): () => void {
    const observing = { observer, hasFailed: false };
    this.#observing.add(observing);
    return () => {
      this.#observing.delete(observing);
    };
  }

  emit<Event extends keyof ExitEvents>(event: Event, about: ExitEvents[Event]): void {
    if (this.#observing.size === 0) {
      return;
    }
    // Not the set itself: one that is added meanwhile hears of what comes next.
    for (const observing of [...this.#observing]) {
      if (this.#observing.has(observing)) {
        try {
          const result = observing.observer[event]?.(about);
          if (isPromise(result)) {
            Promise.resolve(result).catch((error: unknown) => {
              this.#failed(observing, error);
            });
          }
        } catch (error) {
          this.#failed(observing, error);
        }
      }
    }
  }

  /**
   * Called when the disposal has ended: an uncaught error may end the process, and cut it off.
   *
   * @param around those of the disposal that this one was part of, which goes on.
   */
  end(around: Observers | undefined): void {
    this.#observing.clear();
    this.#hasEnded = true;
    this.#around = around;
    for (const error of this.#errors.splice(0)) {
      this.#report(error);
    }
  }

  #failed(observing: Observing, error: unknown): void {
    if (!observing.hasFailed) {
      observing.hasFailed = true;
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (!this.#hasEnded) {
      this.#errors.push(error);
    } else if (this.#around === undefined) {
      throwUncaught(error);
    } else {
      this.#around.#report(error);
    }
  }
}
