/** Who wants to be told of disposals while they run. */
import type { ExitObserver } from '../lifecycle.js';
import { throwUncaught } from './inspect.js';

type Events = Required<ExitObserver>;

interface Observing {
  readonly observer: ExitObserver;
  failure?: { readonly error: unknown };
}

export class Observers {
  readonly #observing = new Set<Observing>();

  get size(): number {
    return this.#observing.size;
  }

  /** Returns its undo. */
  add(observer: ExitObserver): () => void {
    const observing: Observing = { observer };
    this.#observing.add(observing);
    return () => {
      this.#observing.delete(observing);
    };
  }

  tell<Event extends keyof Events>(event: Event, about: Parameters<Events[Event]>[0]): void {
    for (const observing of this.#observing) {
      try {
        const method = observing.observer[event] as ((about: unknown) => void) | undefined;
        method?.call(observing.observer, about);
      } catch (error) {
        observing.failure ??= { error };
      }
    }
  }

  /** Called when a disposal has ended: an uncaught error may end the process, and cut it off. */
  end(): void {
    for (const { failure } of this.#observing) {
      if (failure !== undefined) {
        throwUncaught(failure.error);
      }
    }
    this.#observing.clear();
  }
}
