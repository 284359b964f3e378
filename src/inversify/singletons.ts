/** The singletons of one container: which hold an instance, and which are being activated. */
import { isPromise } from '@inversifyjs/common';
import type { Binding, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';

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

export class Singletons implements Iterable<Singleton> {
  readonly #context: PluginContext;
  /** Those that were seen, by the ids of their bindings. */
  readonly #seen = new Map<number, Singleton>();
  #mayBeUnbound = false;
  /** Those that were met and have not been seen at the end of their activation. */
  readonly #unfinished = new Set<CachingBinding>();
  /** They have caches of their own, which restore() may bring back. */
  readonly #snapshots = new Set<BindingService>();

  constructor(context: PluginContext) {
    this.#context = context;
  }

  /** Constants and factories are among them. */
  [Symbol.iterator](): Iterator<Singleton> {
    return this.#seen.values();
  }

  /** All that are bound, in the order in which they are looked for. */
  bound(): CachingBinding[] {
    return singletonsIn(this.#context.bindingService);
  }

  /** That of this binding, and not of the one that it is a clone of. */
  of(binding: CachingBinding): Singleton | undefined {
    const singleton = this.#seen.get(binding.id);
    return singleton?.binding === binding ? singleton : undefined;
  }

  seen(singleton: Singleton): void {
    this.#seen.set(singleton.binding.id, singleton);
  }

  /** Called when all are others than before: those that are {@link bound} are to be seen anew. */
  forgetSeen(): void {
    this.#seen.clear();
  }

  snapshotTaken(snapshot: BindingService): void {
    this.#snapshots.add(snapshot);
  }

  met(binding: CachingBinding): void {
    if (cachedIn(binding) === undefined) {
      this.#unfinished.add(binding);
    }
  }

  /** Our handler and the binding's own have run. */
  activated(binding: CachingBinding, context: ResolutionContext, activated: unknown): void {
    if (!isPromise(activated) && !mayHaveServiceActivations(context, binding.serviceIdentifier)) {
      this.#unfinished.delete(binding);
    }
  }

  removed(binding: CachingBinding): void {
    // A container below may have removed it, and what it had not bound is bound still.
    if (!this.has(binding)) {
      this.#seen.delete(binding.id);
    }
    this.#noLonger(binding);
  }

  /** Some may have been removed without a word. */
  dropped(): void {
    this.#mayBeUnbound = true;
  }

  /** Forgets those that were dropped with all bindings, unless they are being activated. */
  cleared(): void {
    this.#snapshots.delete(this.#context.bindingService);
    for (const binding of this.#unfinished) {
      const bindings: readonly Binding[] = [
        ...(this.#context.bindingService.getById(binding.id) ?? []),
      ];
      // Not a clone of it, which restore() has put in its place.
      if (!bindings.includes(binding)) {
        this.#noLonger(binding);
      }
    }
    if (this.#mayBeUnbound) {
      this.#mayBeUnbound = false;
      for (const { binding } of this.#seen.values()) {
        if (!this.has(binding)) {
          this.#seen.delete(binding.id);
        }
      }
    }
  }

  /** Whether the binding, or a clone of it, is bound. */
  has({ id }: CachingBinding): boolean {
    return this.#context.bindingService.getById(id) !== undefined;
  }

  /** A promise for the activations in flight that it has not given one for yet. */
  inFlight(): Promise<unknown> | undefined {
    const activations: unknown[] = [];
    for (const binding of this.#unfinished) {
      const cached = cachedIn(binding);
      if (cached !== undefined) {
        this.#unfinished.delete(binding);
        if (isPromise(cached.value)) {
          activations.push(cached.value);
        }
      }
    }
    return activations.length === 0 ? undefined : Promise.allSettled(activations);
  }

  /** Makes the next to ask for the service have it built anew. */
  forget({ id }: CachingBinding): void {
    // A binding that restore() has brought back is another object with the same id.
    cachingBindings(this.#context.bindingService.getById(id)).forEach(empty);
  }

  /** Drops what all of them have made. */
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

  /** Empties the caches of some of them until the call has returned. */
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

  #noLonger(binding: CachingBinding): void {
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

/** Inversify puts another in its place when there is something to cache. */
const nothing = { isRight: false, value: undefined } as const;

function empty(binding: CachingBinding): void {
  binding.cache = nothing;
}
