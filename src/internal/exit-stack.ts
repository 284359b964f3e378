/** The core: the states of a disposal. It knows no container and no process. */
import { ContainerDisposedError, DisposeError, ExitHookError } from '../errors.js';
import { ExitReport, hookLabel, type PendingExit } from '../exit-report.js';
import { ExitList } from './exit-list.js';
import {
  awaitEach,
  ExitRun,
  finishNow,
  HookCalls,
  hooksOf,
  type Exit,
  type Exiting,
} from './exit-run.js';
import { isAsyncFunction } from './inspect.js';

export type LifecycleState = 'active' | 'disposing' | 'disposed';

/** What the core asks of the container around it. */
export interface ExitHost {
  /** A promise for the activations in flight that it has not given one for yet. */
  inFlight(): Promise<unknown> | undefined;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

export class ExitStack {
  readonly list: ExitList;
  readonly #host: ExitHost;
  readonly #calls = new HookCalls();
  readonly #releases = new Set<Promise<void>>();
  #state: LifecycleState = 'active';
  #run: ExitRun | undefined;
  #disposal: Promise<ExitReport> | undefined;
  #failure: DisposeError | undefined;

  constructor(host: ExitHost, parent?: ExitStack) {
    this.#host = host;
    this.list = new ExitList(parent?.list);
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Takes in what is to be exited before all that is there. */
  push(exit: Exit): void {
    if (this.#state === 'disposed') {
      this.#refuse(exit);
    }
    this.list.push(exit);
  }

  /** What a disposal would run, in that order. */
  pending(): PendingExit[] {
    const exits = this.list.owned().reverse();
    return [...(this.#run?.unstarted ?? []), ...exits.flatMap(({ source }) => hooksOf(source))];
  }

  /**
   * Exits what was taken off the list. A disposal that starts meanwhile waits for it. Tells whether
   * there was anything to exit.
   */
  async release(taken: readonly Exit[]): Promise<boolean> {
    const exits = this.list.owned(taken).reverse();
    if (exits.length === 0) {
      return false;
    }
    this.list.meet(taken);
    for (const { source } of taken) {
      source.released?.();
    }
    const run = new ExitRun(this.#calls, undefined);
    const releasing = awaitEach(exitEach(exits, run));
    this.#releases.add(releasing);
    await releasing;
    this.#releases.delete(releasing);
    const failure = run.failure();
    if (failure !== undefined) {
      throw failure;
    }
    return true;
  }

  dispose(reason: unknown): Promise<ExitReport> {
    if (this.#calls.inProgress && this.#state !== 'disposed') {
      const refusal = Promise.reject(
        new Error(
          'dispose() was called by an exit hook of this container, which would wait for itself: ' +
            'the disposal waits for the hook. Do not dispose in a hook; return from it.',
        ),
      );
      // A hook that does not await it waits for nothing, and need not end the process.
      refusal.catch(() => undefined);
      return refusal;
    }
    this.#disposal ??= this.#dispose(reason);
    return this.#disposal;
  }

  /** Starts every hook in order and awaits nothing. */
  disposeNow(): void {
    if (this.#state === 'disposing') {
      throw new Error(
        'The container is being disposed already, and a synchronous disposal cannot wait for that. ' +
          'Use `await container.dispose()` or `await using`.',
      );
    }
    if (this.#state === 'active') {
      this.#refuseAsyncHooks();
      const run = this.#begin(undefined);
      finishNow(this.#unwind(run));
      this.#disposal = new Promise((resolve) => {
        resolve(this.#end(run));
      });
      this.#disposal.catch(() => undefined);
    }
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }

  async #dispose(reason: unknown): Promise<ExitReport> {
    const run = this.#begin(reason);
    // Called within an activation, it must not exit what that is built from before it has arrived,
    // or is known to be in flight, which takes until the end of the synchronous part.
    await Promise.resolve();
    await awaitEach(this.#unwind(run));
    return this.#end(run);
  }

  #begin(reason: unknown): ExitRun {
    // Before anything is run or awaited: what is activated from here on is a latecomer.
    this.#state = 'disposing';
    this.list.close();
    this.#run = new ExitRun(this.#calls, reason);
    return this.#run;
  }

  #end(run: ExitRun): ExitReport {
    this.#failure = run.failure();
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    return run.report();
  }

  *#unwind(run: ExitRun): Exiting {
    yield* this.#arrivals();
    for (let exit = this.list.pop(); exit !== undefined; exit = this.list.pop()) {
      yield* run.exit(exit);
      // The hook may have started activations, which build on what would be exited next.
      yield* this.#arrivals();
    }
    // Not after the generator: its driver goes on a tick later, and what is activated within that
    // tick would be put on a stack that nobody empties any more.
    this.#state = 'disposed';
    this.#host.disposed();
  }

  /** Waits until nothing is being activated or released, which may each bring about the other. */
  *#arrivals(): Exiting {
    for (
      let arriving = this.#host.inFlight() ?? this.#released();
      arriving !== undefined;
      arriving = this.#host.inFlight() ?? this.#released()
    ) {
      yield arriving;
    }
  }

  #released(): Promise<unknown> | undefined {
    const releases = [...this.#releases];
    this.#releases.clear();
    return releases.length === 0 ? undefined : Promise.all(releases);
  }

  #refuse(exit: Exit): never {
    const { subject, source } = exit;
    if (!this.list.hasMet(subject)) {
      this.list.meet([exit]);
      this.#exitAtOnce(exit);
    }
    throw new ContainerDisposedError(`activate ${source.service}`, source.service);
  }

  #exitAtOnce(exit: Exit): void {
    const run = new ExitRun(this.#calls, undefined);
    void awaitEach(run.exit(exit)).then(() => {
      for (const error of run.errors()) {
        // Nobody awaits a latecomer: its failure goes where each platform reports uncaught errors.
        queueMicrotask(() => {
          throw error;
        });
      }
    });
  }

  #refuseAsyncHooks(): void {
    const refused = this.list
      .owned()
      .reverse()
      .flatMap(({ subject, source: { service, hooks } }) =>
        hooks
          .filter((hook) => isAsyncFunction(hook.target(subject)))
          .map(({ name: hook }) => ({ service, hook, outcome: 'not-awaited' as const }))
          .map((exit) => new ExitHookError(`${hookLabel(exit)} is an async function`, exit)),
      );
    if (refused.length > 0) {
      throw new DisposeError(
        'The container was not disposed, and nothing was run: it has exit hooks that a synchronous ' +
          'disposal cannot await. Use `await container.dispose()` or `await using`.',
        refused,
        new ExitReport(undefined, 0, []),
      );
    }
  }
}

function* exitEach(exits: readonly Exit[], run: ExitRun): Exiting {
  for (const exit of exits) {
    yield* run.exit(exit);
  }
}
