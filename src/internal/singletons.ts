/** The singletons of one container: which hold an instance, and which are being activated. */
import { isPromise } from '@inversifyjs/common';
import type { ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';

import { makingBindings, mayHaveServiceActivations, type MakingBinding } from './binding-watch.js';

export class Singletons implements Iterable<MakingBinding> {
  readonly #context: PluginContext;
  /** Those that were met and have not been seen at the end of their activation. */
  readonly #unfinished = new Set<MakingBinding>();

  constructor(context: PluginContext) {
    this.#context = context;
  }

  *[Symbol.iterator](): Iterator<MakingBinding> {
    const { bindingService } = this.#context;
    for (const identifier of bindingService.getNonParentBoundServices()) {
      for (const binding of makingBindings(bindingService.getNonParentBindings(identifier))) {
        if (binding.scope === 'Singleton') {
          yield binding;
        }
      }
    }
  }

  met(binding: MakingBinding): void {
    if (!binding.cache.isRight) {
      this.#unfinished.add(binding);
    }
  }

  /** Our handler and the binding's own have run. */
  activated(binding: MakingBinding, context: ResolutionContext, activated: unknown): void {
    if (!isPromise(activated) && !mayHaveServiceActivations(context, binding.serviceIdentifier)) {
      this.#unfinished.delete(binding);
    }
  }

  removed(binding: MakingBinding): void {
    if (!isPromise(binding.cache.value)) {
      this.#unfinished.delete(binding);
    }
  }

  /** Forgets those that were dropped with all bindings, unless they are being activated. */
  cleared(): void {
    for (const binding of this.#unfinished) {
      if (this.#context.bindingService.getById(binding.id) === undefined) {
        this.removed(binding);
      }
    }
  }

  /** A promise for the activations in flight that it has not given one for yet. */
  inFlight(): Promise<unknown> | undefined {
    const activations: unknown[] = [];
    for (const binding of this.#unfinished) {
      if (binding.cache.isRight) {
        this.#unfinished.delete(binding);
        if (isPromise(binding.cache.value)) {
          activations.push(binding.cache.value);
        }
      }
    }
    return activations.length === 0 ? undefined : Promise.allSettled(activations);
  }

  /** Makes the next to ask for the service have it built anew. */
  forget({ id }: MakingBinding): void {
    // A binding that restore() has brought back is another object with the same id.
    makingBindings(this.#context.bindingService.getById(id)).forEach(empty);
  }

  forgetAll(): void {
    [...this].forEach(empty);
    this.#unfinished.clear();
  }
}

function empty(binding: MakingBinding): void {
  binding.cache = { isRight: false, value: undefined };
}
