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

/** What a report alone costs. */
export const reportingLoop: Opener = {
  openAll: (bindings) => {
    const services = bindings.map(({ name, made }) => ({ name, service: new made() })).reverse();
    return () => {
      const exits: object[] = [];
      for (const { name, service } of services) {
        const startTime = performance.now();
        void service.close();
        const duration = performance.now() - startTime;
        exits.push({ service: name, hook: 'close', outcome: 'done', startTime, duration });
      }
      return exits;
    };
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
