/** The platform's `AbortSignal`, for compilers that know one: it is not among ECMAScript's types. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Platforms } }
  ? Platforms
  : { readonly aborted: boolean; readonly reason: unknown };

/** What a hook is given: the one argument of every method marked with `@OnExit()` and of every callback. */
export interface ExitContext {
  /**
   * Aborts when the hook's time has passed, or that of the whole disposal; the disposal goes on then
   * without it. The reason is a `TimeoutError`, or that of the `signal` given to `dispose()`. It is
   * made when it is first read.
   */
  readonly signal: Signal;
  /** Why the container is disposed: the `reason` given to the first `dispose()`, else `undefined`. */
  readonly reason: unknown;
}
