import { Container, type ContainerOptions } from 'inversify';
import { LifecycleModule } from 'inversify-onexit';

/** A container as users make it: the module first. */
export function createContainer(options?: ContainerOptions): Container {
  const container = new Container(options);
  container.register(LifecycleModule);
  return container;
}
