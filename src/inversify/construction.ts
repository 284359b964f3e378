/** Which singletons of a container are being built through its descendants. */
import { isPromise } from '@inversifyjs/common';

import type { CachingBinding } from './binding-watch.js';

/** The building of a singleton, from the moment in which its cache was found empty. */
export class Construction {
  /** How many there have been, of whatever container: their order. */
  static begun = 0;

  readonly order = Construction.begun++;
  readonly binding: CachingBinding;
  /** Until the tick ends in which it began. */
  isFresh = true;
  readonly #cache: CachingBinding['cache'];

  constructor(binding: CachingBinding) {
    this.binding = binding;
    this.#cache = binding.cache;
  }

  /** Whether its synchronous part may be running: what is activated meanwhile is built for it. */
  get isRunning(): boolean {
    return this.isFresh && this.binding.cache === this.#cache;
  }

  /** Whether it waits for something: what is activated meanwhile may be built for it. */
  get isWaiting(): boolean {
    // Nothing of what it waits for can have gone on before the tick has ended.
    return !this.isFresh;
  }
}

export class Constructions {
  readonly #underway = new Set<Construction>();
  #expectingMore: WeakSet<CachingBinding> | undefined;

  [Symbol.iterator](): Iterator<Construction> {
    return this.#underway.values();
  }

  /** Sees to it that the beginning is seen of a singleton that is not built yet. */
  watch(binding: CachingBinding, began: (mayAskForMore: boolean) => void): void {
    const { cache } = binding;
    // A clone shares the cache of its original.
    const isWatched = cache instanceof WatchedCache && cache.binding === binding;
    if (!isWatched && cachedIn(binding) === undefined) {
      binding.cache = new WatchedCache(binding, () => {
        this.#begin(new Construction(binding));
        began(binding.type === 'DynamicValue' || this.#expectingMore?.has(binding) === true);
      });
    }
  }

  /** Notes that what it is built from may ask for more, which no plan tells of. */
  expectMore(binding: CachingBinding): void {
    this.#expectingMore ??= new WeakSet();
    this.#expectingMore.add(binding);
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

/** What a binding has cached; to look at `isRight` is to build it. */
export function cachedIn({ cache }: CachingBinding): { readonly value: unknown } | undefined {
  return cache instanceof WatchedCache || !cache.isRight ? undefined : cache;
}

/**
 * The cache of a singleton that is not built yet. Inversify replaces it when it is. The resolver
 * looks at `isRight` before it builds, which is the only sign of it.
 */
class WatchedCache {
  readonly binding: CachingBinding;
  readonly value = undefined;
  readonly #looked: () => void;

  constructor(binding: CachingBinding, looked: () => void) {
    this.binding = binding;
    this.#looked = looked;
  }

  get isRight(): false {
    this.#looked();
    return false;
  }
}
