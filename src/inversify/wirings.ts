/** Puts handlers before those that the user has set on a binding, and can tell the two apart. */
import type { BindingActivation, BindingDeactivation } from '@inversifyjs/core';

import type { CachingBinding } from './binding-watch.js';

export interface Handlers {
  readonly onActivation: BindingActivation | undefined;
  readonly onDeactivation: BindingDeactivation | undefined;
}

/** Handlers that were put on a binding, those of the user, and what belongs to them. */
interface Wiring<T> extends Handlers {
  readonly by: Wirings<T>;
  readonly binding: CachingBinding;
  readonly user: Handlers;
  readonly attached: T;
}

// On the handlers themselves: a map of many weak keys costs each garbage collection.
const wiringOf = Symbol('inversify-onexit/wiring');
type Wired<T> = (BindingActivation | BindingDeactivation) & { [wiringOf]?: Wiring<T> };

export class Wirings<T> {
  /** The handlers that the user has set. */
  userHandlers(binding: CachingBinding): Handlers {
    const { onActivation } = binding;
    const wiring = this.#find(onActivation);
    return {
      onActivation: wiring === undefined ? onActivation : wiring.user.onActivation,
      onDeactivation: this.userDeactivation(binding),
    };
  }

  userDeactivation({ onDeactivation }: CachingBinding): BindingDeactivation | undefined {
    const wiring = this.#find(onDeactivation);
    return wiring === undefined ? onDeactivation : wiring.user.onDeactivation;
  }

  /** What was attached to this binding, or to the one that it is a clone of. */
  attachedTo({ onActivation, onDeactivation }: CachingBinding): T | undefined {
    return (this.#find(onActivation) ?? this.#find(onDeactivation))?.attached;
  }

  /** Whether the handlers are on it that were put there with this, and not those of its original. */
  isWired(binding: CachingBinding, attached: T): boolean {
    const wiring = this.#find(binding.onActivation);
    return (
      wiring?.binding === binding &&
      wiring.attached === attached &&
      wiring.onDeactivation === binding.onDeactivation
    );
  }

  /** Puts handlers on a binding, which are made from those of the user. */
  wire(binding: CachingBinding, attached: T, handlersFor: (user: Handlers) => Handlers): void {
    const user = this.userHandlers(binding);
    // Each named: to spread them took longer than all else that is done before a first get.
    const { onActivation, onDeactivation } = handlersFor(user);
    const wiring = { onActivation, onDeactivation, by: this, binding, user, attached };
    for (const kind of ['onActivation', 'onDeactivation'] as const) {
      const handler: Wired<T> | undefined = wiring[kind];
      if (handler !== undefined && handler !== user[kind]) {
        handler[wiringOf] = wiring;
      }
    }
    put(binding, wiring);
  }

  unwire(binding: CachingBinding): void {
    put(binding, this.userHandlers(binding));
  }

  #find(handler: Wired<T> | undefined): Wiring<T> | undefined {
    const wiring = handler?.[wiringOf];
    return wiring?.by === this ? wiring : undefined;
  }
}

function put(binding: CachingBinding, { onActivation, onDeactivation }: Handlers): void {
  binding.onActivation = onActivation;
  binding.onDeactivation = onDeactivation;
}
