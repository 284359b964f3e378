/** The platform's `AbortSignal`, if the compiler has a type for it: it is not part of ECMAScript. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Platforms } }
  ? Platforms
  : { readonly aborted: boolean; readonly reason: unknown };

/** The only argument of every method marked with `@OnExit()`, and of every callback. */
export interface ExitContext {
  /**
   * Aborts when the time of the hook, or of the whole disposal, has passed; the disposal then continues
   * without the hook. The reason is a `TimeoutError`, or that of the `signal` given to `dispose()`. The
   * signal is created when it is first read.
   */
  readonly signal: Signal;
  /** Why the container is disposed: the `reason` given to the first `dispose()`, else `undefined`. */
  readonly reason: unknown;
  /**
   * Whether the container is the scope of a unit of work that has returned: of `lifecycle.withScope(work)`,
   * or one disposed with `dispose({ completed: true })`. Containers within a scope have its value. It is
   * false in every other case: work that threw or has not ended, an application that ends, `release()`.
   */
  readonly completed: boolean;
}
