import { createInjector } from 'typed-inject';

import { alias } from '../services.js';
import type { Opener } from './container.js';

export const typedInject: Opener = {
  decorate: (made) => {
    alias(made, 'dispose');
  },
  openAll: (bindings) => {
    const injector = createInjector();
    for (const { name, made } of bindings) {
      // Side by side: within one another, 10,000 of them overflow the stack.
      injector.provideClass(name, made).resolve(name);
    }
    return () => injector.dispose();
  },
  serve: (pool, session) => {
    alias(session, 'dispose');
    const injected = Object.assign(session, { inject: ['pool'] as const });
    const injector = createInjector().provideClass('pool', pool);
    injector.resolve('pool');
    return () => {
      const child = injector.provideClass('session', injected);
      child.resolve('session');
      return child.dispose();
    };
  },
};
