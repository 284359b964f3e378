/// <reference lib="esnext.disposable" preserve="true" />
/** The functions that an application calls to have its containers disposed when the process ends. */
import type { DisposableContainer } from './container.js';
import { processEnd } from './end.js';
import type { DisposeOnExitOptions } from './policy.js';

/** The undo of `disposeOnExit()`: called once or more, or at the end of a `using` block. */
export interface Unhook extends Disposable {
  (): void;
}

/**
 * Disposes containers when the process ends, one at a time, the one that was attached last first:
 * at the end of the event loop, on `exit()`, SIGINT, SIGTERM, SIGHUP (and SIGBREAK on Windows), and on
 * errors and rejections that nothing has caught. On `process.exit()`, which waits for nothing, every
 * hook is started and none is awaited. Hooks find the `ExitCause` as their `reason`.
 *
 * The exit status is honest: after a signal the parent sees the process die of it (or 128 + its
 * number: as the first process of a container, on Windows, and while others listen to the signal);
 * a hook that failed or timed out makes 1 of success and of a signal.
 *
 * Nothing is run on SIGKILL, `process.abort()`, and when memory is exhausted, nor in a worker that
 * is terminated.
 *
 * A container with `LifecycleModule` that is disposed by hand is detached.
 *
 * @throws TypeError if it is given something else than containers, or an option has a value that it
 * does not take (RangeError, if it is a number).
 * @throws Error if an option says something else than what an earlier call has set.
 */
export function disposeOnExit(
  container: DisposableContainer | Iterable<DisposableContainer>,
  options: DisposeOnExitOptions = {},
): Unhook {
  const unhook = processEnd().attach(container, options);
  return Object.assign(
    () => {
      unhook();
    },
    { [Symbol.dispose]: unhook },
  );
}

/**
 * `process.exit()` that disposes first, and waits for that. With nothing to dispose it is
 * `process.exit()`. A later call keeps the first one's code, unless that was 0.
 *
 * The promise never settles: a hook that awaits it waits until its time has passed.
 *
 * @param code by default `process.exitCode`, or else 0.
 * @throws TypeError if the code is no whole number; nothing has happened then.
 */
export async function exit(code?: number): Promise<never> {
  return processEnd().exit(code);
}
