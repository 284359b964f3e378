import { container as root, inject, injectable } from 'tsyringe';

import { alias } from '../services.js';
import type { Opener } from './container.js';

export const tsyringe: Opener = {
  decorate: (made) => {
    alias(made, 'dispose');
  },
  openAll: (bindings) => {
    const container = root.createChildContainer();
    for (const { name, made } of bindings) {
      container.registerSingleton(name, made);
    }
    for (const { name } of bindings) {
      container.resolve(name);
    }
    return () => container.dispose();
  },
  serve: (pool, session) => {
    alias(session, 'dispose');
    inject('pool')(session, undefined, 0);
    injectable()(session);
    const container = root.createChildContainer();
    container.registerSingleton('pool', pool);
    container.resolve('pool');
    return () => {
      const child = container.createChildContainer();
      child.registerSingleton('session', session);
      child.resolve('session');
      return child.dispose();
    };
  },
};
