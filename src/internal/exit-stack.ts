/** The core: the states of a disposal. It knows no container and no process. */
import { ContainerDisposedError, DisposeError, ExitHookError } from '../errors.js';
import { ExitReport, hookLabel, type PendingExit } from '../exit-report.js';
import { ExitList } from './exit-list.js';
import {
  awaitEach,
  awaitIfNeeded,
  ExitRun,
  finishNow,
  HookCalls,
  pendingHooks,
  type Exit,
  type ExitHook,
  type Exiting,
} from './exit-run.js';
import { isAsyncFunction } from './inspect.js';

export type LifecycleState = 'active' | 'disposing' | 'disposed';

/** What the core asks of the container around it. */
export interface ExitHost {
  /** The stack of the container around this one. */
  readonly above: ExitStack | undefined;
  /** The stacks of the living containers within this one, youngest first. */
  children(): readonly ExitStack[];
  /** Whether there may be children that it has not told of yet. */
  readonly hasNewChildren: boolean;
  /** A promise for the activations in flight that it has not given one for yet. */
  inFlight(): Promise<unknown> | undefined;
  /** What is left to exit when the list is empty, in the order of a list. */
  leftovers(): readonly Exit[];
  /** Told whether there is something on the list, when that has changed. */
  occupied(isOccupied: boolean): void;
  /** Called once, when a disposal starts. */
  disposing(): void;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

export class ExitStack {
  readonly list: ExitList;
  readonly #host: ExitHost;
  readonly #calls: HookCalls;
  /** What runs beside a disposal, which waits for it. */
  readonly #running = new Set<Promise<void>>();
  #state: LifecycleState = 'active';
  #run: ExitRun | undefined;
  #disposal: Promise<ExitReport> | undefined;
  #failure: DisposeError | undefined;

