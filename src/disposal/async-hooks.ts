/** Which hooks cannot be run by a disposal that awaits nothing, as far as that can be seen. */
import { DisposeError, ExitHookError } from './errors.js';
import { ExitReport, hookLabel } from './exit-report.js';
import type { Exit, Task } from './exit.js';
import type { Registry } from './registry.js';
import { isAsyncFunction } from '../shared/inspect.js';

/** A container that is to be disposed synchronously, and its children, which are disposed with it. */
export interface SynchronousHost {
  readonly state: 'active' | 'disposing' | 'disposed';
  readonly registry: Registry;
  children(): readonly SynchronousHost[];
  uncollected(): readonly Exit[];
}

/** @throws Error if an asynchronous disposal is under way. */
export function refuseDisposing(host: SynchronousHost, which = 'The container'): void {
  if (host.state === 'disposing') {
    throw new Error(
      `${which} is being disposed already, and a synchronous disposal cannot wait for that. Use ` +
        '`await container.dispose()` or `await using`.',
    );
  }
  if (host.state === 'active') {
    for (const child of host.children()) {
      refuseDisposing(child, 'A child of the container');
    }
  }
}

/** @throws DisposeError if a hook is visibly an async function. */
export function refuseAsyncHooks(host: SynchronousHost): void {
  const refused = asyncHooksWithin(host);
  if (refused.length > 0) {
    throw refusalOf(refused);
  }
}

function asyncHooksWithin(host: SynchronousHost): ExitHookError[] {
  const { drain, exit } = host.registry.tasks(host.uncollected());
  return [...host.children().flatMap(asyncHooksWithin), ...asyncHooksOf([...drain, ...exit])];
}

function asyncHooksOf(tasks: readonly Task[]): ExitHookError[] {
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

function refusalOf(hooks: readonly ExitHookError[]): DisposeError {
  return new DisposeError(
    'The container was not disposed, and nothing was run: it has exit hooks that a synchronous ' +
      'disposal cannot await. Use `await container.dispose()` or `await using`.',
    hooks,
    new ExitReport(undefined, 0, []),
  );
}
