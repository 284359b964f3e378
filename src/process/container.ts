/** A container that is hooked to the process: what is known of it, and how it is disposed. */
import { isPromise } from '@inversifyjs/common';

import type { ExitRecord, PendingExit, StartedExit } from '../disposal/exit-report.js';
import type { DisposeOptions } from '../disposal/lifecycle.js';
import { hasBrand } from '../shared/brand.js';
import { systemClock } from '../shared/clock.js';
import { exitLink, type ExitLink } from '../disposal/exit-link.js';
import { classNameOf, isObject } from '../shared/inspect.js';
import type { ExitCause } from './events.js';

/** What can be disposed when the process ends: any container. */
export interface DisposableContainer {
  /**
   * Disposes it; called with the `ExitCause` as `reason`. Of a container that has `LifecycleModule`
   * each hook is told of; any other is one hook, which has to stop when `signal` aborts.
   */
  dispose(options?: DisposeOptions): PromiseLike<unknown>;
}

/** Who is told what a container does, and when, of what it has done before. */
export interface Told {
  started(exit: StartedExit, at: number, container: HookedContainer): void;
  settled(exit: ExitRecord): void;
}

type Ended = Pick<ExitRecord, 'outcome' | 'error'>;

export class HookedContainer {
  readonly container: DisposableContainer;
  readonly #link: ExitLink | undefined;
  readonly #unobserve: (() => void) | undefined;
  #told: Told | undefined;
  /** What is to be told yet: it may be in the middle of a disposal when the process ends. */
  #untold: ((told: Told) => void)[] = [];
  /** Of a container whose hooks are not known: whether its disposal has begun, and what ends it. */
  #hasBegun = false;
  #end: ((ended: Ended) => void) | undefined;

  /** @param disposed called when it is known to have been disposed. */
  constructor(container: DisposableContainer, disposed: (container: HookedContainer) => void) {
    this.container = container;
    this.#link = linkOf(container);
    this.#unobserve = this.#link?.observe({
      started: (exit) => {
        this.#started(exit);
      },
      settled: (exit) => {
        this.#settled(exit);
      },
      disposed: () => {
        disposed(this);
      },
    });
  }

  get isDisposed(): boolean {
    return this.#link?.state === 'disposed';
  }

  /** What its disposal would still run, as far as that is known. */
  pending(): readonly PendingExit[] {
    return this.#link?.pending() ?? [];
  }

  unhook(): void {
    this.#unobserve?.();
  }

  /** Has somebody told of what its disposal does, and has done. */
  tell(told: Told): void {
    this.#told = told;
    for (const tell of this.#untold.splice(0)) {
      tell(told);
    }
  }

  /** Never rejects: what fails is told. */
  async dispose(reason: ExitCause, signal: AbortSignal): Promise<void> {
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
        // What its hooks have thrown was told already.
        if (!hasBrand(error, 'DisposeError')) {
          this.#begin()({ outcome: 'failed', error });
        }
      }
    }
  }

  /** Nothing can be awaited any more: starts what is left. */
  leave(reason: ExitCause, why: unknown): void {
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
    this.#pass((told) => {
      told.started(exit, at, this);
    });
  }

  #settled(exit: ExitRecord): void {
    this.#pass((told) => {
      told.settled(exit);
    });
  }

  #pass(tell: (told: Told) => void): void {
    if (this.#told === undefined) {
      this.#untold.push(tell);
    } else {
      tell(this.#told);
    }
  }

  /** Returns what ends it. */
  #begin(): (ended: Ended) => void {
    const began = systemClock.now();
    const service = classNameOf(this.container);
    const exit: StartedExit = { service, hook: 'dispose', container: 0, startTime: 0 };
    this.#hasBegun = true;
    this.#started(exit);
    return (this.#end = (ended) => {
      this.#end = undefined;
      this.#settled({ ...exit, duration: systemClock.now() - began, ...ended });
    });
  }
}

/** @throws TypeError if one of them is no container that can be disposed. */
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
