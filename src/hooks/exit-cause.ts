/** Why exit hooks run. */
export interface ExitCause {
  /** The `reason` given to the first `dispose()`. */
  readonly reason: unknown;
  /** Whether the unit of work that the container was for has returned. */
  readonly completed: boolean;
}

/** Of hooks that run although nobody has given one. */
export const noCause: ExitCause = { reason: undefined, completed: false };
