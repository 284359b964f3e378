// the public face › lifecycle.onExit() of what is no function is refused
// error: Argument of type 'number' is not assignable to parameter of type '(context: ExitContext) => unknown'.
// error: Argument of type 'Promise<void>' is not assignable to parameter of type '(context: ExitContext) => unknown'.
//   Type 'Promise<void>' provides no match for the signature '(context: ExitContext): unknown'.
import type { Lifecycle } from 'inversify-onexit';

export function register(lifecycle: Lifecycle, close: () => Promise<void>): void {
  lifecycle.onExit(42);
  lifecycle.onExit(close());
}
