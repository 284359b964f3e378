/** Connects the bindings of one Inversify container to the core. */
import { isPromise } from '../shared/promise.js';
import type {
  Binding,
  BindingActivation,
  BindingDeactivation,
  PlanParamsOperations,
} from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import type { LifecycleOptions } from '../disposal/lifecycle.js';
import {
  cachedIn,
  isCaching,
  isMaking,
  unwatchBindings,
  watchBindings,
  type BindingListener,
  type CachingBinding,
  type MakingBinding,
} from './binding-watch.js';
import { Collector, hooksOfClass } from './collector.js';
import { BindingGraph } from './binding-graph.js';
import { hooksOwnedBy, hooksWithDisposal } from './disposables.js';
import type { MethodHook } from '../hooks/exit-hooks.js';
import type { Exit } from '../disposal/exit.js';
import type { ExitLink } from '../disposal/exit-link.js';
import type { Activation } from '../disposal/activation.js';
import { Disposer } from '../disposal/disposer.js';
import type { ExitGraph } from '../disposal/order.js';
import { isObject, serviceName } from '../shared/inspect.js';
import type { Lifecycle } from './lifecycle.js';
import { ContainerScope, type ContainerScopeHost } from './container-scope.js';
import type { ScopeNodeHost } from './scope-tree.js';
import { SingletonExit, type Singleton, type SingletonHost } from './singleton.js';
import { Singletons } from './singletons.js';

/** What the adapter needs from the module of its container. */
export interface AdapterHost {
  readonly options: LifecycleOptions;
  /** Whether the container is a scope. */
  readonly isScope: boolean;
  readonly container: Container;
  readonly lifecycle: Lifecycle & ExitLink;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

const none: readonly BindingDeactivation[] = [];
const noMarks: readonly MethodHook[] = [];

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
  /** The calls in progress that remove bindings. */
  #removals = 0;
  #planOperations: PlanParamsOperations | undefined;

  constructor(context: PluginContext, host: AdapterHost) {
    this.#context = context;
    this.#host = host;
    this.scope = new ContainerScope(context, this.disposer, this);
    this.#singletons = new Singletons(context);
    this.#collector = new Collector(this.scope, this.#singletons, this);
  }

