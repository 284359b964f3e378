/** The core: the states of a disposal. It knows no container and no process. */
import { ContainerDisposedError, DisposeError, ExitHookError } from '../errors.js';
import { ExitReport, hookLabel, type PendingExit } from '../exit-report.js';
import type { DisposeOptions } from '../lifecycle.js';
import { systemClock, type Clock } from './clock.js';
import { Disposal, type DisposalHost } from './disposal.js';
import { Drive, type Exiting, type Wait } from './exit-drive.js';
import { ExitList } from './exit-list.js';
import { pendingHooks, type Exit, type ExitHook } from './exit.js';
import { ExitRun, type Spent } from './exit-run.js';
import { HookCalls } from './hook-calls.js';
import { isAsyncFunction, throwUncaught } from './inspect.js';
import { Observers } from './observers.js';

export type LifecycleState = 'active' | 'disposing' | 'disposed';

/** What the core asks of the container around it. */
export interface ExitHost {
  /** The stack of the container around this one. */
  readonly above: ExitStack | undefined;
  /** The stacks of the living containers within this one, youngest first. */
  children(): readonly ExitStack[];
  /** Whether children may have come since {@link newChildren} was called. */
  readonly hasNewChildren: boolean;
  /** The same as {@link children}, for who disposes them. */
  newChildren(): readonly ExitStack[];
  /** A promise for the activations in flight that it has not given one for yet. */
  inFlight(): Promise<unknown> | undefined;
  /** What is left to exit when the list is empty, in the order of a list. */
  leftovers(): readonly Exit[];
  /** How many ms a disposal has that is not told. */
  readonly timeout: number;
  /** How many ms a hook has that does not say. */
  readonly hookTimeout: number;
  /** Told when there is something on the list, or nothing any more. */
  occupied(): void;
  /** Called once, when a disposal starts. */
  disposing(): void;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

/** An entry with its hooks as they were found. */
interface KnownExit {
  readonly exit: Exit;
  readonly hooks: readonly ExitHook[];
}

/** What runs beside a disposal, which waits for it. */
interface Beside {
  readonly settled: Promise<void>;
  /** Starts what is left of it, and tells whether that was all. */
  readonly finish: (isLeaving: boolean) => boolean;
}

export class ExitStack implements DisposalHost {
  readonly list: ExitList;
  readonly clock: Clock;
  readonly calls: HookCalls;
  readonly observers = new Observers();
  readonly #host: ExitHost;
  readonly #running = new Set<Beside>();
  #state: LifecycleState = 'active';
  #disposal: Disposal | undefined;
  #stopping: AbortController | undefined;
  #stopped: { readonly reason: unknown } | undefined;

  constructor(host: ExitHost, clock: Clock = systemClock) {
    this.#host = host;
    this.clock = clock;
    this.list = new ExitList(() => host.above?.list);
    this.calls = new HookCalls(() => host.above?.calls);
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Aborts when the container, or one around it, starts to be disposed. */
  get signal(): AbortSignal {
    this.#stopping ??= new AbortController();
    const stopped = this.#whyStopped;
    if (stopped !== undefined) {
      this.#stopping.abort(stopped.reason);
    }
    return this.#stopping.signal;
  }

  /** A container that comes while one around it is being disposed was not there to be told. */
  get #whyStopped(): { readonly reason: unknown } | undefined {
    const { above } = this.#host;
    return this.#stopped ?? (above && above.#whyStopped);
  }

  /** Takes in what is to be exited before all that is there. */
  push(exit: Exit): void {
    if (this.#state === 'disposed') {
      const { service } = exit.source;
      this.refuse(exit, new ContainerDisposedError(`activate ${service}`, service));
    }
    this.list.push(exit);
    if (this.list.size === 1) {
      this.#host.occupied();
    }
  }

  /** Exits at once what cannot be taken in. */
  refuse(exit: Exit, error: Error): never {
    const { subject, source } = exit;
    if (!this.list.hasMet(subject) && !(source.shared && this.list.knows(subject))) {
      this.list.meet([exit]);
      this.#exitAtOnce(exit);
    }
    throw error;
  }

