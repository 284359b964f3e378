/** The wait for a hook that has returned a promise. */
import type { HookContext } from '../hooks/hook-context.js';
import { timeoutError, type Clock } from '../shared/clock.js';
import type { Failed } from './run-log.js';
import type { Finish } from './work.js';

/** Ends once: when the hook settles, when its time has passed, or when it is abandoned. */
export class HookWait {
  readonly #context: HookContext | undefined;
  readonly #settled: (failed?: Failed) => void;
  #cancel = (): void => undefined;
  #isOver = false;

  /**
   * @param context not there for a hook that was started when nothing was awaited any more.
   * @param settled called when the wait ends.
   */
  constructor(
    promise: Promise<unknown>,
    context: HookContext | undefined,
    settled: (failed?: Failed) => void,
  ) {
    this.#context = context;
    this.#settled = settled;
    // A late rejection is observed by this, and so no unhandled one.
    promise.then(
      () => {
        this.#end();
      },
      (error: unknown) => {
        this.#end({ outcome: 'failed', error });
      },
    );
  }

  /** Ends it after so many ms. */
  limit(clock: Clock, label: string, timeout: number): void {
    this.#cancel = clock.after(timeout, () => {
      this.#timeOut(timeoutError(label, timeout));
    });
  }

  abandon({ expiry }: Finish): void {
    if (this.#context === undefined || expiry === undefined) {
      this.#end({ outcome: 'not-awaited' });
    } else {
      this.#timeOut(expiry.reason);
    }
  }

  #timeOut(error: unknown): void {
    this.#context?.abort(error);
    this.#end({ outcome: 'timed-out', error });
  }

  #end(failed?: Failed): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#cancel();
      this.#settled(failed);
    }
  }
}
