// P1 any method › a field is refused
// legacy error: Unable to resolve signature of property decorator when called as an expression.
//   Argument of type 'Pool' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// legacy error: Unable to resolve signature of property decorator when called as an expression.
//   Argument of type 'Flag' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// legacy error: Unable to resolve signature of property decorator when called as an expression.
//   Argument of type 'typeof Global' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// standard error: Unable to resolve signature of property decorator when called as an expression.
//   Argument of type 'undefined' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// standard error: Unable to resolve signature of property decorator when called as an expression.
//   Argument of type 'undefined' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// standard error: Unable to resolve signature of property decorator when called as an expression.
//   Argument of type 'undefined' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
import { OnExit } from 'inversify-onexit';

export class Pool {
  @OnExit() close = (): void => {};
}

export class Flag {
  @OnExit() open = true;
}

export class Global {
  @OnExit() static close = (): void => {};
}
