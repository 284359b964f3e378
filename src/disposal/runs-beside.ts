/** Hooks that run beside a disposal, which waits for them if it starts meanwhile. */
import type { ExitHook, ExitPhase } from '../hooks/exit-hook.js';
import { currentContext } from '../shared/async-context.js';
import { throwUncaught } from '../shared/inspect.js';
import type { Exit, Task } from './exit.js';
import type { Registry } from './registry.js';
import { RunLog } from './run-log.js';
import { Run } from './run.js';
import type { RunHost } from './work.js';

export class RunsBeside {
  readonly #host: RunHost;
  readonly #registry: Registry;
  /** How a disposal waits for each of them. */
  #waits: Set<(disposal: Run) => void> | undefined;

  constructor(host: RunHost, registry: Registry) {
    this.#host = host;
    this.#registry = registry;
  }

  /** Runs the hooks of what was taken out of the registry. Returns whether there was anything to run. */
  async release(taken: readonly Exit[]): Promise<boolean> {
    // What a hook or handler is called with is not known any more when it is forgotten.
    const tasks = this.#registry.owned(taken).map((exit) => this.#taskOf(exit));
    if (tasks.every(({ hooks }) => hooks.length === 0)) {
      return false;
    }
    this.#registry.markDisposed(taken);
    for (const { source } of taken) {
      source.released?.();
    }
    const run = this.#start([...inPhase(tasks, 'exit'), ...inPhase(tasks, 'drain')]);
    await ended(run);
    const failure = run.log.failure();
    if (failure !== undefined) {
      throw failure;
    }
    return true;
  }

  /**
   * Runs what was taken out of the registry, and then these hooks for what stays there, for a caller who
   * takes what they throw. Returns a promise only if there is something to wait for.
   */
  runNow(
    exit: Exit,
    hooks: readonly ExitHook[],
    taken: readonly Exit[],
  ): Promise<void> | undefined {
    const before = this.#registry.owned(taken).map((each) => this.#taskOf(each));
    this.#registry.markDisposed(taken);
    const run = this.#start([this.#taskOf(exit, hooks), ...before]);
    if (run.hasEnded) {
      run.log.rethrow();
      return undefined;
    }
    return ended(run).then(() => {
      run.log.rethrow();
    });
  }

  /** Exits what came too late, for nobody: what fails is thrown as an uncaught error. */
  exitAtOnce(exit: Exit): void {
    const run = this.#start([this.#taskOf(exit)]);
    run.whenEnded(() => {
      run.log.failure()?.errors.forEach(throwUncaught);
    });
  }

  /** What others run, however that ends. */
  add(running: PromiseLike<unknown>): void {
    const wait = (disposal: Run): void => {
      const gate = {
        finish: () => {
          forget();
          disposal.open(gate);
        },
      };
      disposal.close(gate);
      running.then(gate.finish, gate.finish);
    };
    const forget = (): void => {
      this.#waits?.delete(wait);
    };
    this.#add(wait);
    running.then(forget, forget);
  }

  /** Has a disposal wait for all of them. */
  holdUp(disposal: Run): void {
    this.#waits?.forEach((wait) => {
      wait(disposal);
    });
  }

  #add(wait: (disposal: Run) => void): void {
    this.#waits ??= new Set();
    this.#waits.add(wait);
  }

  #taskOf(exit: Exit, hooks?: readonly ExitHook[]): Task {
    return { exit, hooks: this.#registry.hooksOf(exit, hooks) };
  }

  /** @param tasks the last of them runs first. */
  #start(tasks: Task[]): Run {
    const wait = (disposal: Run): void => {
      disposal.waitFor(run);
    };
    const run = new Run(
      this.#host,
      {
        next: () => {
          const task = tasks.pop();
          task?.exit.source.exiting?.();
          return task;
        },
        ended: () => {
          this.#waits?.delete(wait);
        },
      },
      new RunLog(this.#host.clock),
    );
    // Before anything is run: a hook may exit the process in its synchronous part.
    this.#add(wait);
    run.advance();
    if (!run.hasEnded) {
      run.context = currentContext();
    }
    return run;
  }
}

function inPhase(tasks: readonly Task[], phase: ExitPhase): Task[] {
  return tasks.map(({ exit, hooks }) => ({
    exit,
    hooks: hooks.filter((hook) => (hook.phase ?? 'exit') === phase),
  }));
}

/** Resolves when a run has ended. */
async function ended(run: Run): Promise<void> {
  return new Promise((resolve) => {
    run.whenEnded(resolve);
  });
}
