/** Joins Inversify's bindings to the core: which instance is owned by which container. */
import { isPromise } from '@inversifyjs/common';
import type { BindingActivation, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import {
  unwatchBindings,
  watchBindings,
  type BindingListener,
  type MakingBinding,
} from './binding-watch.js';
import { exitHooksOf, exitHooksOfPrototype } from './exit-hooks.js';
import type { ExitHook, ExitSource } from './exit-run.js';
import { ExitStack, type ExitHost } from './exit-stack.js';
import { isObject, serviceName } from './inspect.js';
import { checkCollecting, checkInsides } from './self-check.js';
import { Singletons } from './singletons.js';

/** A handler of ours: the binding it was made for, and the user's handler that it goes before. */
interface Wiring {
  readonly binding: MakingBinding;
  readonly next: BindingActivation | undefined;
}

/** What the container around is asked to do. */
export interface BindingsHost {
  /** Binds what the module itself offers: at first, and whenever Inversify has dropped it. */
  bindServices(): void;
  unbindServices(): void;
  /** Called once, when the last hook has ended. */
  disposed(): void;
}

/** Where the nearest container with the module is found. Not registered: copies must not mix. */
export const bindingsToken: ServiceIdentifier<ContainerBindings> = Symbol('inversify-onexit');

export class ContainerBindings implements ExitHost, BindingListener {
  readonly stack: ExitStack;
  readonly #context: PluginContext;
  readonly #host: BindingsHost;
  readonly #parent: ContainerBindings | undefined;
  readonly #wirings = new WeakMap<BindingActivation, Wiring>();
  #stacks = new WeakMap<ResolutionContext, ExitStack>();
  readonly #singletons: Singletons;

  /** @throws Error, before anything is changed, if an instance can no longer be collected. */
  constructor(context: PluginContext, host: BindingsHost, parent?: ContainerBindings) {
    this.stack = new ExitStack(this, parent?.stack);
    checkInsides(context);
    this.#parent = parent;
    this.#context = context;
    this.#host = host;
    this.#singletons = new Singletons(context);
    for (const binding of this.#singletons) {
      refuseResolved(binding);
    }
  }

  /** @throws Error, with nothing changed, if the installed Inversify does not let us collect. */
  watch(container: Container): void {
    watchBindings(this.#context, this);
    try {
      checkCollecting(container, this.#context, this.stack.list);
    } catch (error) {
      unwatchBindings(this.#context);
      this.#host.unbindServices();
      throw error;
    }
    this.#parent?.childRegistered();
  }

  bindingMet(binding: MakingBinding): void {
    const current = binding.onActivation;
    const wiring = current === undefined ? undefined : this.#wirings.get(current);
    const next = wiring === undefined ? current : wiring.next;
    const hooks = hooksOfClass(binding);
    const singleton = binding.scope === 'Singleton';
    if (!singleton && hooks?.length === 0) {
      // A handler, even one that does nothing, would cost each transient Inversify's fast path.
      binding.onActivation = next;
      return;
    }
    // A binding restored from a snapshot has the handler that was made for the original.
    if (wiring?.binding !== binding) {
      binding.onActivation = this.#activation(binding, hooks, next);
      this.#wirings.set(binding.onActivation, { binding, next });
    }
    if (singleton) {
      this.#singletons.met(binding);
    }
  }

  bindingRemoved(binding: MakingBinding): void {
    this.#singletons.removed(binding);
  }

  plansCleared(): void {
    this.#singletons.cleared();
    if (this.stack.state === 'disposed') {
      this.#singletons.forgetAll();
    }
    if (this.#context.bindingService.getNonParentBindings(bindingsToken) === undefined) {
      this.#host.bindServices();
    }
  }

  /** A child has the module now: what was found for its resolutions is not true any more. */
  childRegistered(): void {
    this.#stacks = new WeakMap();
    this.#parent?.childRegistered();
  }

  inFlight(): Promise<unknown> | undefined {
    return this.#singletons.inFlight();
  }

  disposed(): void {
    this.#singletons.forgetAll();
    this.#host.disposed();
  }

  #activation(
    binding: MakingBinding,
    hooksOfBinding: readonly ExitHook[] | undefined,
    next: BindingActivation | undefined,
  ): BindingActivation {
    let source: ExitSource | undefined;
    return (context, instance) => {
      const hooks = hooksOfBinding ?? exitHooksOf(instance);
      if (!isObject(instance) || hooks.length === 0) {
        return this.#activate(binding, next, context, instance);
      }
      if (source?.hooks !== hooks) {
        source = this.#sourceOf(binding, instance, hooks);
      }
      const owner = this.#ownerOf(binding, context);
      // Before the user's handler, which may return another object, and may fail.
      owner.push({ subject: instance, source });
      const activated = this.#activate(binding, next, context, instance);
      ignoreStandIn(owner, instance, activated);
      return activated;
    };
  }

  #activate(
    binding: MakingBinding,
    next: BindingActivation | undefined,
    context: ResolutionContext,
    instance: unknown,
  ): unknown {
    const activated = next === undefined ? instance : next(context, instance);
    if (binding.scope === 'Singleton') {
      this.#singletons.activated(binding, context, activated);
    }
    return activated;
  }

  #ownerOf(binding: MakingBinding, context: ResolutionContext): ExitStack {
    if (binding.scope === 'Singleton') {
      return this.stack;
    }
    let stack = this.#stacks.get(context);
    if (stack === undefined) {
      ({ stack } = context.get(bindingsToken));
      this.#stacks.set(context, stack);
    }
    return stack;
  }

  #sourceOf(binding: MakingBinding, instance: object, hooks: readonly ExitHook[]): ExitSource {
    return {
      service: serviceName(binding.serviceIdentifier, instance),
      hooks,
      shared: binding.type !== 'Instance',
      released: () => {
        this.#singletons.forget(binding);
      },
    };
  }
}

/** A class tells its hooks before it has an instance; what a function will return does not. */
function hooksOfClass(binding: MakingBinding): readonly ExitHook[] | undefined {
  return binding.type === 'Instance'
    ? exitHooksOfPrototype(binding.implementationType.prototype)
    : undefined;
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

function refuseResolved(binding: MakingBinding): void {
  const { isRight, value } = binding.cache;
  const hooks = hooksOfClass(binding) ?? exitHooksOf(value);
  // What an activation in flight will bring cannot be told from its promise.
  if (isRight && (hooks.length > 0 || isPromise(value))) {
    throw new Error(
      `LifecycleModule was registered after ${serviceName(binding.serviceIdentifier, value)} had ` +
        'been resolved, so its exit hooks would never run. Register the module first: ' +
        'container.register(LifecycleModule), right after new Container().',
    );
  }
}
