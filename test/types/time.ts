// P18 time › times are numbers, wherever they are given, and a hook sees its signal
import { Container } from 'inversify';
import { Lifecycle, LifecycleModule, OnExit, type ExitContext } from 'inversify-onexit';

export class Pool {
  @OnExit({ timeout: 5_000 }) close({ signal }: ExitContext): boolean {
    return signal.aborted;
  }

  @OnExit({}) flush({ signal: { reason } }: ExitContext): unknown {
    return reason;
  }

  @OnExit({ timeout: Infinity }) wait(): void {}
}

const container = new Container();
container.register(LifecycleModule.with({ timeout: 10_000, hookTimeout: 1_000 }));
new Container().register(LifecycleModule.with({ disposables: true }));
const lifecycle = container.get(Lifecycle);
lifecycle.onExit(({ signal }) => signal.aborted, { timeout: 5, name: 'log' });
await lifecycle.dispose({ timeout: 5 });
await container.dispose({ timeout: 5, reason: 'x' });
