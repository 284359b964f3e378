export type { DisposableContainer } from './process/container.js';
export { disposeOnExit, exit, type Unhook } from './process/dispose-on-exit.js';
export type { ExitCause, ExitEvent } from './process/events.js';
export type { DisposeOnExitOptions } from './process/policy.js';
