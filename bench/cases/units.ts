/** A child container for each unit of work, as for a request. */
import { setImmediate } from 'node:timers/promises';

import type { Case, Variant } from '../case.js';
import type { Opener } from '../containers/container.js';
import { checkClosed, closableClass, closed, type SessionClass } from '../services.js';
import { timed } from '../take.js';

const count = 5_000;

export const units: readonly Case[] = [
  {
    name: 'a child container that makes and closes one session',
    group: 'A child container for each unit of work',
    unit: 'ns',
    per: 'unit',
    samples: 7,
    variants: [
      variant(
        'inversify, unbindAllAsync()',
        async () => (await import('../containers/inversify.js')).inversify,
        'all at once, dependencies first; the first error ends it',
      ),
      variant('dispose()', async () => (await import('../containers/onexit.js')).onExit),
      variant('createScope()', async () => (await import('../containers/onexit.js')).onExitScopes),
      variant('awilix', async () => (await import('../containers/awilix.js')).awilix, 'as above'),
      variant(
        'tsyringe',
        async () => (await import('../containers/tsyringe.js')).tsyringe,
        'as above',
      ),
      variant(
        'typed-inject',
        async () => (await import('../containers/typed-inject.js')).typedInject,
        'as above',
      ),
      variant(
        'needle-di',
        async () => (await import('../containers/needle-di.js')).needleDi,
        'closes nothing',
      ),
      variant(
        'AsyncDisposableStack',
        async () => (await import('../containers/disposable-stack.js')).disposableStack,
        'creates nothing',
      ),
      variant(
        'no container at all',
        async () => (await import('../containers/bare.js')).bareLoop,
        'the limit',
      ),
    ],
  },
];

function variant(name: string, load: () => Promise<Opener>, less?: string): Variant {
  return {
    name,
    ...(less === undefined ? {} : { less }),
    prepare: async () => {
      const { serve } = await load();
      const serveOne = serve?.(closableClass(false), sessionClass());
      return timed({
        count,
        before: () => undefined,
        run: async () => {
          for (let time = 0; time < count; time++) {
            await serveOne?.();
            if (time % 10 === 0) {
              // Each request is a task of its own. Within one no child container is ever collected
              // that a WeakRef has been made for, as Inversify does, and that is all one measures.
              await setImmediate();
            }
          }
        },
        after: () => {
          if (less !== 'closes nothing') {
            checkClosed(count);
          }
        },
      });
    },
  };
}

function sessionClass(): SessionClass {
  return class Session {
    constructor(readonly pool: object) {}

    close(): void {
      closed.count++;
    }
  };
}
