import { Container, inject, preDestroy, type Newable } from 'inversify';

import { mark, type SessionClass } from '../services.js';
import type { Binding, Opener } from './container.js';

export const inversify: Opener = {
  decorate: (made) => {
    mark(made, preDestroy());
  },
  openAll: (bindings) => {
    const container = new Container();
    bindAll(container, bindings);
    return () => container.unbindAllAsync();
  },
  serve: (pool, session) => {
    mark(session, preDestroy());
    inject(pool)(session, undefined, 0);
    const parent = new Container();
    parent.bind(pool).toSelf().inSingletonScope();
    parent.get(pool);
    return () => {
      const child = new Container({ parent });
      bindSession(child, session);
      return child.unbindAllAsync();
    };
  },
};

export function bindAll(container: Container, bindings: readonly Binding[]): void {
  const services = servicesOf(bindings);
  bindings.forEach(({ made }, index) => {
    container
      .bind(services[index] ?? made)
      .to(made)
      .inSingletonScope();
  });
  for (const service of services) {
    container.get(service);
  }
}

export function bindSession(child: Container, session: SessionClass): void {
  child.bind(session).toSelf().inSingletonScope();
  child.get(session);
}

/** A class stands for itself, where there is one for each. */
function servicesOf(bindings: readonly Binding[]): readonly (string | Newable)[] {
  const areMany = bindings[0]?.made !== bindings[1]?.made;
  return bindings.map(({ name, made }) => (areMany ? made : name));
}
