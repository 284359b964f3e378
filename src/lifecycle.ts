import type { ExitContext } from './exit-context.js';
import type { ExitReport, PendingExit } from './exit-report.js';

/** Options of `container.dispose()`. */
export interface DisposeOptions {
  /** Why: hooks see it as `ExitContext.reason`, the report carries it. Only the first call's counts. */
  reason?: unknown;
}

/** Options of `lifecycle.onExit()`. */
export interface OnExitCallbackOptions {
  /** What the callback is called in reports and errors. Default: the name of its function. */
  name?: string;
}

/**
 * The exit side of one container: `container.get(Lifecycle)`, or `@inject(Lifecycle)` in a service.
 * The container with the module that is nearest to where it is asked for answers.
 */
export abstract class Lifecycle {
  constructor() {
    // An autobinding container that lacks the module would make one that does nothing.
    if (new.target === Lifecycle) {
      throw new TypeError(
        'Lifecycle belongs to a container with the module, and this one has none. Register it ' +
          'first: container.register(LifecycleModule).',
      );
    }
  }

  /** `active` until a disposal starts, `disposed` when its last hook has ended; never back. */
  abstract readonly state: 'active' | 'disposing' | 'disposed';

  /**
   * Registers a callback that runs when the container is disposed, in the reverse order of
   * registrations and activations; Python's `atexit.register`. The same callback registered twice
   * runs twice. While the container is being disposed it is run next.
   *
   * @returns its undo, which tells whether the callback was still registered.
   * @throws TypeError if the callback is no function.
   * @throws ContainerDisposedError if the container is disposed.
   */
  abstract onExit(
    callback: (context: ExitContext) => unknown,
    options?: OnExitCallbackOptions,
  ): () => boolean;

  /**
   * Removes every registration of the callback; Python's `atexit.unregister`.
   *
   * @returns how many there were.
   */
  abstract unregister(callback: (context: ExitContext) => unknown): number;

  /**
   * Makes the container own what it did not create. On exit the callback is run, then the value's
   * own `@OnExit()` hooks.
   *
   * @returns the value.
   * @throws TypeError if there is nothing to run: neither a callback nor a marked method.
   * @throws ContainerDisposedError if the container is disposed.
   */
  abstract adopt<T>(value: T, onExit?: (value: T, context: ExitContext) => unknown): T;

  /**
   * Runs the hooks of one instance now and forgets it. What it was built from stays owned; a
   * singleton is built anew when it is next asked for. It is *not* checked whether something still
   * uses the instance.
   *
   * Rejects with an `Error` if this container does not own the instance, and with a `DisposeError`
   * if hooks failed; the instance is forgotten then, too.
   */
  abstract release(instance: object): Promise<void>;

  /** What `dispose()` would run, in that order. It runs nothing. */
  abstract pending(): readonly PendingExit[];

  /** Asks for the shutdown from within: `container.dispose()`, and its promise. */
  abstract dispose(options?: DisposeOptions): Promise<ExitReport>;
}
