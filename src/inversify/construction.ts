/** The singletons of a container that are being built through its descendants. */
import { isPromise } from '../shared/promise.js';

import type { CachingBinding } from './binding-watch.js';

/** The construction of one singleton, from the moment when its cache was read and found empty. */
export class Construction {
  /** The number of constructions so far, of all containers; it defines their order. */
  static begun = 0;

  readonly order = Construction.begun++;
  readonly binding: CachingBinding;
  /** True until the end of the tick in which it began. */
  isFresh = true;
  readonly #cache: CachingBinding['cache'];

  constructor(binding: CachingBinding) {
    this.binding = binding;
    this.#cache = binding.cache;
  }

  /** Whether its synchronous part may be running: an instance activated meanwhile is built for it. */
  get isRunning(): boolean {
    return this.isFresh && this.binding.cache === this.#cache;
  }

  /** Whether it awaits something: an instance activated meanwhile may be built for it. */
  get isWaiting(): boolean {
    // Before the tick ends, nothing that it awaits can have continued.
    return !this.isFresh;
  }
}

export class Constructions {
  readonly #underway = new Set<Construction>();
  #withUnknownParts: WeakSet<CachingBinding> | undefined;

  [Symbol.iterator](): Iterator<Construction> {
    return this.#underway.values();
  }

  /** Calls `began` when the construction of a singleton that is not built yet begins. */
  watch(binding: CachingBinding, began: (mayHaveUnknownParts: boolean) => void): void {
    const { cache } = binding;
    // A clone shares the cache of its original.
    const isWatched = cache instanceof WatchedCache && cache.binding === binding;
    if (!isWatched && cachedIn(binding) === undefined) {
      binding.cache = new WatchedCache(binding, () => {
        this.#begin(new Construction(binding));
        began(binding.type === 'DynamicValue' || this.#withUnknownParts?.has(binding) === true);
      });
    }
  }

  /** Records that its parts may resolve further parts, which are in no plan. */
  expectUnknownParts(binding: CachingBinding): void {
    this.#withUnknownParts ??= new WeakSet();
    this.#withUnknownParts.add(binding);
  }

  of(binding: CachingBinding): Construction | undefined {
    for (const construction of this.#underway) {
      if (construction.binding === binding) {
        return construction;
      }
    }
    return undefined;
  }

  end(binding: CachingBinding): void {
    const construction = this.of(binding);
    if (construction !== undefined) {
      this.#underway.delete(construction);
    }
  }

  #begin(construction: Construction): void {
    this.#underway.add(construction);
    queueMicrotask(() => {
      construction.isFresh = false;
      const cached = cachedIn(construction.binding);
      if (isPromise(cached?.value)) {
        const end = (): void => {
          this.#underway.delete(construction);
        };
        cached.value.then(end, end);
      } else {
        this.#underway.delete(construction);
      }
    });
  }
}

/** The cached value of a binding. Never reads `isRight` of a watched cache: that reports a construction. */
export function cachedIn({
  cache,
}: Pick<CachingBinding, 'cache'>): { readonly value: unknown } | undefined {
  return cache instanceof WatchedCache || !cache.isRight ? undefined : cache;
}

/**
 * The cache of a singleton that is not built yet; Inversify replaces it when it is built. The resolver
 * reads `isRight` right before it builds, and nothing else reveals the start of a construction.
 */
class WatchedCache {
  readonly binding: CachingBinding;
  readonly value = undefined;
  readonly #onRead: () => void;

  constructor(binding: CachingBinding, onRead: () => void) {
    this.binding = binding;
    this.#onRead = onRead;
  }

  get isRight(): false {
    this.#onRead();
    return false;
  }
}
