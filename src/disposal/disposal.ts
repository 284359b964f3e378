/** One disposal of one container: what it runs, in which time, and how it ends. */
import type { DisposeError } from './errors.js';
import type { ExitReport } from './exit-report.js';
import { Budget } from './budget.js';
import { Drive, type Exiting, type Wait } from './exit-drive.js';
import type { Exit } from './exit.js';
import { ExitRun, type RunHost, type Spent } from './exit-run.js';
import type { Observers } from './observers.js';

/** What is disposed. */
export interface DisposalHost extends RunHost {
  readonly observers: Observers;
  /** Whether there may be children that it has not told of yet. */
  readonly hasNewChildren: boolean;
  /**
   * The disposals of the living children, youngest first; each begins when it is asked for.
   *
   * @param which those that it has not told of yet, or all that are not disposed.
   */
  disposalsOfChildren(reason: unknown, which: 'new' | 'all'): Iterable<Disposal>;
  /** A wait for what is being activated or released, if it has not given one for that yet. */
  arriving(): Wait | undefined;
  /** The next to exit. */
  next(): Exit | undefined;
  /** Called once, when the last hook has ended. */
  ended(): void;
}

export class Disposal {
  readonly run: ExitRun;
  /** How it has ended. */
  readonly promise: Promise<ExitReport>;
  readonly #host: DisposalHost;
  readonly #drive: Drive;
  readonly #budget: Budget;
  #around: Observers | undefined;
  /* istanbul ignore next -- replaced when it is constructed */
  #settle = (): void => undefined;
  #hasBegun = false;
  #hasEnded = false;
  #failure: DisposeError | undefined;

  constructor(host: DisposalHost, reason: unknown) {
    this.#host = host;
    this.run = new ExitRun(host, reason, host.observers);
    this.#drive = new Drive(() => this.#unwind(), host.clock);
    this.#budget = new Budget(host.clock, (why) => {
      this.finish({ reason: why });
    });
    const settled = new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    this.promise = settled.then(() => this.result());
  }

  /** Throws if hooks have failed. */
  result(): ExitReport {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    return this.run.log.report();
  }

  /** Does what comes before any hook, and is not overtaken by {@link finish}. */
  prepare(action: () => void): void {
    this.#drive.prepare(action);
  }

  /** Runs hooks one at a time. */
  async drive(): Promise<void> {
    await this.#drive.run();
  }

  /** Leaves it no more than so many ms, and none once the signal has aborted. */
  shorten(timeout: number, signal: AbortSignal | undefined): void {
    if (!this.#hasEnded) {
      this.#budget.limit(timeout);
      if (signal !== undefined) {
        this.#budget.follow(signal);
      }
    }
  }

  /** Called before each hook, with why the time of what is around has passed, if it has. */
  look(now: number, around: Spent | undefined): void {
    if (around === undefined) {
      this.#budget.look(now);
    } else {
      this.finish(around);
    }
  }

  /**
   * Starts what is left now, and awaits nothing; if its time was spent, with that as the reason.
   * Tells whether that was all: a hook that is in its synchronous part is to return first, unless the
   * process exits within it.
   */
  finish(spent?: Spent, isLeaving?: boolean): boolean {
    // Within an observer that is told of the end, there is nothing left.
    if (!this.#hasEnded) {
      this.run.finish(spent);
      this.#drive.finish(isLeaving);
    }
    return this.#hasEnded;
  }

  *#unwind(): Exiting {
    if (this.#hasBegun) {
      yield* this.run.rest(this.#host) ?? [];
      yield* this.#disposalsOf('all');
    }
    this.#hasBegun = true;
    for (;;) {
      // Whatever was run may have brought children, or activations that build on what comes next.
      if (this.#host.hasNewChildren) {
        yield* this.#disposalsOf('new');
        continue;
      }
      const arriving = this.#host.arriving();
      if (arriving !== undefined) {
        yield arriving;
        continue;
      }
      const exit = this.#host.next();
      if (exit === undefined) {
        break;
      }
      // A generator for each would cost more than most hooks.
      const waiting = this.run.exit(this.#host, exit);
      if (waiting !== undefined) {
        yield* waiting;
      }
    }
    if (this.#hasEnded) {
      return;
    }
    // Not after the generator: its driver goes on a tick later, and what is activated within that
    // tick would be put on a stack that nobody empties any more.
    this.#hasEnded = true;
    this.#budget.end();
    this.#failure = this.run.log.failure();
    this.#host.ended();
    const { observers } = this.#host;
    observers.tell('disposed', this.run.log.report());
    observers.end(this.#around);
    this.#settle();
  }

  *#disposalsOf(children: 'new' | 'all'): Exiting {
    for (const child of this.#host.disposalsOfChildren(this.run.log.reason, children)) {
      yield* this.#endOf(child);
    }
  }

  *#endOf(child: Disposal): Exiting {
    child.#around = this.#host.observers;
    this.run.log.include(child.run.log);
    // Told to all that ask for it; this one reports what has failed itself.
    const promise = child.promise.catch(() => undefined);
    if (!this.#drive.isFinishing) {
      void child.drive();
    }
    if (!child.#hasEnded) {
      yield {
        promise,
        timeout: Infinity,
        finish: (isLeaving) => child.finish(this.run.spent, isLeaving),
      };
    }
  }
}
