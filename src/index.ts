export { ContainerDisposedError, DisposeError, ExitHookError } from './errors.js';
export type { ExitContext } from './exit-context.js';
export type { ExitOutcome, ExitRecord, ExitReport, PendingExit } from './exit-report.js';
export { Lifecycle, type DisposeOptions, type OnExitCallbackOptions } from './lifecycle.js';
export { LifecycleModule, type LifecycleOptions } from './lifecycle-module.js';
export { OnExit, type ExitHookDecorator } from './on-exit.js';
