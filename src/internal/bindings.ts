/** Joins Inversify's bindings to the core: sees each instance that they make, and its teardown. */
import { isPromise } from '@inversifyjs/common';
import type {
  Binding,
  BindingDeactivation,
  PlanParamsOperations,
  ResolutionContext,
} from '@inversifyjs/core';
import type { PluginApi, PluginContext } from '@inversifyjs/plugin';
import type { Container } from 'inversify';

import { ContainerDisposedError } from '../errors.js';
import { Lifecycle } from '../lifecycle.js';
import {
  isMaking,
  unwatchBindings,
  watchBindings,
  type BindingListener,
  type CachingBinding,
  type MakingBinding,
} from './binding-watch.js';
import { cachedIn } from './construction.js';
import { exitHooksOf, exitHooksOfPrototype } from './exit-hooks.js';
import type { Exit, ExitHook } from './exit-run.js';
import { ExitStack, type ExitHost } from './exit-stack.js';
import { isObject, serviceName } from './inspect.js';
import { Owner, ownerToken, type OwnerHost } from './owner.js';
import { checkCollecting, checkInsides } from './self-check.js';
import { Singleton, type SingletonExit, type SingletonHost } from './singleton.js';
import { Singletons } from './singletons.js';
import { TransientSources } from './transient-source.js';
import { Wirings, type Handlers } from './wirings.js';

/** What the container around is asked to do. */
export interface BindingsHost {
  readonly transients: 'own' | 'refuse' | undefined;
  /** Binds what the module itself offers: at first, and whenever Inversify has dropped it. */
  bindServices(owner: Owner): void;
  unbindServices(): void;
  /** Called once, when a container around that has the module is seen. */
  hasParent(): void;
  /** Called once, when a disposal starts. */
  disposing(): void;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

export class ContainerBindings implements ExitHost, OwnerHost, SingletonHost, BindingListener {
  readonly stack = new ExitStack(this);
  readonly #context: PluginContext;
  readonly #host: BindingsHost;
  readonly #owner: Owner;
  readonly #singletons: Singletons;
  readonly #wirings = new Wirings<Singleton | undefined>();
  readonly #unwired = new WeakMap<CachingBinding, Singleton>();
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
  }

