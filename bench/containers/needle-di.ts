import { Container } from '@needle-di/core';

import type { Opener } from './container.js';

/** It closes nothing: its singletons are not listed where they are closed. */
export const needleDi: Opener = {
  serve: (pool, session) => {
    const container = new Container();
    container.bind({ provide: 'pool', useClass: pool });
    container.get('pool');
    return () => {
      const child = container.createChild();
      child.bind({
        provide: 'session',
        useFactory: (around) => new session(around.get<object>('pool')),
      });
      child.get('session');
      child.unbindAll();
    };
  },
};
