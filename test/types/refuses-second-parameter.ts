// P1 any method › a method with a second required parameter is refused
// legacy error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type 'TypedPropertyDescriptor<(context: ExitContext, force: boolean) => void>' is not assignable to parameter of type '"@OnExit() calls the method with an ExitContext alone, which its parameters do not accept"'.
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '(context: ExitContext, force: boolean) => void' is not assignable to parameter of type '"@OnExit() calls the method with an ExitContext alone, which its parameters do not accept"'.
import { OnExit, type ExitContext } from 'inversify-onexit';

export class Pool {
  @OnExit() close(context: ExitContext, force: boolean): void {
    void [context, force];
  }
}
