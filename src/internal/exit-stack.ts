/** The core: what to exit, in which order, and once. It knows no container and no process. */
import { ContainerDisposedError, DisposeError, ExitHookError } from '../errors.js';
import { ExitReport, hookLabel, type PendingExit } from '../exit-report.js';
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
  /** Settles when those activations have that are in flight and were not told of before. */
  inFlight(): Promise<unknown> | undefined;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

export class ExitStack {
  readonly #host: ExitHost;
  readonly #calls = new HookCalls();
  readonly #releases = new Set<Promise<void>>();
  readonly #standIns = new WeakSet();
  /** What must not be put on the stack again: what was released, and all that a disposal met. */
  readonly #met = new WeakSet();
  #exits: Exit[] = [];
  #state: LifecycleState = 'active';
  #run: ExitRun | undefined;
  #disposal: Promise<ExitReport> | undefined;
  #failure: DisposeError | undefined;

  constructor(host: ExitHost) {
    this.#host = host;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Puts an entry on top, unless its subject has its place already or was exited. */
  push(exit: Exit): void {
    const known = this.#met.has(exit.subject) || this.#standIns.has(exit.subject);
    if (this.#state !== 'active') {
      this.#met.add(exit.subject);
    }
    if (this.#state === 'disposed') {
      if (!known) {
        this.#exitAtOnce(exit);
      }
      throw new ContainerDisposedError(`activate ${exit.source.service}`, exit.source.service);
    }
    if (!known) {
      this.#exits.push(exit);
    }
  }

  /** What stands in for a subject, as a proxy does, is not exited beside it. */
  ignore(standIn: object): void {
    this.#standIns.add(standIn);
  }

  /** Takes off every entry that matches, and returns them. */
  take(matches: (exit: Exit) => boolean): Exit[] {
    const taken: Exit[] = [];
    let index = this.#exits.findLastIndex(matches);
    while (index >= 0) {
      taken.unshift(...this.#exits.splice(index, 1));
      index = this.#exits.findLastIndex(matches);
    }
    return taken;
  }

  /** What a disposal would run, in that order. */
  pending(): PendingExit[] {
    const exits = firstOfEach(this.#exits, new WeakSet()).reverse();
    return [...(this.#run?.unstarted ?? []), ...exits.flatMap(({ source }) => hooksOf(source))];
  }

  /** Runs what was taken off, one hook at a time. A disposal that starts meanwhile waits for it. */
  async release(taken: readonly Exit[]): Promise<void> {
    const exits = firstOfEach(taken, new WeakSet()).reverse();
    for (const { subject } of exits) {
      this.#met.add(subject);
    }
    const run = new ExitRun(this.#calls, undefined);
    const releasing = awaitEach(this.#releaseEach(exits, run));
    this.#releases.add(releasing);
    await releasing;
    this.#releases.delete(releasing);
    const failure = run.failure();
    if (failure !== undefined) {
      throw failure;
    }
  }

  dispose(reason: unknown): Promise<ExitReport> {
    if (this.#calls.inProgress) {
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
    this.#exits = firstOfEach(this.#exits, this.#met);
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
    for (let exit = this.#exits.pop(); exit !== undefined; exit = this.#exits.pop()) {
      yield* run.exit(exit);
      if (this.#exits.length === 0 || this.#releases.size > 0) {
        yield* this.#arrivals();
      }
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

  *#releaseEach(exits: readonly Exit[], run: ExitRun): Exiting {
    for (const exit of exits) {
      exit.source.released?.();
      yield* run.exit(exit);
    }
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
    const refused = firstOfEach(this.#exits, new WeakSet())
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

/** Each subject in the place of its first entry; those that were met before are left out. */
function firstOfEach(exits: readonly Exit[], met: WeakSet<object>): Exit[] {
  return exits.filter(({ subject }) => {
    const first = !met.has(subject);
    met.add(subject);
    return first;
  });
}
