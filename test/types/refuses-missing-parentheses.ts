// P1 any method › @OnExit without parentheses is refused
// legacy error: 'OnExit' accepts too few arguments to be used as a decorator here. Did you mean to call it first and write '@OnExit()'?
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Type '() => void' has no properties in common with type 'OnExitOptions'.
// standard error: Decorator function return type 'ExitHookDecorator' is not assignable to type 'void | (() => void)'.
//   Type 'ExitHookDecorator' is not assignable to type '() => void'.
//     Target signature provides too few arguments. Expected 3 or more, but got 0.
import { OnExit } from 'inversify-onexit';

export class Pool {
  @OnExit close(): void {}
}
