/** The core: one container's entries, and the states of its disposal. */
import { currentContext } from '../shared/async-context.js';
import { systemClock, type Clock } from '../shared/clock.js';
import { noCause, type ExitCause } from '../hooks/exit-cause.js';
import type { Activation } from './activation.js';
import { refuseAsyncHooks, refuseDisposing } from './async-hooks.js';
import type { ChildrenKind } from './children-queue.js';
import { AbortWatch } from './deadline.js';
import { Disposal, type DisposalHost } from './disposal.js';
import { ContainerDisposedError } from './errors.js';
import type { ExitReport, PendingExit } from './exit-report.js';
import type { Exit } from './exit.js';
import { isCalledByHookOf, isCalledByLateHook } from './hook-calls.js';
import type { ChildPlace, DisposalWithin, ForeignHost } from './exit-link.js';
import type { DisposeOptions, LifecycleOptions } from './lifecycle.js';
import { Observers } from './observers.js';
import type { GraphOf } from './order.js';
import { pendingExits } from './pending.js';
import { Registry, type OuterRegistry } from './registry.js';
import type { Run } from './run.js';
import { RunsBeside } from './runs-beside.js';
import { StopSignal } from './stop-signal.js';
import { TreeNode, type TreeMember } from './tree.js';

const none: readonly never[] = [];

export type LifecycleState = 'active' | 'disposing' | 'disposed';

/** What the core asks of the container that it disposes. */
export interface DisposerHost {
  /** What was said for this container. */
  readonly options: LifecycleOptions;
  /** Whether it is a scope: whoever opened it closes it. */
  readonly isScope: boolean;
  /** What is being activated. */
  activations(): readonly Activation[];
  /** What is left to exit when the registry is empty, in the order of a registry. */
  uncollected(): readonly Exit[];
  /** What is known of entries: which uses, and which was built from, which others. */
  readonly graphOf: GraphOf;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

export class Disposer<Host extends DisposerHost = DisposerHost> implements DisposalHost {
  readonly host: Host;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly observers = new Observers();
  /** Hooks that run beside its disposal. */
  readonly beside: RunsBeside;
  /** How many ms its end has at most, when only a signal will tell it. */
  expectedTime = Infinity;
  hasNewChildren = true;
  readonly stopSignal: StopSignal;
  readonly #node = new TreeNode<Disposer<Host>>(this);
  #state: LifecycleState = 'active';
  #isExpired = false;
  #hookTimeout: number | undefined;
  #disposal: Disposal | undefined;
  #whenDisposed: ((run: Run) => void)[] | undefined;
  #place: ChildPlace | undefined;

