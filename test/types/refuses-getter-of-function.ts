// P1 any method › a getter of a function is refused, where it can be told from a method
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '() => () => void' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
import { OnExit } from 'inversify-onexit';

export class Pool {
  @OnExit() get close(): () => void {
    return () => {};
  }
}
