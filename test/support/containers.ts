import {
  Container,
  type BindingIdentifier,
  type BindToFluentSyntax,
  type ContainerModule,
  type ContainerOptions,
  type ServiceIdentifier,
} from 'inversify';
import { LifecycleModule } from 'inversify-onexit';

/** A container as users make it: the module first. */
export function createContainer(options?: ContainerOptions): Container {
  const container = new Container(options);
  container.register(LifecycleModule);
  return container;
}

// Inversify 7 has the plain names for what is asynchronous, and names the rest `…Sync`.

export function rebind(
  container: Container,
  service: ServiceIdentifier,
): BindToFluentSyntax<unknown> {
  return call(container, 'rebindSync', 'rebind', service) as BindToFluentSyntax<unknown>;
}

export async function rebindAsync(
  container: Container,
  service: ServiceIdentifier,
): Promise<BindToFluentSyntax<unknown>> {
  return call(container, 'rebind', 'rebindAsync', service) as Promise<BindToFluentSyntax<unknown>>;
}

export function unbind(container: Container, service: ServiceIdentifier): void {
  call(container, 'unbindSync', 'unbind', service);
}

export async function unbindAsync(
  container: Container,
  service: ServiceIdentifier | BindingIdentifier,
): Promise<void> {
  await call(container, 'unbind', 'unbindAsync', service);
}

export async function unbindAllAsync(container: Container): Promise<void> {
  await call(container, 'unbindAll', 'unbindAllAsync');
}

export async function loadAsync(container: Container, module: ContainerModule): Promise<void> {
  await call(container, 'load', 'loadAsync', module);
}

export async function unloadAsync(container: Container, module: ContainerModule): Promise<void> {
  await call(container, 'unload', 'unloadAsync', module);
}

function call(container: Container, in7: string, in8: string, ...parameters: unknown[]): unknown {
  const method: unknown = Reflect.get(container, 'rebindSync' in container ? in7 : in8);
  return Reflect.apply(method as () => unknown, container, parameters);
}
