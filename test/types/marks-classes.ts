// P1 any method › a method of an abstract, generic, derived or private class compiles
import { OnExit, type ExitContext, type ExitHookDecorator } from 'inversify-onexit';

export abstract class Store<Key, Value = Key> {
  protected readonly entries = new Map<Key, Value>();

  abstract flush(): void;

  @OnExit() close(): void {
    this.entries.clear();
  }
}

export class FileStore<Key extends string> extends Store<Key> {
  #open = true;

  @OnExit() override flush(): void {}

  @OnExit() override close(context?: ExitContext): void {
    this.#open = context === undefined;
    void this.#open;
  }
}

export class Single {
  static readonly instance = new Single();

  private constructor() {}

  @OnExit() close(): void {}
}

const closed: ExitHookDecorator = OnExit();

export class Shared {
  @closed close(): void {}
}
