import { Container, inject } from 'inversify';
import { LifecycleModule, OnExit } from 'inversify-onexit';

import { mark } from '../services.js';
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
    mark(pool, OnExit());
    mark(session, OnExit());
    inject(pool)(session, undefined, 0);
    const parent = new Container();
    parent.register(LifecycleModule);
    parent.bind(pool).toSelf().inSingletonScope();
    parent.get(pool);
    return () => {
      const child = new Container({ parent });
      child.register(LifecycleModule);
      bindSession(child, session);
      return child.dispose();
    };
  },
};