  /** @throws Error, with nothing changed, if an instance can or could not be collected. */
  watch(container: Container, api: PluginApi): void {
    const resolved = [...this.#singletons].filter((binding) => cachedIn(binding) !== undefined);
    watchBindings(this.#context, this);
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
    api.onPlan((_options, { tree }) => {
      this.#owner.planned(tree.root);
    });
    this.#owner.announce();
  }

  planningMet(operations: PlanParamsOperations): void {
    this.#planning = operations;
  }

  bindingMet(binding: CachingBinding): void {
    const isSingleton = binding.scope === 'Singleton';
    const hooks = isMaking(binding) ? hooksOfClass(binding) : [];
    if (isMaking(binding) && isSingleton) {
      this.#wireSingleton(binding);
      this.#singletons.met(binding);
      this.#owner.singletonMet(binding);
    } else if (isMaking(binding) && hooks?.length !== 0) {
      this.#wireTransient(binding, hooks);
    } else if (!isMaking(binding) && this.userDeactivation(binding) !== undefined) {
      this.#wireSingleton(binding);
    } else {
      // A handler, even one that does nothing, would cost each transient Inversify's fast path.
      Object.assign(binding, this.#wirings.userHandlers(binding));
    }
  }

  bindingRemoved(binding: CachingBinding): void {
    const singleton = this.#wirings.attachedTo(binding);
    if (singleton === undefined) {
      // Inversify lets a child unbind, and deactivate, what only a container above has bound.
      this.#owner.above?.bindingRemoved(binding);
    }
    this.#drop(singleton?.exits ?? []);
    this.#singletons.removed(binding);
  }

  plansCleared(): void {
    this.#singletons.cleared();
    this.#drop([...this.#deactivated].filter(({ binding }) => !this.#singletons.has(binding)));
    if (this.stack.state === 'disposed') {
      this.#forgetAll();
    }
    if (this.#context.bindingService.getNonParentBindings(ownerToken) === undefined) {
      this.#host.bindServices(this.#owner);
      // Those below have looked for it, and not found it.
      this.#context.planResultCacheService.clearCache();
      return;
    }
    this.#owner.look();
    if (this.#owner.above !== undefined && !this.#hasParent) {
      this.#hasParent = true;
      this.#host.hasParent();
    }
  }

  around<T>(get: () => T): T {
    return this.#owner.around(get);
  }

  get transients(): 'own' | 'refuse' | undefined {
    return this.#host.transients;
  }

  get above(): ExitStack | undefined {
    return this.#owner.above?.stack;
  }

  get hasNewChildren(): boolean {
    return this.#owner.hasNewChildren;
  }

  children(): ExitStack[] {
    return this.#owner.children().map(({ stack }) => stack);
  }

  occupied(): void {
    this.#owner.occupied();
  }

  inFlight(): Promise<unknown> | undefined {
    return this.#singletons.inFlight();
  }

  leftovers(): SingletonExit[] {
    return [...this.#singletons].flatMap((binding) => this.#singletonOf(binding).leftover() ?? []);
  }

  disposing(): void {
    this.#owner.hasNewChildren = true;
    this.#host.disposing();
  }

  disposed(): void {
    this.#forgetAll();
    this.#owner.occupied();
    this.#host.disposed();
  }

  /** Calls what may deactivate singletons; those that were exited already do not show meanwhile. */
  withoutExited<T>(call: () => T): T {
    const isExited = (binding: CachingBinding): boolean =>
      this.#singletonOf(binding).exits.at(-1)?.isExited === true;
    return this.#singletons.without(isExited, call);
  }

  preDestroyOf(binding: Binding): readonly (string | symbol)[] {
    return binding.type === 'Instance' && this.#planning !== undefined
      ? [
          ...this.#planning.getClassMetadata(binding.implementationType).lifecycle
            .preDestroyMethodNames,
        ]
      : [];
  }

  userDeactivation(binding: CachingBinding): BindingDeactivation | undefined {
    return this.#wirings.userHandlers(binding).onDeactivation;
  }

  serviceDeactivations({ serviceIdentifier }: CachingBinding): Iterable<BindingDeactivation> {
    return this.#context.deactivationService.get(serviceIdentifier) ?? [];
  }

  deactivated(exit: SingletonExit): void {
    this.#deactivated.add(exit);
  }

  forget(binding: CachingBinding): void {
    this.#singletons.forget(binding);
    // Its construction is to be planned, and looked at, once more.
    this.#context.planResultCacheService.clearCache();
  }

  exits(binding: Binding): boolean {
    if (!isMaking(binding)) {
      return binding.type === 'ConstantValue' && binding.value instanceof Lifecycle;
    }
    if (binding.scope !== 'Singleton') {
      return (hooksOfClass(binding) ?? []).length > 0;
    }
    const hooks = hooksOfClass(binding) ?? exitHooksOf(cachedIn(binding)?.value);
    return (
      hooks.length > 0 ||
      this.preDestroyOf(binding).length > 0 ||
      this.userDeactivation(binding) !== undefined
    );
  }

  #wireSingleton(binding: CachingBinding): void {
    const singleton = this.#singletonOf(binding);
    if (!this.#wirings.isWired(binding) || this.#wirings.attachedTo(binding) !== singleton) {
      const user = this.#wirings.userHandlers(binding);
      const ours: Handlers = {
        onActivation: (context, value) => this.#singletonActivated(singleton, context, value, user),
        onDeactivation: (value) => singleton.deactivate(value),
      };
      this.#wirings.wire(binding, user, ours, singleton);
    }
  }

  #wireTransient(binding: MakingBinding, hooks: readonly ExitHook[] | undefined): void {
    if (!this.#wirings.isWired(binding) || this.#wirings.attachedTo(binding) !== undefined) {
      const user = this.#wirings.userHandlers(binding);
      const sources = new TransientSources(binding, this.#owner);
      const ours: Handlers = {
        ...user,
        onActivation: (context, value) => {
          const found = hooks ?? exitHooksOf(value);
          return isObject(value) && found.length > 0
            ? this.#transientActivated(sources, found, context, value, user)
            : activate(user, context, value);
        },
      };
      this.#wirings.wire(binding, user, ours, undefined);
    }
  }

  #singletonActivated(
    singleton: Singleton,
    context: ResolutionContext,
    value: unknown,
    user: Handlers,
  ): unknown {
    const { binding } = singleton;
    const exit = singleton.activation(value);
    if (exit !== undefined) {
      if (exit.shared) {
        this.#owner.refuseHandedOn(binding, exit.subject, context);
      }
      // Before the user's handler, which may return another object, and may fail.
      this.stack.push(exit);
      singleton.exits.push(exit);
      this.#owner.refuseCapture(binding, context);
    }
    const activated = activate(user, context, value);
    if (exit !== undefined) {
      ignoreStandIn(this.stack, exit.subject, activated);
    }
    this.#singletons.activated(binding, context, activated);
    return activated;
  }

  #transientActivated(
    sources: TransientSources,
    hooks: readonly ExitHook[],
    context: ResolutionContext,
    instance: object,
    user: Handlers,
  ): unknown {
    const { binding } = sources;
    const owner = this.#owner.ownerOf(binding, context);
    const source = sources.for(owner, instance, hooks);
    const exit: Exit = { subject: instance, source };
    if (owner.refusesTransients) {
      owner.stack.refuse(exit, source.refusal());
    }
    owner.stack.push(exit);
    source.tally.warnOfMany(source.service);
    this.#owner.refuseCapture(binding, context);
    const activated = activate(user, context, instance);
    ignoreStandIn(owner.stack, instance, activated);
    return activated;
  }

  #singletonOf(binding: CachingBinding): Singleton {
    const attached = this.#wirings.attachedTo(binding);
    let singleton = attached?.binding === binding ? attached : this.#unwired.get(binding);
    if (singleton === undefined) {
      singleton = new Singleton(binding, this, attached);
      this.#unwired.set(binding, singleton);
    }
    return singleton;
  }

