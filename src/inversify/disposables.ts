/** Which instances are disposed without a mark: `LifecycleModule.with({ disposables: true })`. */
import type { Disposer } from '../disposal/disposer.js';
import { exitLink } from '../disposal/exit-link.js';
import { exitHooksOf, withDisposeMethod, type MethodHook } from '../hooks/exit-hooks.js';
import { guarded } from '../shared/inspect.js';
import { isPromise } from '../shared/promise.js';

/** The hooks of an instance, with that by which it is a disposable. */
export function hooksWithDisposal(
  value: unknown,
  marked: readonly MethodHook[] = exitHooksOf(value),
): readonly MethodHook[] {
  return isDisposedWithoutMark(value) ? withDisposeMethod(marked, value) : marked;
}

/** Those that a container runs, by its options, for an instance that it owns. */
export function hooksOwnedBy(disposer: Disposer, value: unknown): readonly MethodHook[] {
  return disposer.option('disposables') === true ? hooksWithDisposal(value) : exitHooksOf(value);
}

function isDisposedWithoutMark(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isLeftAlone(value);
}

/** A child container is disposed as a child, and any other by whoever has made it. */
function isLeftAlone(value: object): boolean {
  return guarded(() => isPromise(value) || exitLink in value || isPlainContainer(value), true);
}

/** Not `instanceof`: it may be of another copy of Inversify. */
function isPlainContainer(value: object): boolean {
  return ['bind', 'getAsync', 'snapshot', 'restore'].every(
    (method) => typeof Reflect.get(value, method) === 'function',
  );
}
