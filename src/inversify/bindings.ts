/** Joins Inversify's bindings to the core. */
import { isPromise } from '@inversifyjs/common';
import type { Binding, BindingDeactivation, PlanParamsOperations } from '@inversifyjs/core';
import type { PluginApi, PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import { ContainerDisposedError } from '../disposal/errors.js';
import { Lifecycle, type LifecycleOptions } from '../disposal/lifecycle.js';
import {
  boundHere,
  isMaking,
  unwatchBindings,
  watchBindings,
  type BindingListener,
  type CachingBinding,
  type MakingBinding,
} from './binding-watch.js';
import { Collector, hooksOfClass } from './collector.js';
import { cachedIn } from './construction.js';
import { exitHooksOf } from '../hooks/exit-hooks.js';
import type { Exit } from '../disposal/exit.js';
import { ExitStack, type ExitHost } from '../disposal/exit-stack.js';
import { serviceName } from '../shared/inspect.js';
import { Owner, ownerToken, type OwnerHost } from './owner.js';
import { checkCollecting, checkInsides } from './self-check.js';
import type { Singleton, SingletonExit, SingletonHost } from './singleton.js';
import { Singletons } from './singletons.js';

/** What the container around is asked to do. */
export interface BindingsHost {
  readonly options: LifecycleOptions;
  /** Binds what the module itself offers: at first, and whenever Inversify has dropped it. */
  bindServices(owner: Owner): void;
  unbindServices(): void;
  /** Called once, when a container around that has the module is seen. */
  hasParent(owner: Owner): void;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

const none: readonly BindingDeactivation[] = [];

export class ContainerBindings implements ExitHost, OwnerHost, SingletonHost, BindingListener {
  readonly stack = new ExitStack(this);
  readonly #context: PluginContext;
  readonly #host: BindingsHost;
  readonly #owner: Owner;
  readonly #singletons: Singletons;
  readonly #collector: Collector;
  /** What Inversify has deactivated, and may go on to remove. */
  readonly #deactivated = new Set<SingletonExit>();
  #planning: PlanParamsOperations | undefined;
  #hasParent = false;

  constructor(context: PluginContext, host: BindingsHost) {
    checkInsides(context);
    this.#context = context;
    this.#host = host;
    this.#owner = new Owner(context, this.stack, this);
    this.#singletons = new Singletons(context);
    this.#collector = new Collector(this.#owner, this.#singletons, this);
  }

  /** @throws Error, with nothing changed, if an instance can or could not be collected. */
  watch(container: Container, api: PluginApi): void {
    const resolved = this.#singletons.bound().filter((binding) => cachedIn(binding) !== undefined);
    watchBindings(this.#context, this);
    this.#host.bindServices(this.#owner);
    // Plans that were made before would never ask for their bindings again.
    this.#context.planResultCacheService.clearCache();
    try {
      if (this.above?.state === 'disposed') {
        throw new ContainerDisposedError('register LifecycleModule', 'LifecycleModule');
      }
      resolved.filter(isMaking).forEach((binding) => {
        this.#refuseResolved(binding);
      });
      checkCollecting(container, this.#context, this.stack.list);
    } catch (error) {
      unwatchBindings(this.#context);
      this.#host.unbindServices();
      throw error;
    }
    this.#readBound();
    api.onPlan((_options, { tree }) => {
      this.#owner.planned(tree.root);
    });
  }

  // Inversify tells of its bindings.

  planningMet(operations: PlanParamsOperations): void {
    this.#planning = operations;
  }

  lookedUp(identifier: ServiceIdentifier): void {
    this.#owner.lookedUp(identifier);
  }

  snapshotTaken(snapshot: PluginContext['bindingService']): void {
    this.#singletons.snapshotTaken(snapshot);
  }

  bindingsReplaced(): void {
    this.#readBound();
  }

  bindingsDropped(): void {
    this.#singletons.dropped();
  }

  mending(mend: () => void): void {
    this.#owner.mending(mend);
  }

  bindingMet(binding: CachingBinding): void {
    this.#collector.wire(binding);
    if (isMaking(binding) && binding.scope === 'Singleton') {
      this.#singletons.met(binding);
      this.#owner.singletonMet(binding);
    }
  }

  bindingRemoved(binding: CachingBinding): void {
    const singleton = this.#collector.wiredFor(binding);
    if (singleton === undefined) {
      // Inversify lets a child unbind, and deactivate, what only a container above has bound.
      this.#owner.above?.bindingRemoved(binding);
    }
    this.#drop(singleton?.activations ?? []);
    this.#singletons.removed(binding);
    if (this.#owner.above !== undefined) {
      // Plans are mended without being shown, and may have come to a singleton further up.
      this.#context.planResultCacheService.clearCache();
    }
  }

  plansCleared(): void {
    this.#singletons.cleared();
    this.#drop([...this.#deactivated].filter(({ binding }) => !this.#singletons.has(binding)));
    if (this.stack.state === 'disposed') {
      this.#forgetAll();
    }
    if (boundHere(this.#context.bindingService, ownerToken).length === 0) {
      this.#host.bindServices(this.#owner);
      // Those below have looked for it, and not found it.
      this.#context.planResultCacheService.clearCache();
      return;
    }
    this.#owner.look();
    if (this.#owner.above !== undefined && !this.#hasParent) {
      this.#hasParent = true;
      this.#host.hasParent(this.#owner);
    }
  }

  // The container's methods that remove are called through this.

  /** Calls what may have Inversify deactivate singletons by itself. */
  removing<T>(remove: () => T): T {
    const result =
      this.stack.state === 'disposing'
        ? this.#singletons.without(this.#isExited, remove)
        : remove();
    if (isPromise(result)) {
      this.stack.waitFor(result);
    }
    return result;
  }

  // The core asks for what is around, within and left.

  get above(): ExitStack | undefined {
    return this.#owner.above?.stack;
  }

  get hasNewChildren(): boolean {
    return this.#owner.hasNewChildren;
  }

  get timeout(): number {
    return this.#owner.option('timeout') ?? Infinity;
  }

  get hookTimeout(): number {
    return this.#owner.option('hookTimeout') ?? Infinity;
  }

  children(): ExitStack[] {
    return this.#owner.children().map(({ stack }) => stack);
  }

  newChildren(): ExitStack[] {
    this.#owner.hasNewChildren = false;
    return this.children();
  }

  occupied(): void {
    this.#owner.occupied();
  }

  inFlight(): Promise<unknown> | undefined {
    return this.#singletons.inFlight();
  }

  leftovers(): SingletonExit[] {
    const leftovers: SingletonExit[] = [];
    for (const singleton of this.#singletons) {
      const leftover = singleton.leftover();
      if (leftover !== undefined) {
        leftovers.push(leftover);
      }
    }
    return leftovers.sort((one, other) => one.binding.id - other.binding.id);
  }

  disposing(): void {
    this.#owner.hasNewChildren = true;
  }

  disposed(): void {
    this.#forgetAll();
    this.#owner.occupied();
    this.#host.disposed();
  }

  // The owner asks for what this container has said and bound.

  get options(): LifecycleOptions {
    return this.#host.options;
  }

  exits(binding: Binding): boolean {
    if (!isMaking(binding)) {
      return binding.type === 'ConstantValue' && binding.value instanceof Lifecycle;
    }
    const hooks = hooksOfClass(binding) ?? exitHooksOf(cachedIn(binding)?.value);
    const hasTeardown =
      binding.scope === 'Singleton' &&
      (this.preDestroyOf(binding).length > 0 || this.userDeactivation(binding) !== undefined);
    return hooks.length > 0 || hasTeardown;
  }

  // A singleton asks for its teardown.

  preDestroyOf(binding: Binding): readonly (string | symbol)[] {
    return binding.type === 'Instance' && this.#planning !== undefined
      ? [
          ...this.#planning.getClassMetadata(binding.implementationType).lifecycle
            .preDestroyMethodNames,
        ]
      : [];
  }

  userDeactivation(binding: CachingBinding): BindingDeactivation | undefined {
    return this.#collector.userDeactivation(binding);
  }

  serviceDeactivations({ serviceIdentifier }: CachingBinding): readonly BindingDeactivation[] {
    const handlers = this.#context.deactivationService.get(serviceIdentifier);
    return handlers === undefined ? none : [...handlers];
  }

  deactivated(exit: SingletonExit): void {
    this.#deactivated.add(exit);
  }

  forget(binding: CachingBinding): void {
    this.#singletons.forget(binding);
    // Its construction is to be planned, and looked at, once more.
    this.#context.planResultCacheService.clearCache();
  }

  /** What a disposal has exited stays cached until its end, and must not be deactivated again. */
  readonly #isExited = ({ latest }: Singleton): boolean => latest?.isExited === true;

  #drop(exits: Iterable<SingletonExit>): void {
    const done = [...exits].filter(({ isDeactivated }) => isDeactivated);
    if (done.length > 0) {
      const dropped = new Set<Exit>(done);
      this.stack.take((exit) => dropped.has(exit));
      done.forEach((exit) => this.#deactivated.delete(exit));
    }
  }

  #readBound(): void {
    this.#singletons.forgetSeen();
    this.#singletons.bound().forEach((binding) => this.#collector.singletonOf(binding));
  }

  #forgetAll(): void {
    this.#deactivated.clear();
    this.#singletons.forgetAll();
  }

  #refuseResolved(binding: MakingBinding): void {
    const value = cachedIn(binding)?.value;
    // What an activation in flight will bring cannot be told from its promise.
    if (isPromise(value) || this.exits(binding)) {
      throw new Error(
        `LifecycleModule was registered after ${serviceName(binding.serviceIdentifier, value)} had ` +
          'been resolved, so its exit hooks would never run. Register the module first: ' +
          'container.register(LifecycleModule), right after new Container().',
      );
    }
  }
}
