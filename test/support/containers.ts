import { Container, type BindToFluentSyntax, type ContainerOptions } from 'inversify';
import { LifecycleModule } from 'inversify-onexit';

/** A container as users make it: the module first. */
export function createContainer(options?: ContainerOptions): Container {
  const container = new Container(options);
  container.register(LifecycleModule);
  return container;
}

/** Inversify 7 has the plain names for what is asynchronous. */
interface Inversify7 {
  readonly rebindSync: Container['rebind'];
  readonly unbind: Container['unbindAsync'];
}

export function rebind(
  container: Container | Inversify7,
  service: string,
): BindToFluentSyntax<unknown> {
  return is7(container) ? container.rebindSync(service) : container.rebind(service);
}

export async function unbindAsync(
  container: Container | Inversify7,
  service: string,
): Promise<void> {
  await (is7(container) ? container.unbind(service) : container.unbindAsync(service));
}

function is7(container: object): container is Inversify7 {
  return 'rebindSync' in container;
}
