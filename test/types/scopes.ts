// P31 scopes › work in a scope gives its result, and hooks see whether it has completed
import { Container } from 'inversify';
import { Lifecycle, LifecycleModule, type ExitContext } from 'inversify-onexit';

const container = new Container();
container.register(LifecycleModule);
const lifecycle: Lifecycle = container.get(Lifecycle);

export const awaited: number = await lifecycle.withScope(async (scope: Container) =>
  Promise.resolve(scope.get<number>('number')),
);
export const plain: string = await lifecycle.withScope(() => 'result', {
  defaultScope: 'Singleton',
});
const scope: Container = lifecycle.createScope({ defaultScope: 'Request' });
scope.get(Lifecycle).onExit(({ completed }: ExitContext): boolean => completed);
await scope.dispose({ completed: true });
