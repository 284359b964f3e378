// the public face › every name is imported with `import type`
import type {
  ContainerDisposedError,
  DisposeError,
  DisposeOptions,
  ExitContext,
  ExitHookDecorator,
  ExitHookError,
  ExitOutcome,
  ExitRecord,
  ExitReport,
  Lifecycle,
  LifecycleModule,
  OnExit,
  OnExitCallbackOptions,
  PendingExit,
} from 'inversify-onexit';

export type Names = [
  ContainerDisposedError,
  DisposeError,
  DisposeOptions,
  ExitContext,
  ExitHookDecorator,
  ExitHookError,
  ExitOutcome,
  ExitRecord,
  ExitReport,
  Lifecycle,
  LifecycleModule,
  typeof OnExit,
  OnExitCallbackOptions,
  PendingExit,
];