  constructor(host: ExitHost) {
    this.#host = host;
    this.list = new ExitList(() => host.above?.list);
    this.#calls = new HookCalls(() => (host.above === undefined ? undefined : host.above.#calls));
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Takes in what is to be exited before all that is there. */
  push(exit: Exit): void {
    if (this.#state === 'disposed') {
      this.refuse(
        exit,
        new ContainerDisposedError(`activate ${exit.source.service}`, exit.source.service),
      );
    }
    this.list.push(exit);
    if (this.list.size === 1) {
      this.#host.occupied(true);
    }
  }

  /** Exits at once what cannot be taken in. */
  refuse(exit: Exit, error: Error): never {
    if (!this.list.hasMet(exit.subject)) {
      this.list.meet([exit]);
      this.#exitAtOnce(exit);
    }
    throw error;
  }

  /** Removes every entry that matches, and returns them. */
  take(matches: (exit: Exit) => boolean): Exit[] {
    const taken = this.list.take(matches);
    if (taken.length > 0 && this.list.size === 0) {
      this.#host.occupied(false);
    }
    return taken;
  }

  /** What a disposal would run, in that order. */
  pending(): PendingExit[] {
    if (this.#state === 'disposed') {
      return [];
    }
    return [
      ...this.#host.children().flatMap((child) => child.pending()),
      ...(this.#run?.unstarted ?? []),
      ...pendingHooks(this.list.owned().reverse()),
      ...pendingHooks([...this.#host.leftovers()].reverse()),
    ];
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
    const run = new ExitRun(this.#calls, undefined);
    const releasing = awaitEach(exitEach(exits, run));
    for (const exit of taken) {
      exit.source.released?.(exit);
    }
    await this.#beside(releasing);
    const failure = run.failure();
    if (failure !== undefined) {
      throw failure;
    }
    return true;
  }

  /**
   * Runs these hooks for what stays on the list, for a caller who takes what they throw. Returns a
   * promise only if there is something to wait for; a disposal that starts meanwhile waits, too.
   */
  runNow(exit: Exit, hooks: readonly ExitHook[]): Promise<void> | undefined {
    const run = new ExitRun(this.#calls, undefined);
    const running = awaitIfNeeded(run.exit(exit, hooks));
    if (running === undefined) {
      run.rethrow();
      return undefined;
    }
    return this.#beside(running).then(() => {
      run.rethrow();
    });
  }

  /** Has a disposal wait for what runs beside it, however that ends. */
  waitFor(running: PromiseLike<unknown>): void {
    void this.#beside(
      Promise.resolve(running).then(
        () => undefined,
        () => undefined,
      ),
    );
  }

  dispose(reason: unknown): Promise<ExitReport> {
    if (this.#calls.inProgress && this.#state !== 'disposed') {
      const refusal = Promise.reject(
        new Error(
          'dispose() was called by an exit hook of this container or of a child, which would wait ' +
            'for itself: the disposal waits for the hook. Do not dispose in a hook; return from it.',
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
    this.#refuseDisposing('The container');
    if (this.#state === 'active') {
      this.#refuseAsyncHooks();
      finishNow(this.#disposeWith(undefined, undefined));
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
    return this.#result(run);
  }

  /** Disposes within the run of the container around, if there is one, and driven as that is. */
  *#disposeWith(around: ExitRun | undefined, reason: unknown): Exiting {
    if (this.#state === 'active') {
      const run = this.#begin(reason);
      around?.include(run);
      let ended = (): void => undefined;
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      this.#disposal = end.then(() => this.#result(run));
      // Whoever drives it is told; who asks for this promise besides may handle it or not.
      this.#disposal.catch(() => undefined);
      yield* this.#unwind(run);
      ended();
    } else if (this.#state === 'disposing' && this.#run !== undefined) {
      around?.include(this.#run);
      yield Promise.allSettled([this.#disposal]);
    }
  }

  #begin(reason: unknown): ExitRun {
    // Before anything is run or awaited: what is activated from here on is a latecomer.
    this.#state = 'disposing';
    this.list.close();
    this.#run = new ExitRun(this.#calls, reason);
    this.#host.disposing();
    return this.#run;
  }

  #result(run: ExitRun): ExitReport {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    return run.report();
  }

  *#unwind(run: ExitRun): Exiting {
    yield* this.#arrivals(run);
    for (let exit = this.#next(); exit !== undefined; exit = this.#next()) {
      yield* run.exit(exit);
      // The hook may have started activations, which build on what would be exited next.
      yield* this.#arrivals(run);
    }
    // Not after the generator: its driver goes on a tick later, and what is activated within that
    // tick would be put on a stack that nobody empties any more.
    run.end();
    this.#state = 'disposed';
    this.#failure = run.failure();
    this.#host.disposed();
  }

  #next(): Exit | undefined {
    if (this.list.size === 0) {
      for (const exit of this.#host.leftovers()) {
        this.list.push(exit);
      }
    }
    return this.list.pop();
  }

  /** Disposes children, and waits until nothing is activated or released: each may bring another. */
  *#arrivals(run: ExitRun): Exiting {
    for (;;) {
      if (this.#host.hasNewChildren) {
        for (const child of this.#host.children()) {
          yield* child.#disposeWith(run, run.reason);
        }
      } else {
        const arriving = this.#host.inFlight() ?? this.#ran();
        if (arriving === undefined) {
          return;
        }
        yield arriving;
      }
    }
  }

  async #beside(running: Promise<void>): Promise<void> {
    this.#running.add(running);
    await running;
    this.#running.delete(running);
  }

  #ran(): Promise<unknown> | undefined {
    if (this.#running.size === 0) {
      return undefined;
    }
    const running = [...this.#running];
    this.#running.clear();
    return Promise.all(running);
  }

  #exitAtOnce(exit: Exit): void {
    const run = new ExitRun(this.#calls, undefined);
    void awaitEach(run.exit(exit)).then(() => {
      for (const error of run.failure()?.errors ?? []) {
        // Nobody awaits a latecomer: its failure goes where each platform reports uncaught errors.
        queueMicrotask(() => {
          throw error;
        });
      }
    });
  }

  #refuseDisposing(which: string): void {
    if (this.#state === 'disposing') {
      throw new Error(
        `${which} is being disposed already, and a synchronous disposal cannot wait for that. Use ` +
          '`await container.dispose()` or `await using`.',
      );
    }
    if (this.#state === 'active') {
      for (const child of this.#host.children()) {
        child.#refuseDisposing('A child of the container');
      }
    }
  }

  #refuseAsyncHooks(): void {
    const refused = this.#asyncHooks();
    if (refused.length > 0) {
      throw new DisposeError(
        'The container was not disposed, and nothing was run: it has exit hooks that a synchronous ' +
          'disposal cannot await. Use `await container.dispose()` or `await using`.',
        refused,
        new ExitReport(undefined, 0, []),
      );
    }
  }

  #asyncHooks(): ExitHookError[] {
    const exits = [...this.#host.leftovers(), ...this.list.owned()].reverse();
    return [
      ...this.#host.children().flatMap((child) => child.#asyncHooks()),
      ...exits.flatMap((exit) =>
        exit.source
          .hooksOf(exit)
          .filter((hook) => isAsyncFunction(hook.target(exit.subject)))
          .map(({ name }) => ({ service: exit.source.service, hook: name }))
          .map(
            (hook) =>
              new ExitHookError(`${hookLabel(hook)} is an async function`, {
                ...hook,
                outcome: 'not-awaited',
              }),
          ),
      ),
    ];
  }
}

function* exitEach(exits: readonly Exit[], run: ExitRun): Exiting {
  for (const exit of exits) {
    yield* run.exit(exit);
  }
}
