/** Puts handlers on bindings, through which each instance is seen that they make, and its teardown. */
import { isPromise } from '@inversifyjs/common';
import type { BindingDeactivation, ResolutionContext } from '@inversifyjs/core';

import { isMaking, type CachingBinding, type MakingBinding } from './binding-watch.js';
import { exitHooksOf, exitHooksOfPrototype } from '../hooks/exit-hooks.js';
import type { Exit, ExitHook } from '../disposal/exit.js';
import type { ExitStack } from '../disposal/exit-stack.js';
import { isObject } from '../shared/inspect.js';
import type { Owner } from './owner.js';
import { Singleton, type SingletonHost } from './singleton.js';
import type { Singletons } from './singletons.js';
import { TransientSources } from './transient-source.js';
import { Wirings, type Handlers } from './wirings.js';

export class Collector {
  readonly #owner: Owner;
  readonly #singletons: Singletons;
  readonly #host: SingletonHost;
  /** With the singleton that a binding's handlers were made for. */
  readonly #wirings = new Wirings<Singleton | TransientSources>();
  #sources: WeakMap<CachingBinding, TransientSources> | undefined;

  constructor(owner: Owner, singletons: Singletons, host: SingletonHost) {
    this.#owner = owner;
    this.#singletons = singletons;
    this.#host = host;
  }

  /** Sees to it that what the binding makes from here on is collected. */
  wire(binding: CachingBinding): void {
    const hooks = isMaking(binding) ? hooksOfClass(binding) : [];
    if (isMaking(binding) && binding.scope === 'Singleton') {
      this.#wireSingleton(binding);
    } else if (isMaking(binding) && hooks?.length !== 0) {
      this.#wireTransient(binding, hooks);
    } else if (!isMaking(binding)) {
      // What the user made is not exited, but it is deactivated.
      this.#wireGiven(binding);
    } else {
      // A handler, even one that does nothing, would cost each transient Inversify's fast path.
      this.#wirings.unwire(binding);
    }
  }

  /** The singleton that a binding is wired for, be it as a clone of another. */
  wiredFor(binding: CachingBinding): Singleton | undefined {
    const attached = this.#wirings.attachedTo(binding);
    return attached instanceof Singleton ? attached : undefined;
  }

  singletonOf(binding: CachingBinding): Singleton {
    let singleton = this.#singletons.of(binding);
    if (singleton === undefined) {
      singleton = new Singleton(binding, this.#host, this.wiredFor(binding));
      this.#singletons.seen(singleton);
    }
    return singleton;
  }

  /** The binding's handler, as the user has set it. */
  userDeactivation(binding: CachingBinding): BindingDeactivation | undefined {
    return this.#wirings.userDeactivation(binding);
  }

  #wireSingleton(binding: CachingBinding): void {
    const singleton = this.singletonOf(binding);
    if (!this.#wirings.isWired(binding, singleton)) {
      this.#wirings.wire(binding, singleton, (user) => {
        const onDeactivation: BindingDeactivation = (value) => singleton.deactivate(value);
        singleton.wired(onDeactivation, user.onDeactivation);
        return {
          onActivation: (context, value) =>
            this.#singletonActivated(singleton, context, value, user),
          onDeactivation,
        };
      });
    }
  }

  #wireGiven(binding: CachingBinding): void {
    if (this.userDeactivation(binding) === undefined) {
      this.#wirings.unwire(binding);
      // The container may have handlers for it.
      this.singletonOf(binding);
    } else {
      this.#wireSingleton(binding);
    }
  }

  #wireTransient(binding: MakingBinding, hooksOfBinding: readonly ExitHook[] | undefined): void {
    const sources = this.#sourcesOf(binding);
    if (!this.#wirings.isWired(binding, sources)) {
      this.#wirings.wire(binding, sources, (user) => ({
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

  /** They count what lives, so that a clone, or another handler of the user, starts no new ones. */
  #sourcesOf(binding: MakingBinding): TransientSources {
    const attached = this.#wirings.attachedTo(binding);
    let sources = attached instanceof TransientSources ? attached : this.#sources?.get(binding);
    if (sources === undefined) {
      sources = new TransientSources(binding, this.#owner);
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
    const { stack } = this.#owner;
    const exit = singleton.activation(value);
    if (exit !== undefined) {
      if (exit.shared) {
        this.#owner.refuseHandedOn(binding, exit.subject, context);
      }
      // Before the user's handler, which may return another object, and may fail.
      stack.push(exit);
      singleton.activations.add(exit);
      this.#owner.refuseCapture(binding, context);
    }
    const activated = activate(user, context, value);
    if (exit !== undefined) {
      ignoreStandIn(stack, exit.subject, activated);
    }
    this.#singletons.activated(binding, context, activated);
    if (!isPromise(activated)) {
      this.#owner.built(binding);
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
    const owner = this.#owner.ownerOf(binding, context);
    const source = sources.for(owner, instance, hooks);
    const exit: Exit = { subject: instance, source };
    if (owner.option('transients') === 'refuse' && !owner.stack.list.knows(instance)) {
      owner.stack.refuse(exit, source.refusal());
    }
    const owned = source.shared ? owner.ownedBelow(instance, context) : undefined;
    if (owned === undefined) {
      owner.stack.push(exit);
      source.tally.warnOfMany(source.service, owner.stack.list);
    } else {
      owner.refuseOwned(owned, context);
    }
    this.#owner.refuseCapture(binding, context);
    const activated = activate(user, context, instance);
    ignoreStandIn(owner.stack, instance, activated);
    return activated;
  }
}

/** A class tells its hooks before it has an instance; what a function will return does not. */
export function hooksOfClass(binding: MakingBinding): readonly ExitHook[] | undefined {
  return binding.type === 'Instance'
    ? exitHooksOfPrototype(binding.implementationType.prototype)
    : undefined;
}

function activate({ onActivation }: Handlers, context: ResolutionContext, value: unknown): unknown {
  return onActivation === undefined ? value : onActivation(context, value);
}

/** Another binding may hand on the proxy that a handler returned; it is no instance of its own. */
function ignoreStandIn(owner: ExitStack, instance: object, activated: unknown): void {
  if (activated === instance) {
    return;
  }
  if (isPromise(activated)) {
    activated.then(
      (value) => {
        ignoreStandIn(owner, instance, value);
      },
      () => undefined,
    );
  } else if (isObject(activated) && exitHooksOf(activated) === exitHooksOf(instance)) {
    owner.list.ignore(activated, instance);
  }
}
