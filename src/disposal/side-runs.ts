/** Runs over hooks beside a disposal, which waits for them if it starts meanwhile. */
import { Drive, type Exiting, type Wait } from './exit-drive.js';
import type { Exit, ExitHook } from './exit.js';
import type { ExitRun, RunHost, Spent } from './exit-run.js';

/** An entry with its hooks as they were found. */
export interface KnownExit {
  readonly exit: Exit;
  readonly hooks: readonly ExitHook[];
}

interface SideRun {
  readonly settled: Promise<void>;
  /** Starts what is left of it, and tells whether that was all. */
  readonly finish: (isLeaving: boolean) => boolean;
}

export class SideRuns {
  readonly #host: RunHost;
  readonly #spent: () => Spent | undefined;
  readonly #running = new Set<SideRun>();

  /** @param spent tells why the time of the disposal that waits for them has passed, if it has. */
  constructor(host: RunHost, spent: () => Spent | undefined) {
    this.#host = host;
    this.#spent = spent;
  }

  /** Returns a promise only if there is something to wait for. */
  drive(run: ExitRun, exits: KnownExit[]): Promise<void> | undefined {
    const drive = new Drive(() => this.#exitEach(exits, run), this.#host.clock);
    /* istanbul ignore next -- replaced when the promise is made */
    let end = (): void => undefined;
    const sideRun: SideRun = {
      settled: new Promise((resolve) => {
        end = () => {
          this.#running.delete(sideRun);
          resolve();
        };
      }),
      finish: (isLeaving) => {
        run.finish(this.#spent());
        return drive.finish(isLeaving);
      },
    };
    // Before anything is run: a hook may exit the process in its synchronous part.
    this.#running.add(sideRun);
    if (drive.start()) {
      end();
      return undefined;
    }
    return drive.run().then(end);
  }

  /** Has a disposal wait for what others run, however that ends. */
  waitFor(running: PromiseLike<unknown>): void {
    const sideRun: SideRun = {
      settled: Promise.allSettled([running]).then(() => {
        this.#running.delete(sideRun);
      }),
      finish: () => true,
    };
    this.#running.add(sideRun);
  }

  /** A wait for those that it has not given one for yet. */
  arriving(): Wait | undefined {
    if (this.#running.size === 0) {
      return undefined;
    }
    const running = [...this.#running];
    this.#running.clear();
    return {
      promise: Promise.all(running.map(({ settled }) => settled)),
      timeout: Infinity,
      finish: (isLeaving) => running.map(({ finish }) => finish(isLeaving)).every(Boolean),
    };
  }

  /** Takes from what it is given, so that it can be begun again where it has stopped for good. */
  *#exitEach(exits: KnownExit[], run: ExitRun): Exiting {
    yield* run.rest(this.#host) ?? [];
    for (let next = exits.shift(); next !== undefined; next = exits.shift()) {
      yield* run.exit(this.#host, next.exit, next.hooks) ?? [];
    }
  }
}
