/** The core: the states of a disposal. It knows no container and no process. */
import { ContainerDisposedError, type ExitHookError } from './errors.js';
import type { ExitReport, PendingExit } from './exit-report.js';
import type { DisposeOptions } from './lifecycle.js';
import { asyncHooksOf, refusalOf } from './async-hooks.js';
import { systemClock, type Clock } from '../shared/clock.js';
import { Disposal, type DisposalHost } from './disposal.js';
import type { Wait } from './exit-drive.js';
import { ExitList } from './exit-list.js';
import { pendingHooks, type Exit, type ExitHook } from './exit.js';
import { ExitRun, type Spent } from './exit-run.js';
import { HookCalls } from './hook-calls.js';
import { throwUncaught } from '../shared/inspect.js';
import { Observers } from './observers.js';
import { SideRuns } from './side-runs.js';
import { StopSignal } from './stop-signal.js';

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

export class ExitStack implements DisposalHost {
  readonly list: ExitList;
  readonly clock: Clock;
  readonly calls: HookCalls;
  readonly observers = new Observers();
  readonly #host: ExitHost;
  readonly #sideRuns = new SideRuns(this, () => this.#disposal?.run.spent);
  readonly #stopSignal: StopSignal;
  #state: LifecycleState = 'active';
  #disposal: Disposal | undefined;

  constructor(host: ExitHost, clock: Clock = systemClock) {
    this.#host = host;
    this.clock = clock;
    this.list = new ExitList(() => host.above?.list);
    this.calls = new HookCalls(() => host.above?.calls);
    this.#stopSignal = new StopSignal(() => host.above && host.above.#stopSignal);
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Aborts when the container, or one around it, starts to be disposed. */
  get signal(): AbortSignal {
    return this.#stopSignal.signal;
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
    const known = exits.map((exit) => ({ exit, hooks: exit.source.hooks }));
    for (const { source } of taken) {
      source.released?.();
    }
    await this.#sideRuns.drive(run, known);
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
    const running = this.#sideRuns.drive(run, [{ exit, hooks }]);
    if (running === undefined) {
      run.rethrow();
    }
    return running?.then(() => {
      run.rethrow();
    });
  }

  /** Has a disposal wait for what runs beside it, however that ends. */
  waitFor(running: PromiseLike<unknown>): void {
    this.#sideRuns.waitFor(running);
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
      const refused = this.#asyncHooks();
      if (refused.length > 0) {
        throw refusalOf(refused);
      }
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
    return inFlight === undefined
      ? this.#sideRuns.arriving()
      : { promise: inFlight, timeout: Infinity };
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
    this.#stopSignal.stop(reason);
    for (const child of this.#host.children()) {
      child.#stop(reason);
    }
  }

  #exitAtOnce(exit: Exit): void {
    const run = new ExitRun(this, undefined);
    const running = this.#sideRuns.drive(run, [{ exit, hooks: exit.source.hooks }]);
    // Nobody awaits a latecomer.
    const tell = (): void => run.log.failure()?.errors.forEach(throwUncaught);
    if (running === undefined) {
      tell();
    } else {
      void running.then(tell);
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

  #asyncHooks(): ExitHookError[] {
    return [
      ...this.#host.children().flatMap((child) => child.#asyncHooks()),
      ...asyncHooksOf(this.#inOrder()),
    ];
  }
}
