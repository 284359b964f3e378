/** A container that is attached to the process, with or without the module: disposes it, reports it. */
import { isPromise } from '../shared/promise.js';

import type { ExitRecord, PendingExit, StartedExit } from '../disposal/exit-report.js';
import type { DisposeOptions } from '../disposal/lifecycle.js';
import { hasBrand } from '../shared/brand.js';
import { systemClock } from '../shared/clock.js';
import { exitLink, pendingOf, type ExitLink } from '../disposal/exit-link.js';
import { classNameOf, isObject } from '../shared/inspect.js';
import type { ExitCause } from './events.js';

/** What can be disposed when the process ends: any container. */
export interface DisposableContainer {
  /**
   * Disposes it; called with the `ExitCause` as `reason`. A container that has `LifecycleModule`
   * reports each hook. Any other counts as one hook, which must stop when `signal` aborts.
   */
  dispose(options?: DisposeOptions): PromiseLike<unknown>;
}

/** Receives the events of a container. `at` is the time of an event, which may be delivered later. */
export interface ContainerListener {
  started(exit: StartedExit, at: number, container: AttachedContainer): void;
  settled(exit: ExitRecord): void;
  /** Its disposal awaits these activations, or scopes; nothing, when it continues. */
  waiting(waited: readonly PendingExit[], container: AttachedContainer): void;
}

type Ended = Pick<ExitRecord, 'outcome' | 'error'>;

export class AttachedContainer {
  readonly container: DisposableContainer;
  readonly #link: ExitLink | undefined;
  readonly #unobserve: (() => void) | undefined;
  #listener: ContainerListener | undefined;
  /** Events for a later listener: the process may end in the middle of a disposal. */
  #queue: ((listener: ContainerListener) => void)[] = [];
  /** Of a container without the module: whether its disposal has begun, and the function that ends it. */
  #hasBegun = false;
  #end: ((ended: Ended) => void) | undefined;

  /** @param disposed called when it has been disposed, which only a container with the module reports. */
  constructor(container: DisposableContainer, disposed: (container: AttachedContainer) => void) {
    this.container = container;
    this.#link = linkOf(container);
    this.#unobserve = this.#link?.observe({
      started: (exit) => {
        this.#started(exit);
      },
      settled: (exit) => {
        this.#settled(exit);
      },
      waiting: (waited) => {
        this.#waiting(pendingOf(waited));
      },
      disposed: () => {
        disposed(this);
      },
    });
  }

  get isDisposed(): boolean {
    return this.#link?.state === 'disposed';
  }

  /** The hooks that its disposal would still run; empty for a container without the module. */
  pending(): readonly PendingExit[] {
    return this.#link?.pending() ?? [];
  }

  detach(): void {
    this.#unobserve?.();
  }

  /** Emits the events of its disposal to a listener from now on, after those that have happened. */
  listen(listener: ContainerListener): void {
    this.#listener = listener;
    for (const emit of this.#queue.splice(0)) {
      emit(listener);
    }
  }

  /**
   * Never rejects: failures are emitted as events.
   *
   * @param time the number of ms that are left before the signal aborts.
   */
  async dispose(reason: ExitCause, signal: AbortSignal, time: number): Promise<void> {
    this.#link?.expect(time);
    const options = { reason, signal };
    if (this.#link === undefined) {
      const end = this.#begin();
      const aborted = new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      try {
        await Promise.race([this.container.dispose(options), aborted]);
        end(signal.aborted ? timedOut(signal.reason) : { outcome: 'done' });
      } catch (error) {
        end({ outcome: 'failed', error });
      }
    } else {
      try {
        await this.container.dispose(options);
      } catch (error) {
        // The errors of its hooks were emitted already.
        if (!hasBrand(error, 'DisposeError')) {
          this.#begin()({ outcome: 'failed', error });
        }
      }
    }
  }

  /** Starts the hooks that are left and awaits none of them, since nothing can be awaited any more. */
  abandon(reason: ExitCause, why: unknown): void {
    if (this.#link !== undefined) {
      this.#link.leave(reason, why);
    } else if (this.#end !== undefined) {
      this.#end(timedOut(why));
    } else if (!this.#hasBegun) {
      const end = this.#begin();
      try {
        const signal = AbortSignal.abort(why);
        const disposed: unknown = this.container.dispose({ reason, signal });
        if (isPromise(disposed)) {
          Promise.resolve(disposed).catch(() => undefined);
          end({ outcome: 'not-awaited' });
        } else {
          end({ outcome: 'done' });
        }
      } catch (error) {
        end({ outcome: 'failed', error });
      }
    }
  }

  #started(exit: StartedExit): void {
    const at = systemClock.now();
    this.#emit((listener) => {
      listener.started(exit, at, this);
    });
  }

  #settled(exit: ExitRecord): void {
    this.#emit((listener) => {
      listener.settled(exit);
    });
  }

  #waiting(waited: readonly PendingExit[]): void {
    this.#emit((listener) => {
      listener.waiting(waited, this);
    });
  }

  #emit(event: (listener: ContainerListener) => void): void {
    if (this.#listener === undefined) {
      this.#queue.push(event);
    } else {
      event(this.#listener);
    }
  }

  /** Begins the disposal of a container without the module. Returns the function that ends it. */
  #begin(): (ended: Ended) => void {
    const began = systemClock.now();
    const service = classNameOf(this.container);
    const exit: StartedExit = {
      id: 0,
      service,
      hook: 'dispose',
      phase: 'exit',
      container: 0,
      startTime: 0,
    };
    this.#hasBegun = true;
    this.#started(exit);
    return (this.#end = (ended) => {
      this.#end = undefined;
      this.#settled({ ...exit, duration: systemClock.now() - began, ...ended });
    });
  }
}

/** @throws TypeError if a value has no method `dispose()`. */
export function containersOf(given: unknown): DisposableContainer[] {
  if (isDisposable(given)) {
    return [given];
  }
  const many =
    isObject(given) && Symbol.iterator in given ? [...(given as Iterable<unknown>)] : [given];
  return many.map((container) => {
    if (!isDisposable(container)) {
      throw new TypeError(
        `disposeOnExit() was given ${classNameOf(container)}, which has no method dispose(). It takes ` +
          'containers: register LifecycleModule on each of them first.',
      );
    }
    return container;
  });
}

function isDisposable(value: unknown): value is DisposableContainer {
  return isObject(value) && 'dispose' in value && typeof value.dispose === 'function';
}

function linkOf(container: DisposableContainer): ExitLink | undefined {
  const link: unknown = Reflect.get(container, exitLink);
  return typeof link === 'function' ? (link.call(container) as ExitLink) : undefined;
}

function timedOut(error: unknown): Ended {
  return { outcome: 'timed-out', error };
}
