// P1 any method › a method of any name and any visibility compiles
import { OnExit } from 'inversify-onexit';

const flush = Symbol('flush');

export class Pool {
  @OnExit() close(): void {
    this.drain();
    this.log();
  }

  @OnExit() private drain(): void {}

  @OnExit() protected log(): void {}

  @OnExit() [flush](): void {}

  @OnExit() async [Symbol.asyncDispose](): Promise<void> {}

  @OnExit() [Symbol.dispose](): void {}

  @OnExit() 'close all'(): void {}

  @OnExit() 42(): void {}
}
