import type { ExitContext, Signal } from '../hooks/exit-context.js';
import type { ExitRecord, ExitReport, PendingExit, StartedExit } from './exit-report.js';
import type { OnExitOptions } from '../hooks/options.js';

/** Options of `LifecycleModule.with()`. Default of each: what the container around has, if it has the module. */
export interface LifecycleOptions {
  /**
   * How many ms a whole disposal has. When they have passed, the hooks that are left are started in
   * order and not awaited. Default: Infinity.
   */
  timeout?: number;
  /**
   * How many ms each hook has that states no `timeout` of its own. When they have passed, its
   * `ExitContext.signal` aborts, and the disposal goes on without it. Default: Infinity.
   */
  hookTimeout?: number;
  /**
   * How many ms a disposal waits for instances that are still being activated. When they have passed, it
   * goes on without them, and its report names them as `timed-out`; what arrives later exits then.
   * Default: `hookTimeout`; if that is Infinity, half of the time that the disposal has left, and
   * without any limit Infinity.
   */
  activationTimeout?: number;
  /**
   * What to do with an instance that has exit hooks and is not in singleton scope: `'own'` it until
   * the container is disposed or it is released; or `'refuse'` it, so that its activation fails (it
   * is exited at once then). Default: `'own'`.
   */
  transients?: 'own' | 'refuse';
}

/** Options of `container.dispose()`. */
export interface DisposeOptions {
  /**
   * How many ms the disposal has, from this call on. When they have passed, the hooks that are left
   * are started in order and not awaited. A later call can only shorten it. Default: that of the module.
   */
  timeout?: number;
  /** Leaves the disposal no time once it has aborted, as if its `timeout` had passed. */
  signal?: Signal;
  /** Why: hooks see it as `ExitContext.reason`, the report carries it. Only the first call's counts. */
  reason?: unknown;
}

/** Options of `lifecycle.onExit()` and `lifecycle.adopt()`. */
export interface OnExitCallbackOptions extends OnExitOptions {
  /** What the callback is called in reports and errors. Default: the name of its function. */
  name?: string;
}

/**
 * Observes a disposal while it runs. Each exit is given as the report has it, those of children
 * included; what a child whose disposal had begun before has done until then comes at once. Exits that
 * overlap have different `id`s. A method that throws, or rejects, harms nothing, and is not awaited. The
 * observer's first error is thrown as an uncaught one when the outermost disposal has ended.
 */
export interface ExitObserver {
  /** The disposal starts. */
  disposing?(disposal: { readonly reason: unknown }): void;
  /** A hook is about to be called. */
  started?(exit: StartedExit): void;
  /** A hook has settled, or is not waited for any more. */
  settled?(exit: ExitRecord): void;
  /** The disposal has ended, whatever failed. */
  disposed?(report: ExitReport): void;
}

/**
 * The exit side of one container: `container.get(Lifecycle)`, or `@inject(Lifecycle)` in a service.
 * It is that of the nearest container with the module.
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
   * Aborts the moment in which a disposal of the container, or of one around it, starts, with its
   * reason: what accepts work stops accepting it, and can be done with the rest when its hook is called.
   * What a listener throws is an uncaught error, as with any `AbortSignal`. It is made when it is first
   * read, and has aborted already if a disposal has started by then.
   */
  abstract readonly signal: Signal;

  /**
   * Registers a callback that runs when the container is disposed, in the reverse order of
   * registrations and activations; Python's `atexit.register`. The same callback registered twice
   * runs twice. While the container is being disposed it runs next, in its phase; a drain callback that
   * comes after the drain phase runs next, too.
   *
   * @returns its undo, which returns whether the callback was still registered.
   * @throws TypeError if the callback is no function.
   * @throws TypeError or RangeError if an option has a value that it does not take.
   * @throws ContainerDisposedError if the container is disposed, or the time of its disposal has passed.
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
   * own `@OnExit()` hooks. The options are those of the callback.
   *
   * @returns the value.
   * @throws TypeError if there is nothing to run, neither a callback nor a marked method, or if there are
   * options and no callback.
   * @throws TypeError or RangeError if an option has a value that it does not take.
   * @throws ContainerDisposedError if the container is disposed, or the time of its disposal has passed.
   */
  abstract adopt<T>(
    value: T,
    onExit?: (value: T, context: ExitContext) => unknown,
    options?: OnExitCallbackOptions,
  ): T;

  /**
   * Runs the hooks of one instance now and forgets it. What it was built from stays owned; a
   * singleton is built anew by the next `get`. It is *not* checked whether something still
   * uses the instance.
   *
   * Called again while the hooks run, it waits for them.
   *
   * Rejects with an `Error` if this container does not own the instance, and with a `DisposeError`
   * if hooks failed; the instance is forgotten then, too.
   */
  abstract release(instance: object): Promise<void>;

  /**
   * What `dispose()` would run, in that order. It runs nothing. A service that is being activated, which
   * `dispose()` would wait for, stands among it with `activation` in the place of a hook.
   */
  abstract pending(): readonly PendingExit[];

  /**
   * Adds an observer of the disposal of this container; without one observing costs nothing. What is
   * released, or unbound, is not part of a disposal, and not observed.
   *
   * @returns its undo.
   * @throws TypeError if the observer is no object.
   */
  abstract observe(observer: ExitObserver): () => void;

  /** Asks for the shutdown from within: `container.dispose()`, and its promise. */
  abstract dispose(options?: DisposeOptions): Promise<ExitReport>;
}
