/** No container: what cannot be done with less. */
import type { Opener } from './container.js';

export const bareLoop: Opener = {
  openAll: (bindings) => {
    const services = bindings.map(({ made }) => new made());
    return () => {
      for (let index = services.length - 1; index >= 0; index--) {
        void services[index]?.close();
      }
    };
  },
  serve: (pool, session) => {
    const opened = new pool();
    return () => new session(opened).close();
  },
};

export const bareAwaitingLoop: Opener = {
  openAll: (bindings) => {
    const services = bindings.map(({ made }) => new made());
    return async () => {
      for (let index = services.length - 1; index >= 0; index--) {
        await services[index]?.close();
      }
    };
  },
};
