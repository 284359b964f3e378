import { Container, inject } from 'inversify';
import { Lifecycle, LifecycleModule, OnExit } from 'inversify-onexit';

import { mark, type ClosableClass, type SessionClass } from '../services.js';
import { bindAll, bindSession } from './inversify.js';
import type { Opener } from './container.js';

export const onExit: Opener = {
  decorate: (made) => {
    mark(made, OnExit());
  },
  openAll: (bindings) => {
    const container = new Container();
    container.register(LifecycleModule);
    bindAll(container, bindings);
    return () => container.dispose();
  },
  serve: (pool, session) => {
    const parent = openParent(pool, session);
    return () => {
      const child = new Container({ parent });
      child.register(LifecycleModule);
      bindSession(child, session);
      return child.dispose();
    };
  },
};

/** The same, with scopes. */
export const onExitScopes: Opener = {
  serve: (pool, session) => {
    const lifecycle = openParent(pool, session).get(Lifecycle);
    return () => {
      const scope = lifecycle.createScope();
      bindSession(scope, session);
      return scope.dispose({ completed: true });
    };
  },
};

function openParent(pool: ClosableClass, session: SessionClass): Container {
  mark(pool, OnExit());
  mark(session, OnExit());
  inject(pool)(session, undefined, 0);
  const parent = new Container();
  parent.register(LifecycleModule);
  parent.bind(pool).toSelf().inSingletonScope();
  parent.get(pool);
  return parent;
}
