import { asClass, createContainer, InjectionMode } from 'awilix';

import type { Opener } from './container.js';

export const awilix: Opener = {
  openAll: (bindings) => {
    const container = createContainer();
    for (const { name, made } of bindings) {
      container.register(
        name,
        asClass(made)
          .singleton()
          .disposer((service) => service.close()),
      );
    }
    for (const { name } of bindings) {
      container.resolve(name);
    }
    return () => container.dispose();
  },
  serve: (pool, session) => {
    const container = createContainer({ injectionMode: InjectionMode.CLASSIC });
    container.register('pool', asClass(pool).singleton());
    container.register(
      'session',
      asClass(session)
        .scoped()
        .disposer((service) => service.close()),
    );
    container.resolve('pool');
    return () => {
      const scope = container.createScope();
      scope.resolve('session');
      return scope.dispose();
    };
  },
};
