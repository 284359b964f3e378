/** What a hook is given: the one argument of every method marked with `@OnExit()` and of every callback. */
export interface ExitContext {
  /** Why the container is disposed: the `reason` given to the first `dispose()`, else `undefined`. */
  readonly reason: unknown;
}