  /** @throws Error, with nothing changed, if an instance can or could not be collected. */
  watch(): void {
    if (this.isScope) {
      // It was made just now: there is nothing to look through, and the parent has refused if it must.
      watchBindings(this.#context, this);
      this.scope.onPlansDropped();
      return;
    }
    const resolved = this.#singletons.bound().filter((binding) => cachedIn(binding) !== undefined);
    watchBindings(this.#context, this);
    try {
      // Plans that were made before would never look up their bindings again.
      this.#context.planResultCacheService.clearCache();
      const refusal = this.disposer.refusalAround('register LifecycleModule', 'LifecycleModule');
      if (refusal !== undefined) {
        throw refusal;
      }
      resolved.filter(isMaking).forEach((binding) => {
        this.#refuseResolved(binding);
      });
    } catch (error) {
      unwatchBindings(this.#context);
      // The descendants are not to find this container as an ancestor with the module.
      this.#context.planResultCacheService.clearCache();
      throw error;
    }
    this.#readBoundSingletons();
  }

  // Events of Inversify's bindings.

  onPlanning(operations: PlanParamsOperations): void {
    this.#planOperations = operations;
  }

  mayUpdatePlans(operations: PlanParamsOperations): boolean {
    return this.scope.mayUpdatePlans(operations);
  }

  get requesters(): readonly object[] {
    return this.scope.requesters;
  }

  get links(): readonly [ExitLink] {
    return [this.lifecycle];
  }

  activationsFor(
    identifier: ServiceIdentifier,
    handlers: Iterable<BindingActivation>,
  ): Iterable<BindingActivation> {
    return this.#collector.replacements.around(identifier, handlers);
  }

  offered(identifier: ServiceIdentifier): Binding | undefined {
    return this.scope.offered(identifier);
  }

  plannedFor(bindings: Iterable<Binding>): Iterable<Binding> {
    return this.scope.plannedFor(bindings);
  }

  onSnapshot(snapshot: PluginContext['bindingService']): void {
    this.#singletons.onSnapshot(snapshot);
  }

  onBindingsReplaced(): void {
    this.#readBoundSingletons();
    this.#dropUnheld();
  }

  onBindingsDropped(): void {
    this.#singletons.onDropped();
    this.#dropUnheld();
  }

  onBindingLookup(binding: CachingBinding): void {
    this.#collector.instrument(binding);
    if (isMaking(binding) && binding.scope === 'Singleton') {
      this.#singletons.onLookup(binding);
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
  }

  onPlansCleared(): void {
    this.#singletons.onCleared();
    this.#drop([...this.#deactivated].filter(({ binding }) => !this.#singletons.has(binding)));
    if (this.disposer.state === 'disposed') {
      this.#forgetAll();
    }
    this.scope.onPlansDropped();
    if (this.options.disposables === true) {
      this.disposer.parent?.host.expectDisposables();
    }
  }

  // Calls of the container's methods that remove bindings.

  /** Calls a method in which Inversify may deactivate singletons by itself. */
  removing<T>(remove: () => T): T {
    this.#removals++;
    const removed = (): void => {
      this.#removals--;
      this.#forgetDeactivated();
    };
    let result: T | undefined;
    try {
      result =
        this.disposer.state === 'disposing'
          ? this.#singletons.without(this.#isDisposed, remove)
          : remove();
    } finally {
      if (isPromise(result)) {
        this.disposer.beside.add(result);
        result.then(removed, removed);
      } else {
        removed();
      }
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

  get container(): Container {
    return this.#host.container;
  }

  get lifecycle(): Lifecycle & ExitLink {
    return this.#host.lifecycle;
  }

  get options(): LifecycleOptions {
    return this.#host.options;
  }

  get isScope(): boolean {
    return this.#host.isScope;
  }

  hasExitHooks(binding: Binding): boolean {
    if (!isCaching(binding)) {
      return false;
    }
    const { registry } = this.disposer;
    const value: unknown =
      binding.type === 'ConstantValue' ? binding.value : cachedIn(binding)?.value;
    return (
      this.#hasKnownHooks(binding) ||
      // What it hands on may belong to an ancestor.
      (isObject(value) && (registry.ownedEntry(value) !== undefined || registry.isAdopted(value)))
    );
  }

  expectDisposables(): void {
    this.#collector.expectDisposables();
    this.disposer.parent?.host.expectDisposables();
  }

  // The host of the singletons.

  hooksOf(value: unknown): readonly MethodHook[] {
    return hooksOwnedBy(this.disposer, value);
  }

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
    if (this.#removals === 0) {
      // A descendant removes what it has not bound: the binding is left here.
      this.forget(exit.binding, exit.value);
    } else {
      // Its own cache is emptied at the end: until then a second removal finds, and awaits, it.
      this.#singletons.forgetInSnapshots(exit.binding, exit.value);
    }
  }

  forget(binding: CachingBinding, value: unknown): void {
    this.#singletons.forget(binding, value);
    // Without its cached plan, the next construction is planned and inspected again.
    this.#context.planResultCacheService.clearCache();
  }

  get #disposesUnmarked(): boolean {
    return this.disposer.option('disposables') === true;
  }

  /** A disposed singleton stays cached until the end of the disposal, and must not be deactivated again. */
  readonly #isDisposed = ({ latest }: Singleton): boolean => latest?.isDisposed === true;

  #drop(exits: Iterable<SingletonExit>): void {
    const done = [...exits].filter(
      ({ isDeactivated, isIdle, binding }) =>
        isDeactivated || (isIdle && !this.#singletons.has(binding)),
    );
    if (done.length > 0) {
      const dropped = new Set<Exit>(done);
      this.disposer.take((exit) => dropped.has(exit));
      for (const exit of done) {
        this.#deactivated.delete(exit);
        if (this.#singletons.survives(exit.binding)) {
          // The clones lead to what it holds.
          this.#singletons.forget(exit.binding, exit.value);
          exit.dropped();
        }
      }
    }
  }

  /** What a failed removal has exited is not handed out again, although its binding is left. */
  #forgetDeactivated(): void {
    if (this.disposer.state === 'active') {
      this.#deactivated.forEach((exit) => {
        this.forget(exit.binding, exit.value);
      });
    }
  }

  /** Drops what has no hooks, and is held neither by a binding nor by a snapshot any more. */
  #dropUnheld(): void {
    const held = new Set<Exit | undefined>();
    for (const binding of this.#singletons.everywhere()) {
      held.add(this.#collector.instrumentedSingleton(binding)?.heldBy(binding));
    }
    const isUnheld = (exit: Exit): exit is SingletonExit =>
      exit instanceof SingletonExit && exit.isIdle && !held.has(exit);
    for (const exit of this.disposer.take(isUnheld).filter(isUnheld)) {
      exit.dropped();
      this.#deactivated.delete(exit);
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

  /** Whether there are hooks for its values, whatever these are. */
  #hasKnownHooks(binding: CachingBinding): boolean {
    const isDisposed =
      this.#disposesUnmarked &&
      binding.type === 'Instance' &&
      hooksWithDisposal(binding.implementationType.prototype, noMarks).length > 0;
    const hasTeardown =
      binding.scope === 'Singleton' &&
      (this.preDestroyOf(binding).length > 0 ||
        this.userDeactivation(binding) !== undefined ||
        this.serviceDeactivations(binding).length > 0);
    const marked = isMaking(binding) ? (hooksOfClass(binding) ?? noMarks) : noMarks;
    return marked.length > 0 || isDisposed || hasTeardown;
  }

  #refuseResolved(binding: MakingBinding): void {
    const value = cachedIn(binding)?.value;
    // An activation in flight is a promise: it does not reveal whether its value has hooks.
    if (isPromise(value) || this.#hasKnownHooks(binding) || this.hooksOf(value).length > 0) {
      throw new Error(
        `LifecycleModule was registered after ${serviceName(binding.serviceIdentifier, value)} had ` +
          'been resolved, so its exit hooks would never run. Register the module first: ' +
          'container.register(LifecycleModule), right after new Container().',
      );
    }
  }
}
