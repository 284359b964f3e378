// P1 any method › a method that returns anything compiles
import { OnExit, type ExitContext } from 'inversify-onexit';

export class Pool<Connection> {
  connection?: Connection;

  @OnExit() async async(context: ExitContext): Promise<number> {
    return Promise.resolve(Number(context.reason));
  }

  @OnExit() thenable(): PromiseLike<Connection | undefined> {
    return Promise.resolve(this.connection);
  }

  @OnExit() value(): Connection | undefined {
    return this.connection;
  }

  @OnExit() itself(): this {
    return this;
  }

  @OnExit() any(): any {
    return this.connection;
  }

  @OnExit() iterable(): Iterable<number> {
    return [1];
  }

  @OnExit() never(): never {
    throw new Error();
  }
}
