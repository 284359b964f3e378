// P1 any method › a method whose parameter does not accept an ExitContext is refused
// legacy error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type 'TypedPropertyDescriptor<(reason: string) => void>' is not assignable to parameter of type '"@OnExit() calls the method with an ExitContext alone, which its parameters do not accept"'.
// legacy error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type 'TypedPropertyDescriptor<({ timeout }: { timeout: number; }) => Promise<void>>' is not assignable to parameter of type '"@OnExit() calls the method with an ExitContext alone, which its parameters do not accept"'.
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '(reason: string) => void' is not assignable to parameter of type '"@OnExit() calls the method with an ExitContext alone, which its parameters do not accept"'.
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '({ timeout }: { timeout: number; }) => Promise<void>' is not assignable to parameter of type '"@OnExit() calls the method with an ExitContext alone, which its parameters do not accept"'.
import { OnExit } from 'inversify-onexit';

export class Pool {
  @OnExit() close(reason: string): void {
    void reason;
  }
}

export class Cache {
  @OnExit() async close({ timeout }: { timeout: number }): Promise<void> {
    await Promise.resolve(timeout);
  }
}
