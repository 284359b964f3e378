/** The singletons of one container: those that hold an instance, and those being activated. */
import type { Binding, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';

import type { Activation } from '../disposal/activation.js';
import { functionName, identifierName, serviceNameOf } from '../shared/inspect.js';
import { isPromise } from '../shared/promise.js';
import {
  boundHere,
  cachedIn,
  cachingBindings,
  empty,
  isCaching,
  mayHaveServiceActivations,
  type CachingBinding,
} from './binding-watch.js';
import type { Singleton } from './singleton.js';

type BindingService = PluginContext['bindingService'];

const noActivations: readonly Activation[] = [];
const noSnapshots: ReadonlySet<BindingService> = new Set();

export class Singletons implements Iterable<Singleton> {
  readonly #context: PluginContext;
  /** By the ids of their bindings. */
  readonly #byId = new Map<number, Singleton>();
  #mayBeUnbound = false;
  /** They were looked up, and the end of their activation has not been seen. */
  readonly #unfinished = new Set<CachingBinding>();
  /** Copies of the bindings with caches of their own, which restore() may bring back. */
  #snapshots: ReadonlySet<BindingService> = noSnapshots;

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

  /** The bindings of all singletons that are bound, or that restore() may bring back. */
  everywhere(): CachingBinding[] {
    return [this.#context.bindingService, ...this.#snapshots].flatMap(singletonsIn);
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
    this.#snapshots = new Set([...this.#snapshots, snapshot]);
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
    if (this.#snapshots.has(this.#context.bindingService)) {
      const { bindingService } = this.#context;
      this.#snapshots = new Set([...this.#snapshots].filter((each) => each !== bindingService));
    }
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

  /** Empties each cache that holds a value, so that the next lookup of the service builds a new instance. */
  forget(binding: CachingBinding, value: unknown): void {
    // Also in its own, which is bound no more: the handlers of its clones lead to it.
    for (const each of [
      binding,
      ...cachingBindings(this.#context.bindingService.getById(binding.id)),
    ]) {
      this.#forgetIn(each, value);
    }
    this.forgetInSnapshots(binding, value);
  }

  /** The same for the bindings that restore() may bring back. */
  forgetInSnapshots({ id }: CachingBinding, value: unknown): void {
    for (const snapshot of this.#snapshots) {
      // A clone of the binding is a different object with the same id.
      for (const clone of cachingBindings(snapshot.getById(id))) {
        this.#forgetIn(clone, value);
      }
    }
  }

  /** Whether the binding, or a clone of it, is bound, or restore() may bring one back. */
  survives(binding: CachingBinding): boolean {
    return (
      this.has(binding) ||
      [...this.#snapshots].some((snapshot) => snapshot.getById(binding.id) !== undefined)
    );
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
    this.#snapshots = noSnapshots;
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

  #forgetIn(binding: CachingBinding, value: unknown): void {
    const cached = cachedIn(binding);
    // A clone that was made while its value was in flight keeps the promise of it for ever.
    const isSettled = isPromise(cached?.value) && !this.#unfinished.has(binding);
    if (cached?.value === value || isSettled) {
      empty(binding);
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

/** The name of a service before there is an instance. */
function bindingName(binding: CachingBinding): string {
  const { serviceIdentifier } = binding;
  return binding.type === 'Instance'
    ? serviceNameOf(serviceIdentifier, functionName(binding.implementationType))
    : identifierName(serviceIdentifier);
}
