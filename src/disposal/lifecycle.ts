/** The options that users give, and what observes a disposal. */
import type { Signal } from '../hooks/exit-context.js';
import type { ExitRecord, ExitReport, StartedExit } from './exit-report.js';
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
  /**
   * Whether an instance that the container makes, and that has a method `[Symbol.asyncDispose]`, or else
   * `[Symbol.dispose]`, has that as an exit hook without a mark: once, after its marked hooks, and called
   * without an argument. Functions, promises and containers are left alone, and so is what you made
   * (constants, what a factory returns, what is adopted). The options of the container that owns the instance
   * apply. Classes outside singleton scope are then watched, with hooks or not. Default: `false`.
   */
  disposables?: boolean;
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
  /**
   * Of a scope: whether its unit of work has done what it was for. Hooks see it as
   * `ExitContext.completed`, and commit or roll back. Only the first call's counts. Default: false.
   */
  completed?: boolean;
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
