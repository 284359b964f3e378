/** Puts handlers on bindings that register each instance on activation, and run its teardown. */
import type { BindingDeactivation, ResolutionContext } from '@inversifyjs/core';

import { isMaking, type CachingBinding, type MakingBinding } from './binding-watch.js';
import { exitHooksOf, exitHooksOfPrototype, type MethodHook } from '../hooks/exit-hooks.js';
import { hooksWithDisposal } from './disposables.js';
import { isObject } from '../shared/inspect.js';
import type { ContainerScope } from './container-scope.js';
import { Replacements } from './replacements.js';
import { Singleton, type SingletonHost } from './singleton.js';
import type { Singletons } from './singletons.js';
import { TransientSources } from './transient-source.js';
import { registerTransient } from './transients.js';
import { Instrumentation, type Handlers } from './instrumentation.js';

export class Collector {
  readonly #scope: ContainerScope;
  readonly #singletons: Singletons;
  readonly #host: SingletonHost;
  readonly replacements: Replacements;
  /** Holds, with the handlers of a binding, the singleton or the sources they were made for. */
  readonly #instrumentation = new Instrumentation<Singleton | TransientSources>();
  /** Whether it, or a descendant, disposes instances without marks. */
  #expectsDisposables = false;
  #sources: WeakMap<CachingBinding, TransientSources> | undefined;

  constructor(scope: ContainerScope, singletons: Singletons, host: SingletonHost) {
    this.#scope = scope;
    this.#singletons = singletons;
    this.#host = host;
    this.replacements = new Replacements(scope);
  }

  /** Called when a descendant disposes instances without marks, which may be made from these bindings. */
  expectDisposables(): void {
    this.#expectsDisposables = true;
  }