  constructor(host: Host, clock: Clock = systemClock) {
    this.host = host;
    this.clock = clock;
    this.registry = new Registry(
      () => this.#registryAround,
      (...exits) => host.graphOf(...exits),
    );
    this.beside = new RunsBeside(this, this.registry);
    this.stopSignal = new StopSignal(() => this.parent?.stopSignal);
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Whether nothing is taken in any more: it is disposed, or there is no time left to exit it in. */
  get isClosed(): boolean {
    return this.#isExpired || this.#state === 'disposed';
  }

  /** Aborts when the container, or an ancestor, starts to be disposed. */
  get signal(): AbortSignal {
    return this.stopSignal.signal;
  }

  get disposal(): Disposal | undefined {
    return this.#disposal;
  }

  // The tree of containers.

  get isScope(): boolean {
    return this.host.isScope;
  }

  /** That of the nearest ancestor with the module. */
  get parent(): Disposer<Host> | undefined {
    return this.#node.parent?.member;
  }

  set parent(parent: Disposer<Host> | undefined) {
    if (parent !== this.parent) {
      this.moveTo(parent);
    }
  }

  /** @param place where it is disposed, if not with its parent: a container of another copy is between. */
  moveTo(parent: Disposer<Host> | undefined, place?: ChildPlace): void {
    this.#place = place;
    this.#node.moveTo(parent && parent.#node, place);
    if (place === undefined && parent !== undefined) {
      parent.hasNewChildren = true;
      parent.registry.childArrived();
    }
  }

  /** Says whether it has something to exit. */
  occupy(isOccupied: boolean): void {
    this.#node.occupy(isOccupied);
  }

  /** Leaves no trace of it in its parent. */
  remove(): void {
    this.#node.remove();
  }

  isDescendantOf(other: Disposer<Host>): boolean {
    return this.#node.isDescendantOf(other.#node);
  }

  belongsTo(container: object): boolean {
    return container === this || this.parent?.belongsTo(container) === true;
  }

  /** The container that it stands for, if that is of another copy. */
  get foreign(): ForeignHost | undefined {
    return undefined;
  }

  /** Those that are not disposed, youngest first, with the scopes among them. */
  children(): readonly Disposer<Host>[] {
    return this.#node.childrenAndScopes.map(memberOf);
  }

  /** Those that run, youngest first. */
  scopes(): readonly Disposer<Host>[] {
    const { scopes } = this.#node;
    // Looked up before each exit, and most containers have none.
    return scopes.length === 0 ? none : scopes.map(memberOf);
  }

  newChildren(which: ChildrenKind): readonly Disposer<Host>[] {
    this.hasNewChildren = false;
    return which === 'with scopes' ? this.children() : this.#node.children.map(memberOf);
  }

  /** What was said of it here, or else for an ancestor. */
  option<Name extends keyof LifecycleOptions>(name: Name): LifecycleOptions[Name] | undefined {
    return this.host.options[name] ?? this.parent?.option(name);
  }

  get hookTimeout(): number {
    if (this.#hookTimeout !== undefined) {
      return this.#hookTimeout;
    }
    const timeout = this.host.options.hookTimeout ?? this.parent?.hookTimeout ?? Infinity;
    if (this.#state !== 'active') {
      // Not looked up again for each hook, however many ancestors there are.
      this.#hookTimeout = timeout;
    }
    return timeout;
  }

  get activationTimeout(): number | undefined {
    return this.option('activationTimeout');
  }

  /**
   * The container of the tree that owns a subject, if one does: this one or an ancestor, or any other.
   *
   * @param everywhere whether it may be any other, for which the whole tree is searched.
   */
  ownerOf(subject: object, everywhere: boolean): Disposer<Host> | undefined {
    if (this.registry.owns(subject)) {
      return this;
    }
    if (this.parent !== undefined) {
      return this.parent.ownerOf(subject, everywhere);
    }
    return everywhere ? this.#descendantWith(subject) : undefined;
  }

  // What it owns.

  /** Takes in what exits before all that is there. */
  push(exit: Exit): void {
    if (this.isClosed) {
      this.refuse(exit, this.refusalOf(`activate ${exit.source.service}`, exit.source.service));
    }
    this.registry.push(exit);
    // A parent need not keep a child for the sake of handlers that may never be set.
    if (this.registry.size > 0 && exit.source.isIdle !== true) {
      this.#node.occupy(true);
    }
  }

  /** Why nothing is taken in. */
  refusalOf(action: string, service: string): ContainerDisposedError {
    return this.#state === 'disposed'
      ? new ContainerDisposedError(action, service)
      : ContainerDisposedError.ofExpired(action, service);
  }

  /** Why the container around it takes nothing in, if it does not. */
  refusalAround(action: string, service: string): Error | undefined {
    const { parent } = this;
    return (
      this.#place?.refusal(action, service) ??
      (parent?.isClosed === true ? parent.refusalOf(action, service) : undefined)
    );
  }

  /** Exits at once what cannot be taken in. */
  refuse(exit: Exit, error: Error): never {
    const { subject, source } = exit;
    const { registry } = this;
    if (!registry.isDisposed(subject) && !(source.isShared && registry.isTracked(subject))) {
      registry.markDisposed([exit]);
      // A hook that was started late could go on for ever with what it makes to be exited.
      if (!isCalledByLateHook()) {
        this.beside.exitAtOnce(exit);
      }
    }
    throw error;
  }

  /** Removes every entry that matches, and returns them. */
  take(matches: (exit: Exit) => boolean): Exit[] {
    const taken = this.registry.take(matches);
    if (taken.length > 0 && !this.registry.isOccupied) {
      this.#node.occupy(false);
    }
    return taken;
  }

  /** Removes what activation handlers have returned in the place of a subject, and returns it. */
  takeReplacements(of: Exit): Exit[] {
    const { ownership } = this.registry;
    return ownership.hasReplacements
      ? this.take((exit) => exit !== of && ownership.rootOf(exit.subject) === of.subject)
      : [];
  }

  /** What a disposal would run, in that order. */
  pending(): PendingExit[] {
    return this.#state === 'disposed' ? [] : pendingExits(this);
  }

  /**
   * Runs the hooks of what was taken out of the registry. A disposal that starts meanwhile waits for
   * it. Returns whether there was anything to run.
   */
  async release(taken: readonly Exit[]): Promise<boolean> {
    return this.beside.release(taken);
  }

  // Its disposal.

  /**
   * Any call may shorten the disposal; only the first one's reason counts, and whether the work has completed.
   *
   * @throws TypeError if the signal is none; nothing has happened then.
   */
  dispose({ reason, timeout, signal, completed = false }: DisposeOptions): Promise<ExitReport> {
    if (this.#state !== 'disposed' && isCalledByHookOf(this)) {
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
    const watch =
      signal === undefined || this.#disposal?.isFollowing(signal) === true
        ? undefined
        : new AbortWatch(signal);
    const isFirst = this.#disposal === undefined;
    const disposal = (this.#disposal ??= this.#begin({ reason, completed }));
    const outer = isFirst ? this.#outerDisposal : undefined;
    if (isFirst) {
      disposal.run.context = currentContext();
      if (outer !== undefined) {
        disposal.join(outer);
      }
      disposal.prepare();
    }
    const limit = timeout ?? (isFirst ? this.option('timeout') : undefined);
    if (limit !== undefined || watch !== undefined) {
      disposal.shorten(limit ?? Infinity, watch);
    }
    const { promise } = disposal;
    // Called within an activation, it must not exit what that is built from before it has arrived, or
    // is known to be in flight, which takes until the end of the synchronous part.
    void Promise.resolve().then(() => {
      if (outer === undefined) {
        disposal.run.advance();
      } else {
        outer.run.drive(disposal.run);
      }
      disposal.proceed();
    });
    return promise;
  }

  /** Starts every hook in order and awaits nothing. */
  disposeNow(): void {
    refuseDisposing(this);
    if (this.#disposal === undefined) {
      refuseAsyncHooks(this);
      const disposal = (this.#disposal = this.#begin(noCause));
      disposal.prepare();
      disposal.finish();
    }
    // Called by a hook that runs beside it, it ends when that has returned.
    if (this.#disposal.run.hasEnded) {
      this.#disposal.result();
    }
  }

  /**
   * The process exits, and nothing on the stack returns to whoever waits: starts every hook that is
   * left, also within one that is in its synchronous part.
   *
   * @param why hooks find their signals aborted with this reason.
   */
  leave(reason: unknown, why: unknown): void {
    const disposal = (this.#disposal ??= this.#begin({ reason, completed: false }));
    disposal.prepare();
    disposal.proceed();
    disposal.finish({ reason: why }, true);
  }

  /** Calls back with the run of its disposal when that has ended. */
  whenDisposed(callback: (run: Run) => void): void {
    if (this.#disposal === undefined) {
      this.#whenDisposed ??= [];
      this.#whenDisposed.push(callback);
    } else {
      const { run } = this.#disposal;
      run.whenEnded(() => {
        callback(run);
      });
    }
  }

  /**
   * Begins the disposal, or joins that which is under way, as a part of that of a parent of another copy:
   * drain hooks run now, and the rest once {@link proceedWithin} is called.
   *
   * @param drained called when they have settled.
   */
  disposeWithin({ reason, completed, timeout, finish }: DisposalWithin, drained: () => void): void {
    const isFirst = this.#disposal === undefined;
    const disposal = (this.#disposal ??= this.#begin({ reason, completed }));
    if (isFirst) {
      disposal.hold();
      disposal.run.context = currentContext();
      disposal.prepare();
      disposal.shorten(this.host.options.timeout ?? Infinity);
    }
    disposal.shorten(timeout);
    disposal.whenDrained(drained);
    if (isFirst || finish !== undefined) {
      // One that has begun by itself goes on by itself.
      disposal.drive(finish);
    }
  }

  /** What is left exits now. */
  proceedWithin({ timeout, finish }: Pick<DisposalWithin, 'timeout' | 'finish'>): void {
    const disposal = this.#disposal;
    disposal?.shorten(timeout);
    disposal?.drive(finish);
    disposal?.proceed();
  }

  disposalWithinParent(): Disposal {
    const outer = this.parent?.disposal ?? this.parent?.disposalWithinParent();
    if (this.#disposal === undefined) {
      /* istanbul ignore next -- it is that of a child */
      const { reason, completed } = outer?.run.log.cause ?? noCause;
      // A scope that was not closed by who opened it has not completed, whatever is around it.
      const cause = { reason, completed: completed && !this.isScope };
      this.#disposal = this.#begin(cause, outer);
      const { timeout } = this.host.options;
      if (timeout !== undefined) {
        this.#disposal.shorten(timeout);
      }
    } else {
      /* istanbul ignore else -- it is that of a child */
      if (outer !== undefined) {
        this.#disposal.join(outer);
      }
    }
    return this.#disposal;
  }

  checkDeadline(now: number): number {
    return this.#disposal?.checkDeadline(now) ?? now;
  }

  activations(): readonly Activation[] {
    return this.host.activations();
  }

  uncollected(): readonly Exit[] {
    return this.host.uncollected();
  }

  waitForOthers(run: Run): void {
    this.beside.holdUp(run);
  }

  stop(reason: unknown): void {
    this.stopSignal.stop(reason);
  }

  stopDescendants(reason: unknown): DisposalHost[] {
    return this.children().flatMap((child) => {
      child.stop(reason);
      const draining = child.stopDescendants(reason);
      if (child.isScope) {
        // Its drain hooks run when it closes, and it may be closing already.
        return child.#disposal === undefined ? [] : [child];
      }
      return child.registry.hasDrainHooks || child.#disposal !== undefined
        ? [...draining, child]
        : draining;
    });
  }

  expire(): void {
    if (!this.#isExpired) {
      this.#isExpired = true;
      for (const child of this.children()) {
        child.expire();
      }
    }
  }

  ended(): void {
    this.#state = 'disposed';
    this.registry.end();
    this.host.disposed();
    this.#node.occupy(false);
    this.#node.remove();
  }

  get #registryAround(): OuterRegistry | undefined {
    const [registry, place] = [this.parent?.registry, this.#place];
    return place === undefined
      ? registry
      : {
          ownership: registry?.ownership,
          isTracked: (subject) => place.isTracked(subject),
        };
  }

  #descendantWith(subject: object): Disposer<Host> | undefined {
    for (const child of this.children()) {
      const owner = child.registry.owns(subject) ? child : child.#descendantWith(subject);
      if (owner !== undefined) {
        return owner;
      }
    }
    return undefined;
  }

  #begin(cause: ExitCause, outer?: Disposal): Disposal {
    // Before anything is run or awaited: what is activated from here on arrives late.
    this.#state = 'disposing';
    this.registry.close();
    this.hasNewChildren = true;
    const disposal = new Disposal(this, cause, outer);
    this.#whenDisposed?.splice(0).forEach((callback) => {
      disposal.run.whenEnded(() => {
        callback(disposal.run);
      });
    });
    return disposal;
  }

  /** That of its parent, which begins with it if an ancestor is being disposed. */
  get #outerDisposal(): Disposal | undefined {
    const { parent } = this;
    if (parent === undefined || parent.state === 'disposed' || this.#place !== undefined) {
      return undefined;
    }
    // The disposal of an ancestor waits for a running scope, and does not begin that of the scope.
    if (parent.disposal !== undefined || parent.isScope) {
      return parent.disposal;
    }
    return parent.#outerDisposal === undefined ? undefined : parent.disposalWithinParent();
  }
}

function memberOf<Member extends TreeMember>({ member }: TreeNode<Member>): Member {
  return member;
}
