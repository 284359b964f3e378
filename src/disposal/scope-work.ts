/** One unit of work in a scope: opened, worked in, closed. */
import { ContainerDisposedError } from './errors.js';
import type { ExitReport } from './exit-report.js';
import type { DisposeOptions } from './lifecycle.js';
import { suppressedError } from './suppressed-error.js';

/** What the work needs of its scope. */
export interface WorkScope {
  readonly state: 'active' | 'disposing' | 'disposed';
  dispose(options: DisposeOptions): Promise<ExitReport>;
}

/**
 * Awaits the work, then the disposal of the scope. Rejects with what the work has thrown; with the
 * `DisposeError` of the disposal; with both in one `SuppressedError`; or, if the scope was disposed before
 * the work has returned, with a `ContainerDisposedError` or the `DisposeError` of that disposal.
 */
export async function workIn<T>(scope: WorkScope, work: () => T | PromiseLike<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await closeAfter(error, scope);
    throw error;
  }
  const wasDisposed = scope.state !== 'active';
  // If it was, this is how that has ended.
  await scope.dispose({ completed: true });
  if (wasDisposed) {
    throw ContainerDisposedError.ofScope();
  }
  return result;
}

/** @throws SuppressedError if the disposal fails. */
async function closeAfter(reason: unknown, scope: WorkScope): Promise<void> {
  try {
    await scope.dispose({ reason });
  } catch (error) {
    throw suppressedError(error, reason);
  }
}
