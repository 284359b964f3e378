// P1 any method › a class is refused
// error: Unable to resolve signature of class decorator when called as an expression.
//   Argument of type 'typeof Pool' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
import { OnExit } from 'inversify-onexit';

@OnExit()
export class Pool {
  close(): void {}
}
