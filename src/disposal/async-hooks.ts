/** Which hooks cannot be run by a disposal that awaits nothing, as far as that can be seen. */
import { DisposeError, ExitHookError } from './errors.js';
import type { ForeignHost } from './exit-link.js';
import { ExitReport, hookLabel, type PendingExit } from './exit-report.js';
import type { Exit, Task } from './exit.js';
import type { Registry } from './registry.js';
import { isAsyncFunction } from '../shared/inspect.js';

/** A container that is to be disposed synchronously, and its children, which are disposed with it. */
export interface SynchronousHost {
  readonly state: 'active' | 'disposing' | 'disposed';
  readonly registry: Registry;
  /** The container that it stands for, if that is of another copy of the package. */
  readonly foreign: Pick<ForeignHost, 'isDisposing' | 'asyncHooks'> | undefined;
  children(): readonly SynchronousHost[];
  uncollected(): readonly Exit[];
}

/** @throws Error if an asynchronous disposal is under way. */
export function refuseDisposing(host: SynchronousHost): void {
  if (isDisposing(host)) {
    const which = host.state === 'disposing' ? 'The container' : 'A child of the container';
    throw new Error(
      `${which} is being disposed already, and a synchronous disposal cannot wait for that. Use ` +
        '`await container.dispose()` or `await using`.',
    );
  }
}

/** Whether an asynchronous disposal of it, or of a descendant, is under way. */
export function isDisposing(host: SynchronousHost): boolean {
  if (host.foreign !== undefined) {
    return host.foreign.isDisposing();
  }
  return (
    host.state === 'disposing' || (host.state === 'active' && host.children().some(isDisposing))
  );
}

/** @throws DisposeError if a hook is visibly an async function. */
export function refuseAsyncHooks(host: SynchronousHost): void {
  const refused = asyncHooksWithin(host);
  if (refused.length > 0) {
    throw refusalOf(
      refused.map(
        (hook) =>
          new ExitHookError(`${hookLabel(hook)} is an async function`, {
            ...hook,
            outcome: 'not-awaited',
          }),
      ),
    );
  }
}

/** The hooks that are visibly async functions, of descendants too. */
export function asyncHooksWithin(host: SynchronousHost): readonly PendingExit[] {
  if (host.foreign !== undefined) {
    return host.foreign.asyncHooks();
  }
  const { drain, exit } = host.registry.tasks(host.uncollected());
  return [...host.children().flatMap(asyncHooksWithin), ...asyncHooksOf([...drain, ...exit])];
}

function asyncHooksOf(tasks: readonly Task[]): PendingExit[] {
  return tasks.flatMap(({ exit: { subject, source }, hooks }) =>
    hooks
      .filter((hook) => isAsyncFunction(hook.target(subject)))
      .map(({ name }) => ({ service: source.service, hook: name })),
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
