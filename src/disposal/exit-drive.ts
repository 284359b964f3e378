/** What drives a run over hooks: it awaits each in its time, or starts what is left and awaits nothing. */
import type { Clock } from '../shared/clock.js';

/** Something to wait for, and for how many ms at most. */
export interface Wait {
  readonly promise: Promise<unknown>;
  readonly timeout: number;
  /**
   * Told that nothing is awaited any more. Not true: it is in the middle of a step, with which it
   * ends, so that it is waited for; if nothing returns any more, it does not wait for its step.
   */
  finish?(isLeaving: boolean): boolean;
}

/** How a wait has ended, unless what it was for has rejected. */
export type Waited = 'done' | 'timed-out' | 'not-awaited';

/** Yields what there is to wait for, and expects to be told how that has ended. */
export type Exiting = Generator<Wait, void, Waited>;

type Step = IteratorResult<Wait, void>;

export class Drive {
  readonly #begin: () => Exiting;
  readonly #clock: Clock;
  #exiting: Exiting;
  #step: Step | undefined;
  #isStepping = false;
  #isFinishing = false;
  #isLeaving = false;
  #running: Promise<void> | undefined;
  /** Ends the wait in hand without a result. */
  #wake = (): void => undefined;

  /** @param begin called again, if a step of the first never returns: it goes on after that. */
  constructor(begin: () => Exiting, clock: Clock) {
    this.#begin = begin;
    this.#exiting = begin();
    this.#clock = clock;
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
    return this.#isDone();
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
      const step = this.#step;
      const resume = await this.#wait(step.value);
      // It may have been finished since the wait has ended.
      if (resume !== undefined && this.#step === step) {
        this.#take(resume);
      }
    }
  }

  /**
   * Starts what is left in order, and awaits nothing; within a hook, once that has returned. Tells
   * whether that was all.
   *
   * @param isLeaving nothing on the stack returns any more, since the process exits: a hook that is
   * in its synchronous part is not waited for.
   */
  finish(isLeaving = false): boolean {
    if (isLeaving && this.#isStepping) {
      // A generator cannot be resumed from within, and that step stays on the stack for good.
      this.#exiting = this.#begin();
      this.#step = undefined;
      this.#isStepping = false;
    }
    if (isLeaving || !this.#isFinishing) {
      this.#isFinishing = true;
      this.#isLeaving = isLeaving;
      if (!this.#isStepping) {
        this.#takeRest();
      }
    }
    return this.#isDone();
  }

  #isDone(): boolean {
    return this.#step?.done === true;
  }

  #take(resume: () => Step | undefined): void {
    this.#advance(resume);
    if (this.#isFinishing) {
      this.#takeRest();
    }
  }

  #takeRest(): void {
    if (this.#step === undefined) {
      this.#advance(() => this.#exiting.next('done'));
    }
    for (let step = this.#step; step?.done === false; step = this.#step) {
      if (step.value.finish?.(this.#isLeaving) === false || this.#step !== step) {
        // It is in the middle of a step, or has left meanwhile, and taken the rest.
        break;
      }
      // Observed, though not awaited: a late rejection must not be an unhandled one.
      step.value.promise.catch(() => undefined);
      this.#advance(() => this.#exiting.next('not-awaited'));
    }
    this.#wake();
  }

  #advance(resume: () => Step | undefined): void {
    this.#isStepping = true;
    try {
      this.#step = resume();
    } finally {
      this.#isStepping = false;
    }
  }

  /** Tells how to go on; not, if it was finished meanwhile. */
  async #wait({ promise, timeout }: Wait): Promise<(() => Step) | undefined> {
    return new Promise((resolve) => {
      const end = (resume?: () => Step): void => {
        cancel();
        resolve(resume);
      };
      const cancel = this.#clock.after(timeout, () => {
        end(() => this.#exiting.next('timed-out'));
      });
      this.#wake = end;
      promise.then(
        () => {
          end(() => this.#exiting.next('done'));
        },
        (error: unknown) => {
          end(() => this.#exiting.throw(error));
        },
      );
    });
  }
}
