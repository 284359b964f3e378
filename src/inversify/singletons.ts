/** The singletons of one container: those that hold an instance, and those being activated. */
import type { Binding, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';

import type { Activation } from '../disposal/activation.js';
import { functionName, identifierName, serviceNameOf } from '../shared/inspect.js';
import { isPromise } from '../shared/promise.js';
import {
  boundHere,
  cachingBindings,
  isCaching,
  mayHaveServiceActivations,
  type CachingBinding,
} from './binding-watch.js';
import { cachedIn } from './construction.js';
import type { Singleton } from './singleton.js';

type BindingService = PluginContext['bindingService'];

const noActivations: readonly Activation[] = [];

export class Singletons implements Iterable<Singleton> {
  readonly #context: PluginContext;
  /** By the ids of their bindings. */
  readonly #byId = new Map<number, Singleton>();
  #mayBeUnbound = false;
  /** They were looked up, and the end of their activation has not been seen. */
  readonly #unfinished = new Set<CachingBinding>();
  /** Copies of the bindings with caches of their own, which restore() may bring back. */
  readonly #snapshots = new Set<BindingService>();

  constructor(context: PluginContext) {
    this.#context = context;
  }

  /** Includes constants and factories. */
  [Symbol.iterator](): Iterator<Singleton> {
    return this.#byId.values();
  }

  /** The bindings of all bound singletons, in the order of the lookup. */
  bound(): CachingBinding[] {
    return singletonsIn(this.#context.bindingService);
  }

  /** The singleton of this binding, and not of the one of which it is a clone. */
  of(binding: CachingBinding): Singleton | undefined {
    const singleton = this.#byId.get(binding.id);
    return singleton?.binding === binding ? singleton : undefined;
  }

  add(singleton: Singleton): void {
    this.#byId.set(singleton.binding.id, singleton);
  }

  /** Called when all bindings were replaced. The caller then adds those that are {@link bound}. */
  reset(): void {
    this.#byId.clear();
  }

  onSnapshot(snapshot: BindingService): void {
    this.#snapshots.add(snapshot);
  }

  onLookup(binding: CachingBinding): void {
    if (cachedIn(binding) === undefined) {
      this.#unfinished.add(binding);
    }
  }

  /** Called when our handler and the binding's own have run. */
  onActivated(binding: CachingBinding, context: ResolutionContext, activated: unknown): void {
    if (!isPromise(activated) && !mayHaveServiceActivations(context, binding.serviceIdentifier)) {
      this.#unfinished.delete(binding);
    }
  }

  onRemoved(binding: CachingBinding): void {
    // A descendant may have removed it; as the descendant has not bound it, it is still bound here.
    if (!this.has(binding)) {
      this.#byId.delete(binding.id);
    }
    this.#stopTracking(binding);
  }

  /** Called when some may have been removed without an event. */
  onDropped(): void {
    this.#mayBeUnbound = true;
  }

  /** Forgets those that were dropped with all bindings, unless they are being activated. */
  onCleared(): void {
    this.#snapshots.delete(this.#context.bindingService);
    for (const binding of this.#unfinished) {
      const bindings: readonly Binding[] = [
        ...(this.#context.bindingService.getById(binding.id) ?? []),
      ];
      // A clone with the same id, which restore() has put in its place, does not count.
      if (!bindings.includes(binding)) {
        this.#stopTracking(binding);
      }
    }
    if (this.#mayBeUnbound) {
      this.#mayBeUnbound = false;
      for (const { binding } of this.#byId.values()) {
        if (!this.has(binding)) {
          this.#byId.delete(binding.id);
        }
      }
    }
  }

  /** Whether the binding, or a clone of it, is bound. */
  has({ id }: CachingBinding): boolean {
    return this.#context.bindingService.getById(id) !== undefined;
  }

  /** The activations in flight. */
  activations(): readonly Activation[] {
    if (this.#unfinished.size === 0) {
      return noActivations;
    }
    const activations: Activation[] = [];
    for (const binding of this.#unfinished) {
      const cached = cachedIn(binding);
      if (cached !== undefined) {
        if (isPromise(cached.value)) {
          activations.push({ service: bindingName(binding), arrival: cached.value });
        } else {
          this.#unfinished.delete(binding);
        }
      }
    }
    return activations;
  }

  /** Empties the cache, so that the next lookup of the service builds a new instance. */
  forget({ id }: CachingBinding): void {
    // A binding that restore() has brought back is a different object with the same id.
    cachingBindings(this.#context.bindingService.getById(id)).forEach(empty);
  }

  /** Drops the instances of all singletons. */
  forgetAll(): void {
    for (const { binding, activations } of this) {
      empty(binding);
      activations.clear();
    }
    this.#unfinished.clear();
    for (const snapshot of this.#snapshots) {
      singletonsIn(snapshot).forEach(empty);
    }
    this.#snapshots.clear();
  }

  /** Empties the caches of the singletons that match until the call has returned. */
  without<T>(hidden: (singleton: Singleton) => boolean, call: () => T): T {
    const caches = new Map([...this].filter(hidden).map(({ binding }) => [binding, binding.cache]));
    [...caches.keys()].forEach(empty);
    try {
      return call();
    } finally {
      for (const [binding, cache] of caches) {
        binding.cache = cache;
      }
    }
  }

  #stopTracking(binding: CachingBinding): void {
    if (!isPromise(cachedIn(binding)?.value)) {
      this.#unfinished.delete(binding);
    }
  }
}

function singletonsIn(bindingService: BindingService): CachingBinding[] {
  return [...bindingService.getNonParentBoundServices()]
    .flatMap((identifier) => boundHere(bindingService, identifier))
    .filter(isCaching)
    .filter(({ scope }) => scope === 'Singleton');
}

/** Shared by all: Inversify replaces it when there is a value to cache. */
const nothing = { isRight: false, value: undefined } as const;

function empty(binding: CachingBinding): void {
  binding.cache = nothing;
}

/** The name of a service before there is an instance. */
function bindingName(binding: CachingBinding): string {
  const { serviceIdentifier } = binding;
  return binding.type === 'Instance'
    ? serviceNameOf(serviceIdentifier, functionName(binding.implementationType))
    : identifierName(serviceIdentifier);
}
