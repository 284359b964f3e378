/** What each instance costs outside singleton scope, in time and in memory, however many they are. */
import { Container, type BindOnFluentSyntax } from 'inversify';

import type { Case, Limit, Take, Variant } from '../case.js';
import {
  checkClosed,
  closableClass,
  mark,
  type Closable,
  type ClosableClass,
} from '../services.js';
import { bytesFor, timed } from '../take.js';

const alone = 'Inversify alone';
const keeping = 'onActivation that keeps the instance';
const collected = 'with the module';
const less = 'runs no hook';

type Keeper = typeof alone | typeof keeping | typeof collected;
type Bind = (container: Container, made: ClosableClass) => BindOnFluentSyntax<Closable>;

const bindClass: Bind = (container, made) => container.bind(made).toSelf();

const sizes = [1_000, 10_000, 100_000, 1_000_000];

/** What is quadratic would be 1,000; memory that is further from the processor costs a bare loop, too. */
const linear: readonly Limit[] = [{ promise: 'P27', of: '1,000,000', against: '1,000', atMost: 2 }];

export const collecting: readonly Case[] = [
  costCase('a transient', bindClass),
  costCase('a dynamic value', (container, made) =>
    container.bind(made).toDynamicValue(() => new made()),
  ),
  growthCase('keeping with an onActivation', (count) => gets(keeping, count)),
  growthCase('collecting', (count) => gets(collected, count), linear),
  growthCase('a bare reverse loop', bareLoops),
  growthCase('dispose()', disposals, linear),
  ...sizes.slice(2).map(memoryCase),
  singletonMemoryCase(100_000),
];

function costCase(name: string, bind: Bind): Case {
  const count = 100_000;
  const variant = (keeper: Keeper): Variant => ({
    name: keeper,
    ...(keeper === collected ? {} : { less }),
    prepare: async () => {
      const made = await markedClass();
      return timed({
        count,
        before: () => openContainer(keeper, made, bind),
        run: (container) => {
          getMany(container, made, count);
        },
      });
    },
  });
  return {
    name,
    group: 'Collecting transients',
    unit: 'ns',
    per: 'get()',
    samples: 7,
    variants: [variant(keeping), variant(alone), variant(collected)],
    limits: [{ promise: 'P27', of: collected, against: keeping, atMost: 1.25 }],
  };
}

function growthCase(
  name: string,
  prepare: (count: number) => Promise<Take>,
  limits: readonly Limit[] = [],
): Case {
  return {
    name,
    group: 'Growth from 1,000 to 1,000,000 transients',
    unit: 'ns',
    per: 'instance',
    samples: 3,
    variants: sizes.map((count) => ({
      name: count.toLocaleString('en'),
      prepare: () => prepare(count),
    })),
    limits,
  };
}

/** So many containers that their instances are as many as those of the largest, or enough. */
function repeats(count: number): unknown[] {
  return Array.from({ length: Math.max(1, 100_000 / count) });
}

async function gets(keeper: Keeper, count: number): Promise<Take> {
  const made = await markedClass();
  const all = repeats(count);
  return timed({
    count: count * all.length,
    before: () => Promise.all(all.map(() => openContainer(keeper, made))),
    run: (containers) => {
      for (const container of containers) {
        getMany(container, made, count);
      }
    },
  });
}

async function disposals(count: number): Promise<Take> {
  const made = await markedClass();
  const all = repeats(count);
  return timed({
    count: count * all.length,
    before: async () => {
      const containers = await Promise.all(all.map(() => openContainer(collected, made)));
      containers.forEach((container) => {
        getMany(container, made, count);
      });
      return containers;
    },
    run: async (containers) => {
      for (const container of containers) {
        await container.dispose();
      }
    },
    after: () => {
      checkClosed(count * all.length);
    },
  });
}

async function bareLoops(count: number): Promise<Take> {
  const made = await markedClass();
  const all = repeats(count);
  return timed({
    count: count * all.length,
    before: () => all.map(() => Array.from({ length: count }, () => new made())),
    run: (lists) => {
      for (const instances of lists) {
        for (let index = instances.length - 1; index >= 0; index--) {
          void instances[index]?.close();
        }
      }
    },
    after: () => {
      checkClosed(count * all.length);
    },
  });
}

function memoryCase(count: number): Case {
  const variant = (keeper: Keeper): Variant => ({
    name: keeper,
    ...(keeper === keeping ? { less } : {}),
    prepare: async () => {
      const made = await markedClass();
      // Compiles what is used, and fills what is filled once.
      getMany(await openContainer(keeper, made), made, 1_000);
      const container = await openContainer(keeper, made);
      const kept: unknown[] = new Array(count).fill(undefined);
      return async () => {
        const bytes = await bytesFor(count, () => {
          for (let index = 0; index < count; index++) {
            kept[index] = container.get(made);
          }
        });
        // Neither may be collected before.
        return kept.length === count && container.isBound(made) ? bytes : NaN;
      };
    },
  });
  return {
    name: `${count.toLocaleString('en')} transients`,
    group: 'Memory, beyond the instance itself',
    unit: 'bytes',
    per: 'instance',
    samples: 1,
    variants: [variant(alone), variant(keeping), variant(collected)],
    limits: [{ promise: 'P27', of: collected, against: alone, atMost: 64 }],
  };
}

/** With its binding, of which there is one for each. */
function singletonMemoryCase(count: number): Case {
  return {
    name: `${count.toLocaleString('en')} singletons of one class, with their bindings`,
    group: 'Memory, beyond the instance itself',
    unit: 'bytes',
    per: 'singleton',
    samples: 1,
    variants: ([alone, collected] as const).map((keeper) => ({
      name: keeper,
      prepare: async () => {
        const made = await markedClass();
        const container = await openContainer(keeper, made);
        return async () => {
          const bytes = await bytesFor(count, () => {
            for (let index = 0; index < count; index++) {
              const name = `service ${String(index)}`;
              container.bind(name).to(made).inSingletonScope();
              container.get(name);
            }
          });
          return container.isBound(made) ? bytes : NaN;
        };
      },
    })),
  };
}

async function openContainer(
  keeper: Keeper,
  made: ClosableClass,
  bind: Bind = bindClass,
): Promise<Container> {
  const container = new Container();
  if (keeper === collected) {
    const { LifecycleModule } = await import('inversify-onexit');
    container.register(LifecycleModule);
  }
  const bound = bind(container, made);
  if (keeper === keeping) {
    const kept: unknown[] = [];
    // Where the module has its own, too: one for the service would cost more.
    bound.onActivation((_context, instance) => {
      kept.push(instance);
      return instance;
    });
  }
  return container;
}

function getMany(container: Container, made: ClosableClass, count: number): void {
  for (let time = 0; time < count; time++) {
    container.get(made);
  }
}

async function markedClass(): Promise<ClosableClass> {
  const { OnExit } = await import('inversify-onexit');
  const made = closableClass(false);
  mark(made, OnExit());
  return made;
}