  /** Removes every entry that matches, and returns them. */
  take(matches: (exit: Exit) => boolean): Exit[] {
    const taken = this.list.take(matches);
    if (taken.length > 0 && this.list.size === 0) {
      this.#host.occupied();
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
      ...(this.#disposal?.run.unstarted ?? []),
      ...pendingHooks(this.#inOrder()),
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
    const run = new ExitRun(this, undefined);
    // What a hook or handler is called with is not known any more when it is forgotten.
    const known = exits.map((exit) => ({ exit, hooks: exit.source.hooksOf(exit) }));
    for (const exit of taken) {
      exit.source.released?.(exit);
    }
    await this.#driveBeside(run, known);
    const failure = run.log.failure();
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
    const run = new ExitRun(this, undefined);
    const running = this.#driveBeside(run, [{ exit, hooks }]);
    if (running === undefined) {
      run.rethrow();
    }
    return running?.then(() => {
      run.rethrow();
    });
  }

  /** Has a disposal wait for what runs beside it, however that ends. */
  waitFor(running: PromiseLike<unknown>): void {
    const beside: Beside = {
      settled: Promise.allSettled([running]).then(() => {
        this.#running.delete(beside);
      }),
      finish: () => true,
    };
    this.#running.add(beside);
  }

  /** Any call may shorten the disposal; only the first one's reason counts. */
  dispose({ reason, timeout, signal }: DisposeOptions): Promise<ExitReport> {
    if (this.calls.inProgress && this.#state !== 'disposed') {
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
    if (this.#disposal === undefined) {
      const disposal = this.#begin(reason);
      disposal.shorten(timeout ?? this.#host.timeout, signal);
      // Called within an activation, it must not exit what that is built from before it has arrived,
      // or is known to be in flight, which takes until the end of the synchronous part.
      void Promise.resolve().then(async () => disposal.drive());
      return disposal.promise;
    }
    this.#disposal.shorten(timeout ?? Infinity, signal);
    return this.#disposal.promise;
  }

  /** Starts every hook in order and awaits nothing. */
  disposeNow(): void {
    this.#refuseDisposing('The container');
    if (this.#disposal === undefined) {
      this.#refuseAsyncHooks();
      const disposal = this.#begin(undefined);
      disposal.promise.catch(() => undefined);
      disposal.finish();
    }
    this.#disposal?.result();
  }

  /**
   * The process exits, and nothing on the stack returns to whoever waits: starts every hook that is
   * left, also within one that is in its synchronous part.
   *
   * @param why hooks find their signals aborted with this reason.
   */
  leave(reason: unknown, why: unknown): void {
    const disposal = (this.#disposal ??= this.#begin(reason));
    disposal.promise.catch(() => undefined);
    disposal.finish({ reason: why }, true);
  }

  get hookTimeout(): number {
    return this.#host.hookTimeout;
  }

  /** Tells why the time of its disposal, or of one around it, has passed, if it has. */
  look(now: number): Spent | undefined {
    const around = this.#host.above?.look(now);
    this.#disposal?.look(now, around);
    return this.#disposal?.run.spent ?? around;
  }

  get hasNewChildren(): boolean {
    return this.#host.hasNewChildren;
  }

  *disposalsOfChildren(reason: unknown, which: 'new' | 'all'): Iterable<Disposal> {
    for (const child of which === 'new' ? this.#host.newChildren() : this.#host.children()) {
      yield child.#disposal ?? child.#beginWithin(reason);
    }
  }

  arriving(): Wait | undefined {
    const inFlight = this.#host.inFlight();
    if (inFlight !== undefined) {
      return { promise: inFlight, timeout: Infinity };
    }
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

  next(): Exit | undefined {
    if (this.list.size === 0) {
      for (const exit of this.#host.leftovers()) {
        this.list.push(exit);
      }
    }
    return this.list.pop();
  }

  ended(): void {
    this.#state = 'disposed';
    this.#host.disposed();
  }

  #beginWithin(reason: unknown): Disposal {
    const disposal = this.#begin(reason);
    disposal.shorten(this.#host.timeout, undefined);
    return disposal;
  }

  #begin(reason: unknown): Disposal {
    // Before anything is run or awaited: what is activated from here on is a latecomer.
    this.#state = 'disposing';
    this.list.close();
    const disposal = new Disposal(this, reason);
    this.#disposal = disposal;
    this.#host.disposing();
    // These may ask for the disposal with no time left.
    disposal.prepare(() => {
      this.observers.tell('disposing', { reason });
      this.#stop(reason);
    });
    return disposal;
  }

  /** Services here and below are told at once: those that drain have begun to when it is their turn. */
  #stop(reason: unknown): void {
    this.#stopped ??= { reason };
    this.#stopping?.abort(reason);
    for (const child of this.#host.children()) {
      child.#stop(reason);
    }
  }

  /** Returns a promise only if there is something to wait for; a disposal that starts meanwhile waits, too. */
  #driveBeside(run: ExitRun, exits: KnownExit[]): Promise<void> | undefined {
    const drive = new Drive(() => this.#exitEach(exits, run), this.clock);
    let end = (): void => undefined;
    const beside: Beside = {
      settled: new Promise((resolve) => {
        end = () => {
          this.#running.delete(beside);
          resolve();
        };
      }),
      finish: (isLeaving) => {
        run.finish(this.#disposal?.run.spent);
        return drive.finish(isLeaving);
      },
    };
    // Before anything is run: a hook may exit the process in its synchronous part.
    this.#running.add(beside);
    if (drive.start()) {
      end();
      return undefined;
    }
    return drive.run().then(end);
  }

  #exitAtOnce(exit: Exit): void {
    const run = new ExitRun(this, undefined);
    const drive = new Drive(
      () => this.#exitEach([{ exit, hooks: exit.source.hooksOf(exit) }], run),
      this.clock,
    );
    // Nobody awaits a latecomer.
    const tell = (): void => run.log.failure()?.errors.forEach(throwUncaught);
    if (drive.start()) {
      tell();
    } else {
      void drive.run().then(tell);
    }
  }

  /** What the list holds, and what is left besides, in the order in which it is exited. */
  #inOrder(): Exit[] {
    return [...this.#host.leftovers(), ...this.list.owned()].reverse();
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
    return [
      ...this.#host.children().flatMap((child) => child.#asyncHooks()),
      ...this.#inOrder().flatMap((exit) =>
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

  /** Takes from what it is given, so that it can be begun again where it has stopped for good. */
  *#exitEach(exits: KnownExit[], run: ExitRun): Exiting {
    yield* run.rest(this) ?? [];
    for (let next = exits.shift(); next !== undefined; next = exits.shift()) {
      yield* run.exit(this, next.exit, next.hooks) ?? [];
    }
  }
}
