/** What drives a run over hooks: it awaits each in its time, or starts what is left and awaits nothing. */
import type { Clock } from './clock.js';

/** Something to wait for, and for how many ms at most. */
export interface Wait {
  readonly promise: PromiseLike<unknown>;
  readonly timeout: number;
}

/** How a wait has ended, unless what it was for has rejected. */
export type Waited = 'done' | 'timed-out' | 'not-awaited';

/** Yields what there is to wait for, and expects to be told how that has ended. */
export type Exiting = Generator<Wait, void, Waited>;

type Step = IteratorResult<Wait, void>;

export class Drive {
  readonly #exiting: Exiting;
  readonly #clock: Clock;
  readonly #finished: Promise<undefined>;
  #tellFinished = (): void => undefined;
  #step: Step | undefined;
  #isStepping = false;
  #isFinishing = false;
  #running: Promise<void> | undefined;

  constructor(exiting: Exiting, clock: Clock) {
    this.#exiting = exiting;
    this.#clock = clock;
    this.#finished = new Promise((resolve) => {
      this.#tellFinished = () => {
        resolve(undefined);
      };
    });
  }

  /** Whether nothing is awaited any more. */
  get isFinishing(): boolean {
    return this.#isFinishing;
  }

  /** Does something first, at whose end a {@link finish} within it begins. */
  prepare(action: () => void): void {
    this.#take(() => {
      action();
      return undefined;
    });
  }

  /** Runs up to the first wait, and tells whether that was all. */
  start(): boolean {
    if (this.#step === undefined) {
      this.#take(() => this.#exiting.next('done'));
    }
    return this.#step?.done === true;
  }

  /**
   * Runs hooks one at a time: each has settled, or its time has passed, before the next starts. Called
   * again while it runs, it waits for the same end.
   */
  async run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    this.start();
    while (this.#step?.done === false) {
      const wait = this.#wait(this.#step.value);
      const resume = await Promise.race([wait.ended, this.#finished]);
      wait.cancel();
      if (resume === undefined) {
        return;
      }
      this.#take(resume);
    }
  }

  /** Starts what is left in order, and awaits nothing; within a hook, once that has returned. */
  finish(): void {
    if (!this.#isFinishing) {
      this.#isFinishing = true;
      if (!this.#isStepping) {
        this.#takeRest();
      }
    }
  }

  #take(resume: () => Step | undefined): void {
    this.#isStepping = true;
    try {
      this.#step = resume();
    } finally {
      this.#isStepping = false;
    }
    if (this.#isFinishing) {
      this.#takeRest();
    }
  }

  #takeRest(): void {
    // What was started while there was time had some; what is started now has none.
    let waited: Waited = this.#step === undefined ? 'not-awaited' : 'timed-out';
    this.#step ??= this.#exiting.next('done');
    while (this.#step.done !== true) {
      // Observed, though not awaited: a late rejection must not be an unhandled one.
      Promise.resolve(this.#step.value.promise).catch(() => undefined);
      this.#step = this.#exiting.next(waited);
      waited = 'not-awaited';
    }
    this.#tellFinished();
  }

  #wait({ promise, timeout }: Wait): { ended: Promise<() => Step>; cancel: () => void } {
    let cancel = (): void => undefined;
    const ended = new Promise<() => Step>((resolve) => {
      Promise.resolve(promise).then(
        () => {
          resolve(() => this.#exiting.next('done'));
        },
        (error: unknown) => {
          resolve(() => this.#exiting.throw(error));
        },
      );
      cancel = this.#clock.after(timeout, () => {
        resolve(() => this.#exiting.next('timed-out'));
      });
    });
    return { ended, cancel };
  }
}