  #drop(exits: readonly SingletonExit[]): void {
    const done = exits.filter(({ isDeactivated }) => isDeactivated);
    if (done.length > 0) {
      const dropped = new Set<Exit>(done);
      this.stack.take((exit) => dropped.has(exit));
      done.forEach((exit) => this.#deactivated.delete(exit));
    }
  }

  #forgetAll(): void {
    for (const binding of this.#singletons) {
      this.#singletonOf(binding).exits.length = 0;
    }
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

/** A class tells its hooks before it has an instance; what a function will return does not. */
function hooksOfClass(binding: MakingBinding): readonly ExitHook[] | undefined {
  return binding.type === 'Instance'
    ? exitHooksOfPrototype(binding.implementationType.prototype)
    : undefined;
}

function activate({ onActivation }: Handlers, context: ResolutionContext, value: unknown): unknown {
  return onActivation === undefined ? value : onActivation(context, value);
}

/** Another binding may hand on the proxy that a handler returned; it is no instance of its own. */
function ignoreStandIn(owner: ExitStack, instance: object, activated: unknown): void {
  if (isPromise(activated)) {
    activated.then(
      (value) => {
        ignoreStandIn(owner, instance, value);
      },
      () => undefined,
    );
  } else if (
    activated !== instance &&
    isObject(activated) &&
    exitHooksOf(activated) === exitHooksOf(instance)
  ) {
    owner.list.ignore(activated, instance);
  }
}