  /** Makes sure that the instances of the binding are collected from now on. */
  instrument(binding: CachingBinding): void {
    this.#expectsDisposables ||= this.#scope.disposer.option('disposables') === true;
    const hooks = isMaking(binding) ? hooksOfClass(binding) : [];
    if (isMaking(binding) && binding.scope === 'Singleton') {
      this.#instrumentSingleton(binding);
    } else if (
      isMaking(binding) &&
      (hooks?.length !== 0 || this.#expectsDisposables || this.#hasHandler(binding))
    ) {
      this.#instrumentTransient(binding, hooks);
    } else if (!isMaking(binding)) {
      // A value that the user made is not disposed, but it is deactivated.
      this.#instrumentUserValue(binding);
    } else {
      // Any handler, even an empty one, would take Inversify's fast path from each transient.
      this.#instrumentation.restore(binding);
    }
  }

  /** The singleton for which a binding, or the original of a clone, is instrumented. */
  instrumentedSingleton(binding: CachingBinding): Singleton | undefined {
    const attached = this.#instrumentation.attachedTo(binding);
    return attached instanceof Singleton ? attached : undefined;
  }

  singletonOf(binding: CachingBinding): Singleton {
    let singleton = this.#singletons.of(binding);
    if (singleton === undefined) {
      singleton = new Singleton(binding, this.#host, this.instrumentedSingleton(binding));
      this.#singletons.add(singleton);
    }
    return singleton;
  }

  /** Whether the user has set a handler, which may return something with hooks. */
  #hasHandler(binding: CachingBinding): boolean {
    return this.#instrumentation.userHandlers(binding).onActivation !== undefined;
  }

  /** The binding's handler, as the user has set it. */
  userDeactivation(binding: CachingBinding): BindingDeactivation | undefined {
    return this.#instrumentation.userDeactivation(binding);
  }

  #instrumentSingleton(binding: CachingBinding): void {
    const singleton = this.singletonOf(binding);
    if (!this.#instrumentation.isInstrumented(binding, singleton)) {
      this.#instrumentation.instrument(binding, singleton, (user) => {
        const onDeactivation: BindingDeactivation = (value) => singleton.deactivate(value);
        singleton.onInstrumented(onDeactivation, user.onDeactivation);
        return {
          onActivation: (context, value) =>
            this.#singletonActivated(singleton, context, value, user),
          onDeactivation,
        };
      });
    }
  }

  #instrumentUserValue(binding: CachingBinding): void {
    if (this.userDeactivation(binding) !== undefined) {
      this.#instrumentSingleton(binding);
      return;
    }
    // The container may have deactivation handlers for the service.
    const singleton = this.singletonOf(binding);
    if (!this.#hasHandler(binding)) {
      this.#instrumentation.restore(binding);
    } else if (!this.#instrumentation.isInstrumented(binding, singleton)) {
      this.#instrumentation.instrument(binding, singleton, (user) => ({
        onDeactivation: undefined,
        onActivation: (context, value) => this.#activate(binding, user, context, value),
      }));
    }
  }

  #instrumentTransient(
    binding: MakingBinding,
    hooksOfBinding: readonly MethodHook[] | undefined,
  ): void {
    const sources = this.#sourcesOf(binding);
    if (!this.#instrumentation.isInstrumented(binding, sources)) {
      this.#instrumentation.instrument(binding, sources, (user) => ({
        onDeactivation: user.onDeactivation,
        onActivation: (context, value) => {
          const marked =
            hooksOfBinding !== undefined && isMadeBy(binding, value)
              ? hooksOfBinding
              : exitHooksOf(value);
          const hooks = this.#expectsDisposables ? hooksWithDisposal(value, marked) : marked;
          if (isObject(value) && hooks.length > 0) {
            this.#transientActivated(sources, { marked, hooks }, context, value);
          }
          return this.#activate(binding, user, context, value);
        },
      }));
    }
  }

  /** Reused for a clone, and after the user sets another handler: they count the live instances. */
  #sourcesOf(binding: MakingBinding): TransientSources {
    const attached = this.#instrumentation.attachedTo(binding);
    let sources = attached instanceof TransientSources ? attached : this.#sources?.get(binding);
    if (sources === undefined) {
      sources = new TransientSources(binding, this.#scope);
      this.#sources ??= new WeakMap();
      this.#sources.set(binding, sources);
    }
    return sources;
  }

  #singletonActivated(
    singleton: Singleton,
    context: ResolutionContext,
    value: unknown,
    user: Handlers,
  ): unknown {
    const { binding } = singleton;
    const { disposer } = this.#scope;
    const exit = singleton.activation(value);
    const hasHooks = !exit.isIdle;
    if (hasHooks && exit.isShared) {
      this.#scope.refuseDescendantValue(binding, exit.subject, context);
    }
    if (hasHooks || (!disposer.isClosed && this.#singletons.has(binding))) {
      this.#dropFailed(singleton);
      // Before the user's handler, which may return another object or throw. Handlers that are set
      // later run in this place.
      disposer.push(exit);
      singleton.activations.add(exit);
    }
    if (hasHooks && exit.isShared) {
      this.#scope.onHooksFound();
    }
    const refusal = hasHooks ? this.#scope.refusalOf(binding, context) : undefined;
    if (refusal !== undefined && (singleton.hasHandlers || isOwned(this.#scope, exit.subject))) {
      throw refusal;
    }
    const activated = this.#activate(binding, user, context, value);
    this.#singletons.onActivated(binding, context, activated);
    return activated;
  }

  /** Of attempts that fail, only the last is kept, unless there are hooks to run for them. */
  #dropFailed(singleton: Singleton): void {
    const { latest } = singleton;
    if (latest?.isIdle === true) {
      this.#scope.disposer.take((each) => each === latest);
      latest.dropped();
    }
  }

  #transientActivated(
    sources: TransientSources,
    found: FoundHooks,
    context: ResolutionContext,
    instance: object,
  ): void {
    const owner = this.#scope.ownerOf(context);
    const { marked } = found;
    // The options of the owner apply, which may be a descendant of the container that holds the binding.
    const hooks =
      found.hooks !== marked && owner.disposer.option('disposables') === true
        ? found.hooks
        : marked;
    if (hooks.length > 0) {
      registerTransient(sources, owner, instance, hooks, context);
      const refusal = this.#scope.refusalOf(sources.binding, context);
      if (refusal !== undefined && isOwned(owner, instance)) {
        throw refusal;
      }
    }
  }

  /** Calls the handler that the user has set for the binding. */
  #activate(
    { scope, serviceIdentifier: service }: CachingBinding,
    { onActivation }: Handlers,
    context: ResolutionContext,
    value: unknown,
  ): unknown {
    if (onActivation === undefined) {
      return value;
    }
    const returned: unknown = onActivation(context, value);
    if (returned === value) {
      return returned;
    }
    const isSingleton = scope === 'Singleton';
    const owner = isSingleton ? this.#scope : this.#scope.ownerOf(context);
    return this.replacements.register(
      { service, context, owner, isSingleton, holder: this.#scope },
      value,
      returned,
    );
  }
}

/** The hooks of an instance: those that are marked, and those that it has if disposables are disposed. */
interface FoundHooks {
  readonly marked: readonly MethodHook[];
  readonly hooks: readonly MethodHook[];
}

/** The hooks of a class, known before it has an instance; `undefined` if a function makes the value. */
export function hooksOfClass(binding: MakingBinding): readonly MethodHook[] | undefined {
  return binding.type === 'Instance'
    ? exitHooksOfPrototype(binding.implementationType.prototype)
    : undefined;
}

/** Whether it belongs to a container, and is not an ancestor's that was handed on. */
function isOwned({ disposer }: ContainerScope, subject: object): boolean {
  return disposer.registry.ownedEntry(subject) !== undefined;
}

/** Whether a value is what the class of the binding constructs: a constructor may return anything. */
function isMadeBy(binding: MakingBinding, value: unknown): boolean {
  try {
    return (
      binding.type === 'Instance' &&
      Object.getPrototypeOf(value) === binding.implementationType.prototype
    );
  } catch {
    return false;
  }
}
