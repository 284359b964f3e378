/** Puts handlers on a binding that run before the user's, and recovers the user's from them. */
import type { BindingActivation, BindingDeactivation } from '@inversifyjs/core';

import type { CachingBinding } from './binding-watch.js';

export interface Handlers {
  readonly onActivation: BindingActivation | undefined;
  readonly onDeactivation: BindingDeactivation | undefined;
}

/** The handlers that were put on a binding, those of the user, and the object attached to them. */
interface HandlerRecord<T> extends Handlers {
  readonly by: Instrumentation<T>;
  readonly binding: CachingBinding;
  readonly user: Handlers;
  readonly attached: T;
}

// A property of the handlers: a map with many weak keys would slow down each garbage collection.
const recordOf = Symbol('inversify-onexit/handlers');
type Instrumented<T> = (BindingActivation | BindingDeactivation) & {
  [recordOf]?: HandlerRecord<T>;
};

export class Instrumentation<T> {
  /** The handlers that the user has set. */
  userHandlers(binding: CachingBinding): Handlers {
    const { onActivation } = binding;
    const record = this.#find(onActivation);
    return {
      onActivation: record === undefined ? onActivation : record.user.onActivation,
      onDeactivation: this.userDeactivation(binding),
    };
  }

  userDeactivation({ onDeactivation }: CachingBinding): BindingDeactivation | undefined {
    const record = this.#find(onDeactivation);
    return record === undefined ? onDeactivation : record.user.onDeactivation;
  }

  /** The object attached to this binding, or to the one of which it is a clone. */
  attachedTo({ onActivation, onDeactivation }: CachingBinding): T | undefined {
    return (this.#find(onActivation) ?? this.#find(onDeactivation))?.attached;
  }

  /** Whether its handlers were made for `attached` and for this binding, not for its original. */
  isInstrumented(binding: CachingBinding, attached: T): boolean {
    const record = this.#find(binding.onActivation);
    return (
      record?.binding === binding &&
      record.attached === attached &&
      record.onDeactivation === binding.onDeactivation
    );
  }

  /** Puts handlers on a binding. `handlersFor` makes them from those of the user. */
  instrument(
    binding: CachingBinding,
    attached: T,
    handlersFor: (user: Handlers) => Handlers,
  ): void {
    const user = this.userHandlers(binding);
    // Named one by one: a spread took longer than everything else before a first get.
    const { onActivation, onDeactivation } = handlersFor(user);
    const record = { onActivation, onDeactivation, by: this, binding, user, attached };
    for (const kind of ['onActivation', 'onDeactivation'] as const) {
      const handler: Instrumented<T> | undefined = record[kind];
      if (handler !== undefined && handler !== user[kind]) {
        handler[recordOf] = record;
      }
    }
    put(binding, record);
  }

  restore(binding: CachingBinding): void {
    put(binding, this.userHandlers(binding));
  }

  #find(handler: Instrumented<T> | undefined): HandlerRecord<T> | undefined {
    const record = handler?.[recordOf];
    return record?.by === this ? record : undefined;
  }
}

function put(binding: CachingBinding, { onActivation, onDeactivation }: Handlers): void {
  binding.onActivation = onActivation;
  binding.onDeactivation = onDeactivation;
}
