export { ContainerDisposedError, DisposeError, ExitHookError } from './disposal/errors.js';
export type { ExitContext } from './hooks/exit-context.js';
export type {
  ExitOutcome,
  ExitRecord,
  ExitReport,
  PendingExit,
  StartedExit,
} from './disposal/exit-report.js';
export type {
  DisposeOptions,
  ExitObserver,
  LifecycleOptions,
  OnExitCallbackOptions,
} from './disposal/lifecycle.js';
export { Lifecycle } from './inversify/lifecycle.js';
export { LifecycleModule } from './inversify/lifecycle-module.js';
export type { UsedService } from './hooks/exit-hook.js';
export { OnExit, type ExitHookDecorator } from './hooks/on-exit.js';
export type { OnExitOptions } from './hooks/options.js';
