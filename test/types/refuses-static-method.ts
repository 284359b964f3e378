// P1 any method › a static method is refused
// legacy error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type 'typeof Pool' is not assignable to parameter of type '"@OnExit() marks instance methods; register a static one with lifecycle.onExit() instead"'.
// legacy error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type 'typeof Single' is not assignable to parameter of type '"@OnExit() marks instance methods; register a static one with lifecycle.onExit() instead"'.
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '() => void' is not assignable to parameter of type '"@OnExit() marks instance methods; register a static one with lifecycle.onExit() instead"'.
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '() => Promise<void>' is not assignable to parameter of type '"@OnExit() marks instance methods; register a static one with lifecycle.onExit() instead"'.
import { OnExit } from 'inversify-onexit';

export class Pool {
  @OnExit() static close(): void {}
}

export class Single {
  static readonly instance = new Single();

  private constructor() {}

  @OnExit() static async close(): Promise<void> {}
}
