// P1 any method › a #private method is refused
// legacy error: Decorators are not valid here.
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '() => void' is not assignable to parameter of type '"@OnExit() cannot mark a #private method; declare it with TypeScript's `private` instead"'.
import { OnExit } from 'inversify-onexit';

export class Pool {
  close(): void {
    this.#close();
  }

  @OnExit() #close(): void {}
}
