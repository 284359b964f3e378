/** Connects the bindings of one Inversify container to the core. */
import { isPromise } from '../shared/promise.js';
import type { Binding, BindingDeactivation, PlanParamsOperations } from '@inversifyjs/core';
import type { PluginApi, PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import type { LifecycleOptions } from '../disposal/lifecycle.js';
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
import { BindingGraph } from './binding-graph.js';
import { cachedIn } from './construction.js';
import { exitHooksOf } from '../hooks/exit-hooks.js';
import type { Exit } from '../disposal/exit.js';
import type { Activation } from '../disposal/activation.js';
import { Disposer } from '../disposal/disposer.js';
import type { ExitGraph } from '../disposal/order.js';
import { serviceName } from '../shared/inspect.js';
import { Lifecycle } from './lifecycle.js';
import { ContainerScope, scopeToken, type ContainerScopeHost } from './container-scope.js';
import type { ScopeNodeHost } from './scope-tree.js';
import { checkCollecting, checkInternals } from './self-check.js';
import type { Singleton, SingletonExit, SingletonHost } from './singleton.js';
import { Singletons } from './singletons.js';

/** What the adapter needs from the module of its container. */
export interface AdapterHost {
  readonly options: LifecycleOptions;
  /** Whether the container is a scope. */
  readonly isScope: boolean;
  /** Binds the services of the module: at first, and again when Inversify has dropped them. */
  bindServices(scope: ContainerScope): void;
  unbindServices(): void;
  /** Called once, when an ancestor with the module is first found. */
  onParent(scope: ContainerScope): void;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

const none: readonly BindingDeactivation[] = [];

export class InversifyAdapter
  implements ScopeNodeHost<ContainerScope>, ContainerScopeHost, SingletonHost, BindingListener
{
  readonly disposer: Disposer<ScopeNodeHost<ContainerScope>> = new Disposer<
    ScopeNodeHost<ContainerScope>
  >(this);
  readonly scope: ContainerScope;
  readonly #context: PluginContext;
  readonly #host: AdapterHost;
  readonly #singletons: Singletons;
  readonly #collector: Collector;
  /** Deactivated by Inversify, which may remove their bindings next. */
  readonly #deactivated = new Set<SingletonExit>();
  #planOperations: PlanParamsOperations | undefined;
  #hasParent = false;

  constructor(context: PluginContext, host: AdapterHost) {
    checkInternals(context);
    this.#context = context;
    this.#host = host;
    this.scope = new ContainerScope(context, this.disposer, this);
    this.#singletons = new Singletons(context);
    this.#collector = new Collector(this.scope, this.#singletons, this);
  }

  /** @throws Error, with nothing changed, if an instance can or could not be collected. */
  watch(container: Container, api: PluginApi): void {
    const resolved = this.#singletons.bound().filter((binding) => cachedIn(binding) !== undefined);
    watchBindings(this.#context, this);
    this.#host.bindServices(this.scope);
    // Plans that were made before would never look up their bindings again.
    this.#context.planResultCacheService.clearCache();
    try {
      const { parent } = this.disposer;
      if (parent?.isClosed === true) {
        throw parent.refusalOf('register LifecycleModule', 'LifecycleModule');
      }
      resolved.filter(isMaking).forEach((binding) => {
        this.#refuseResolved(binding);
      });
      checkCollecting(container, this.#context, this.disposer.registry);
    } catch (error) {
      unwatchBindings(this.#context);
      this.#host.unbindServices();
      throw error;
    }
    this.#readBoundSingletons();
    api.onPlan((_options, { tree }) => {
      this.scope.onPlan(tree.root);
    });
  }

  // Events of Inversify's bindings.

  onPlanning(operations: PlanParamsOperations): void {
    this.#planOperations = operations;
  }

  onServiceLookup(identifier: ServiceIdentifier): void {
    this.scope.onServiceLookup(identifier);
  }

  onSnapshot(snapshot: PluginContext['bindingService']): void {
    this.#singletons.onSnapshot(snapshot);
  }

  onBindingsReplaced(): void {
    this.#readBoundSingletons();
  }

  onBindingsDropped(): void {
    this.#singletons.onDropped();
  }

  aroundPlanUpdate(update: () => void): void {
    this.scope.aroundPlanUpdate(update);
  }

  onBindingLookup(binding: CachingBinding): void {
    this.#collector.instrument(binding);
    if (isMaking(binding) && binding.scope === 'Singleton') {
      this.#singletons.onLookup(binding);
      this.scope.onSingletonLookup(binding);
    }
  }

  onBindingRemoved(binding: CachingBinding): void {
    const singleton = this.#collector.instrumentedSingleton(binding);
    if (singleton === undefined) {
      // Inversify lets a child unbind, and deactivate, what only an ancestor has bound.
      this.scope.parent?.onBindingRemoved(binding);
    }
    this.#drop(singleton?.activations ?? []);
    this.#singletons.onRemoved(binding);
    if (this.scope.parent !== undefined) {
      // No event reports an updated plan, and it may now contain a singleton of an ancestor.
      this.#context.planResultCacheService.clearCache();
    }
  }

  onPlansCleared(): void {
    this.#singletons.onCleared();
    this.#drop([...this.#deactivated].filter(({ binding }) => !this.#singletons.has(binding)));
    if (this.disposer.state === 'disposed') {
      this.#forgetAll();
    }
    if (boundHere(this.#context.bindingService, scopeToken).length === 0) {
      this.#host.bindServices(this.scope);
      // The descendants have looked it up, and not found it.
      this.#context.planResultCacheService.clearCache();
      return;
    }
    this.scope.refreshParent();
    if (this.scope.parent !== undefined && !this.#hasParent) {
      this.#hasParent = true;
      this.#host.onParent(this.scope);
    }
  }

  // Calls of the container's methods that remove bindings.

  /** Calls a method in which Inversify may deactivate singletons by itself. */
  removing<T>(remove: () => T): T {
    const result =
      this.disposer.state === 'disposing'
        ? this.#singletons.without(this.#isDisposed, remove)
        : remove();
    if (isPromise(result)) {
      this.disposer.beside.add(result);
    }
    return result;
  }

  // The host of the disposer.

  activations(): readonly Activation[] {
    return this.#singletons.activations();
  }

  graphOf(exits: readonly Exit[], repeated: readonly Exit[]): ExitGraph {
    return new BindingGraph(exits, repeated, {
      bindingsOf: (identifier) => this.scope.bindingsOf(identifier),
      valueOf: (binding) => cachedIn(binding)?.value,
      metadataOf: (type) => this.#planOperations?.getClassMetadata(type),
    });
  }

  uncollected(): SingletonExit[] {
    const uncollected: SingletonExit[] = [];
    for (const singleton of this.#singletons) {
      const exit = singleton.uncollected();
      if (exit !== undefined) {
        uncollected.push(exit);
      }
    }
    return uncollected.sort((one, other) => one.binding.id - other.binding.id);
  }

  disposed(): void {
    this.#forgetAll();
    this.#host.disposed();
  }

  // The options, and the host of the container scope.

  get options(): LifecycleOptions {
    return this.#host.options;
  }

  get isScope(): boolean {
    return this.#host.isScope;
  }

  hasExitHooks(binding: Binding): boolean {
    if (!isMaking(binding)) {
      return binding.type === 'ConstantValue' && binding.value instanceof Lifecycle;
    }
    const hooks = hooksOfClass(binding) ?? exitHooksOf(cachedIn(binding)?.value);
    const hasTeardown =
      binding.scope === 'Singleton' &&
      (this.preDestroyOf(binding).length > 0 || this.userDeactivation(binding) !== undefined);
    return hooks.length > 0 || hasTeardown;
  }

  // The host of the singletons.

  preDestroyOf(binding: Binding): readonly (string | symbol)[] {
    return binding.type === 'Instance' && this.#planOperations !== undefined
      ? [
          ...this.#planOperations.getClassMetadata(binding.implementationType).lifecycle
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

  onDeactivated(exit: SingletonExit): void {
    this.#deactivated.add(exit);
  }

  forget(binding: CachingBinding): void {
    this.#singletons.forget(binding);
    // Without its cached plan, the next construction is planned and inspected again.
    this.#context.planResultCacheService.clearCache();
  }

  /** A disposed singleton stays cached until the end of the disposal, and must not be deactivated again. */
  readonly #isDisposed = ({ latest }: Singleton): boolean => latest?.isDisposed === true;

  #drop(exits: Iterable<SingletonExit>): void {
    const done = [...exits].filter(({ isDeactivated }) => isDeactivated);
    if (done.length > 0) {
      const dropped = new Set<Exit>(done);
      this.disposer.take((exit) => dropped.has(exit));
      done.forEach((exit) => this.#deactivated.delete(exit));
    }
  }

  #readBoundSingletons(): void {
    this.#singletons.reset();
    this.#singletons.bound().forEach((binding) => this.#collector.singletonOf(binding));
  }

  #forgetAll(): void {
    this.#deactivated.clear();
    this.#singletons.forgetAll();
  }

  #refuseResolved(binding: MakingBinding): void {
    const value = cachedIn(binding)?.value;
    // An activation in flight is a promise: it does not reveal whether its value has hooks.
    if (isPromise(value) || this.hasExitHooks(binding)) {
      throw new Error(
        `LifecycleModule was registered after ${serviceName(binding.serviceIdentifier, value)} had ` +
          'been resolved, so its exit hooks would never run. Register the module first: ' +
          'container.register(LifecycleModule), right after new Container().',
      );
    }
  }
}
