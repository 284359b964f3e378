/** What users see of a container's exit side. */
import type { Container, ContainerOptions } from 'inversify';

import type { ExitReport, PendingExit } from '../disposal/exit-report.js';
import type { DisposeOptions, ExitObserver, OnExitCallbackOptions } from '../disposal/lifecycle.js';
import type { ExitContext, Signal } from '../hooks/exit-context.js';

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
   * own `@OnExit()` hooks. The options are those of the callback. If a container of the tree, a parent or
   * a child, owns the value already, its hooks run there, once, and the callback there before them.
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
   * Opens a scope: a child container with the module, for one unit of work, which whoever opened it
   * closes: `await scope.dispose({ completed: true })` once the work is done, `await scope.dispose()` if
   * it failed. Hooks see that as `ExitContext.completed`. Use `withScope()` where the work is one function.
   *
   * A disposal of this container waits for the scopes that run: after its drain hooks, and before each
   * exit; without any limit but its own time. When that has passed it disposes them like other children.
   * A scope that was forgotten with nothing to exit can be collected, and is not
   * waited for then.
   *
   * The scope has the options of this container's module. It can be opened while the container is being
   * disposed, and works with what is still open then.
   *
   * @param options those of Inversify's `Container`, but for the parent; they are not inherited. Default: `{}`.
   * @throws TypeError if the options are no object, or have another parent.
   * @throws ContainerDisposedError if the container is disposed, or the time of its disposal has passed.
   */
  abstract createScope(options?: ContainerOptions): Container;

  /**
   * Does one unit of work in a scope: opens it, calls `work` with it at once, awaits what that returns, and
   * disposes the scope. Hooks of the scope see `completed: true` if the work returned. If it threw, they
   * see `completed: false` and the error as `reason`.
   *
   * The work must not dispose the scope, nor await the disposal of a container around it, which waits for
   * the work.
   *
   * @param options as for {@link createScope}.
   * @returns what the work returned, once the scope is disposed.
   *
   * Rejects with what the work threw; with a `DisposeError` if hooks of the scope failed; with a
   * `SuppressedError` if both happened (`error` is the `DisposeError`, `suppressed` what the work threw);
   * and, if the scope was disposed before the work had returned, with a `ContainerDisposedError` or the
   * `DisposeError` of that disposal. With a `TypeError`, or a `ContainerDisposedError`, as `createScope()`
   * throws it, or if `work` is no function; the work is not called then.
   */
  abstract withScope<T>(
    work: (container: Container) => T | PromiseLike<T>,
    options?: ContainerOptions,
  ): Promise<T>;

  /**
   * What `dispose()` would run, in that order. It runs nothing. A service that is being activated, which
   * `dispose()` would wait for, stands among it with `activation` in the place of a hook. Each scope that runs, which it would wait for
   * as well, stands among it as the hook `work` of the service `scope`; its own hooks do not.
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
