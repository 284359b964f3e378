/** Puts handlers on bindings that register each instance on activation, and run its teardown. */
import { isPromise } from '../shared/promise.js';
import type { BindingDeactivation, ResolutionContext } from '@inversifyjs/core';

import { isMaking, type CachingBinding, type MakingBinding } from './binding-watch.js';
import { exitHooksOf, exitHooksOfPrototype } from '../hooks/exit-hooks.js';
import type { Exit } from '../disposal/exit.js';
import type { ExitHook } from '../hooks/exit-hook.js';
import type { Disposer } from '../disposal/disposer.js';
import { isObject } from '../shared/inspect.js';
import type { ContainerScope } from './container-scope.js';
import { Singleton, type SingletonHost } from './singleton.js';
import type { Singletons } from './singletons.js';
import { TransientSources } from './transient-source.js';
import { Instrumentation, type Handlers } from './instrumentation.js';

export class Collector {
  readonly #scope: ContainerScope;
  readonly #singletons: Singletons;
  readonly #host: SingletonHost;
  /** Holds, with the handlers of a binding, the singleton or the sources they were made for. */
  readonly #instrumentation = new Instrumentation<Singleton | TransientSources>();
  #sources: WeakMap<CachingBinding, TransientSources> | undefined;

  constructor(scope: ContainerScope, singletons: Singletons, host: SingletonHost) {
    this.#scope = scope;
    this.#singletons = singletons;
    this.#host = host;
  }

  /** Makes sure that the instances of the binding are collected from now on. */
  instrument(binding: CachingBinding): void {
    const hooks = isMaking(binding) ? hooksOfClass(binding) : [];
    if (isMaking(binding) && binding.scope === 'Singleton') {
      this.#instrumentSingleton(binding);
    } else if (isMaking(binding) && hooks?.length !== 0) {
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
    if (this.userDeactivation(binding) === undefined) {
      this.#instrumentation.restore(binding);
      // The container may have deactivation handlers for the service.
      this.singletonOf(binding);
    } else {
      this.#instrumentSingleton(binding);
    }
  }

  #instrumentTransient(
    binding: MakingBinding,
    hooksOfBinding: readonly ExitHook[] | undefined,
  ): void {
    const sources = this.#sourcesOf(binding);
    if (!this.#instrumentation.isInstrumented(binding, sources)) {
      this.#instrumentation.instrument(binding, sources, (user) => ({
        onDeactivation: user.onDeactivation,
        onActivation: (context, value) => {
          const hooks = hooksOfBinding ?? exitHooksOf(value);
          return isObject(value) && hooks.length > 0
            ? this.#transientActivated(sources, hooks, context, value, user)
            : activate(user, context, value);
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
    if (exit !== undefined) {
      if (exit.isShared) {
        this.#scope.refuseDescendantValue(binding, exit.subject, context);
      }
      // Before the user's handler, which may return another object or throw.
      disposer.push(exit);
      singleton.activations.add(exit);
      this.#scope.refuseCaptiveDependency(binding, context);
    }
    const activated = activate(user, context, value);
    if (exit !== undefined) {
      ignoreStandIn(disposer, exit.subject, activated);
    }
    this.#singletons.onActivated(binding, context, activated);
    if (!isPromise(activated)) {
      this.#scope.onBuilt(binding);
    }
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
    const owner = this.#scope.ownerOf(binding, context);
    const source = sources.for(owner, instance, hooks);
    const exit: Exit = { subject: instance, source };
    if (
      owner.disposer.option('transients') === 'refuse' &&
      !owner.disposer.registry.isTracked(instance)
    ) {
      owner.disposer.refuse(exit, source.refusal());
    }
    const owned = source.isShared ? owner.ownedByDescendant(instance, context) : undefined;
    if (owned === undefined) {
      owner.disposer.push(exit);
      source.live.warnOfMany(source.service, owner.disposer.registry);
    } else {
      owner.refuseOwnedByDescendant(owned, context);
    }
    this.#scope.refuseCaptiveDependency(binding, context);
    const activated = activate(user, context, instance);
    ignoreStandIn(owner.disposer, instance, activated);
    return activated;
  }
}

/** The hooks of a class, known before it has an instance; `undefined` if a function makes the value. */
export function hooksOfClass(binding: MakingBinding): readonly ExitHook[] | undefined {
  return binding.type === 'Instance'
    ? exitHooksOfPrototype(binding.implementationType.prototype)
    : undefined;
}

function activate({ onActivation }: Handlers, context: ResolutionContext, value: unknown): unknown {
  return onActivation === undefined ? value : onActivation(context, value);
}

/** Another binding may return the proxy that a handler has made, which is no instance of its own. */
function ignoreStandIn(disposer: Disposer, instance: object, activated: unknown): void {
  if (activated === instance) {
    return;
  }
  if (isPromise(activated)) {
    activated.then(
      (value) => {
        ignoreStandIn(disposer, instance, value);
      },
      () => undefined,
    );
  } else if (isObject(activated) && exitHooksOf(activated) === exitHooksOf(instance)) {
    disposer.registry.standsIn(activated, instance);
  }
}
