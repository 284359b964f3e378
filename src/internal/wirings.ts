/** Puts handlers before those that the user has set on a binding, and can tell the two apart. */
import type { BindingActivation, BindingDeactivation } from '@inversifyjs/core';

import type { CachingBinding } from './binding-watch.js';

export interface Handlers {
  readonly onActivation: BindingActivation | undefined;
  readonly onDeactivation: BindingDeactivation | undefined;
}

/** Handlers that were put on a binding, those of the user, and what belongs to them. */
interface Wiring<T> extends Handlers {
  readonly binding: CachingBinding;
  readonly user: Handlers;
  readonly attached: T;
}

export class Wirings<T> {
  readonly #wirings = new WeakMap<BindingActivation | BindingDeactivation, Wiring<T>>();

  /** The handlers that the user has set. */
  userHandlers({ onActivation, onDeactivation }: CachingBinding): Handlers {
    const activation = this.#find(onActivation);
    const deactivation = this.#find(onDeactivation);
    return {
      onActivation: activation === undefined ? onActivation : activation.user.onActivation,
      onDeactivation:
        deactivation === undefined ? onDeactivation : deactivation.user.onDeactivation,
    };
  }

  /** What was attached to this binding, or to the one that it is a clone of. */
  attachedTo({ onActivation, onDeactivation }: CachingBinding): T | undefined {
    return (this.#find(onActivation) ?? this.#find(onDeactivation))?.attached;
  }

  /** Whether the binding has the handlers that were put on it, and not those of its original. */
  isWired(binding: CachingBinding): boolean {
    const wiring = this.#find(binding.onActivation);
    return wiring?.binding === binding && wiring.onDeactivation === binding.onDeactivation;
  }

  wire(binding: CachingBinding, user: Handlers, ours: Handlers, attached: T): void {
    const wiring: Wiring<T> = { ...ours, binding, user, attached };
    for (const kind of ['onActivation', 'onDeactivation'] as const) {
      const handler = ours[kind];
      if (handler !== undefined && handler !== user[kind]) {
        this.#wirings.set(handler, wiring);
      }
    }
    binding.onActivation = ours.onActivation;
    binding.onDeactivation = ours.onDeactivation;
  }

  #find(handler: BindingActivation | BindingDeactivation | undefined): Wiring<T> | undefined {
    return handler === undefined ? undefined : this.#wirings.get(handler);
  }
}
