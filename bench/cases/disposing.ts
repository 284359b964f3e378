/** Closing many singletons, beside what others offer for it. */
import type { Case, Limit, Variant } from '../case.js';
import type { Binding, Opener } from '../containers/container.js';
import { checkClosed, closableClass } from '../services.js';
import { timed } from '../take.js';

const count = 10_000;
const bare = 'a bare reverse loop';
const ours = 'dispose()';
const unbinding = 'inversify, unbindAllAsync()';

const promised: readonly Limit[] = [
  { promise: 'P27', of: ours, against: bare, atMost: 2 },
  { promise: 'P27', of: ours, against: unbinding, atMost: 0.25 },
];

export const disposing: readonly Case[] = [
  disposingCase({ classes: count, isAsync: false }, promised),
  disposingCase({ classes: 1, isAsync: false }),
  disposingCase({ classes: count, isAsync: true }),
  disposingCase({ classes: 1, isAsync: true }),
];

interface Disposed {
  readonly classes: number;
  readonly isAsync: boolean;
}

function disposingCase(disposed: Disposed, limits: readonly Limit[] = []): Case {
  const { classes, isAsync } = disposed;
  const variant = (name: string, load: () => Promise<Opener>, less?: string): Variant => ({
    name,
    ...(less === undefined ? {} : { less }),
    prepare: async () => {
      const { decorate, openAll } = await load();
      const bindings = bindingsOf(disposed);
      for (const made of new Set(bindings.map((binding) => binding.made))) {
        decorate?.(made);
      }
      return timed({
        count,
        before: () => openAll?.(bindings),
        run: (close) => close?.(),
        after: () => {
          checkClosed(count);
        },
      });
    },
  });
  return {
    name: `${isAsync ? 'async' : 'synchronous'} hooks, ${classes === 1 ? 'one class' : `${classes.toLocaleString('en')} classes`}`,
    group: `Disposing ${count.toLocaleString('en')} singletons`,
    unit: 'ns',
    per: 'singleton',
    samples: 7,
    variants: [
      variant(
        bare,
        async () => {
          const { bareAwaitingLoop, bareLoop } = await import('../containers/bare.js');
          return isAsync ? bareAwaitingLoop : bareLoop;
        },
        'the limit: an error ends it',
      ),
      ...(isAsync
        ? []
        : [
            variant(
              'the same loop, writing a report',
              async () => (await import('../containers/bare.js')).reportingLoop,
              'an error ends it',
            ),
          ]),
      variant(ours, async () => (await import('../containers/onexit.js')).onExit),
      variant(
        unbinding,
        async () => (await import('../containers/inversify.js')).inversify,
        'all at once, dependencies first; the first error ends it',
      ),
      variant(
        'awilix',
        async () => (await import('../containers/awilix.js')).awilix,
        'all at once, dependencies first; tells the first error',
      ),
      variant(
        'tsyringe',
        async () => (await import('../containers/tsyringe.js')).tsyringe,
        'all at once, dependencies first; an error ends it',
      ),
      variant(
        'typed-inject',
        async () => (await import('../containers/typed-inject.js')).typedInject,
        'all at once where they are side by side, as here; an error leaves those around open',
      ),
      variant(
        'NestJS application context',
        async () => (await import('../containers/nest.js')).nest,
        'logs errors; all of one depth at once',
      ),
      variant(
        'AsyncDisposableStack',
        async () => (await import('../containers/disposable-stack.js')).disposableStack,
        'creates nothing; no times, no report',
      ),
    ],
    limits,
  };
}

function bindingsOf({ classes, isAsync }: Disposed): Binding[] {
  const made = Array.from({ length: classes }, () => closableClass(isAsync));
  return Array.from({ length: count }, (_, index) => ({
    name: `service ${String(index)}`,
    made: made[index % classes] ?? closableClass(isAsync),
  }));
}
