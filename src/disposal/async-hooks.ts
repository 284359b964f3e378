/** Which hooks cannot be run by a disposal that awaits nothing, as far as that can be seen. */
import { DisposeError, ExitHookError } from './errors.js';
import { ExitReport, hookLabel } from './exit-report.js';
import type { Task } from './exit.js';
import { isAsyncFunction } from '../shared/inspect.js';

export function asyncHooksOf(tasks: readonly Task[]): ExitHookError[] {
  return tasks.flatMap(({ exit: { subject, source }, hooks }) =>
    hooks
      .filter((hook) => isAsyncFunction(hook.target(subject)))
      .map(({ name }) => ({ service: source.service, hook: name }))
      .map(
        (hook) =>
          new ExitHookError(`${hookLabel(hook)} is an async function`, {
            ...hook,
            outcome: 'not-awaited',
          }),
      ),
  );
}

export function refusalOf(hooks: readonly ExitHookError[]): DisposeError {
  return new DisposeError(
    'The container was not disposed, and nothing was run: it has exit hooks that a synchronous ' +
      'disposal cannot await. Use `await container.dispose()` or `await using`.',
    hooks,
    new ExitReport(undefined, 0, []),
  );
}
