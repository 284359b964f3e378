import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { alias } from '../services.js';
import type { Opener } from './container.js';

/** Its scopes for a unit of work call no hooks, whatever they are. */
export const nest: Opener = {
  decorate: (made) => {
    alias(made, 'onModuleDestroy');
  },
  openAll: async (bindings) => {
    Logger.overrideLogger(false);
    class Application {}
    Module({ providers: bindings.map(({ name, made }) => ({ provide: name, useClass: made })) })(
      Application,
    );
    const context = await NestFactory.createApplicationContext(Application);
    return () => context.close();
  },
};
