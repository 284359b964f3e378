export { ContainerDisposedError, DisposeError, ExitHookError } from './errors.js';
export type { ExitContext } from './exit-context.js';
export type {
  ExitOutcome,
  ExitRecord,
  ExitReport,
  PendingExit,
  StartedExit,
} from './exit-report.js';
export {
  Lifecycle,
  type DisposeOptions,
  type ExitObserver,
  type LifecycleOptions,
  type OnExitCallbackOptions,
} from './lifecycle.js';
export { LifecycleModule } from './lifecycle-module.js';
export { OnExit, type ExitHookDecorator, type OnExitOptions } from './on-exit.js';
