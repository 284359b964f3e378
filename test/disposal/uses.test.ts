/** What a hook declares to need, although it was not injected: it is run before that exits. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import {
  inject,
  injectable,
  LazyServiceIdentifier,
  type Container,
  type Newable,
  type ServiceIdentifier,
  unmanaged,
} from 'inversify';
import { Lifecycle, OnExit, type ExitReport } from 'inversify-onexit';

import { closing, made, thrownBy } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { never, reportOf } from '../support/limits.js';
import { log, Pool } from '../support/services.js';

type Uses = readonly (ServiceIdentifier | LazyServiceIdentifier)[];

let warnings: { readonly message: string; readonly type: unknown }[];

beforeEach(() => {
  log.length = 0;
  warnings = [];
  // Not by its event: what jest gives as `process` has those of another.
  jest.spyOn(process, 'emitWarning').mockImplementation((message, options) => {
    warnings.push({
      message: String(message),
      type: (options as unknown as { type: unknown }).type,
    });
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** A class whose only hook tells its name. */
function using(name: string, uses: Uses, hook: () => unknown = () => undefined): Newable<object> {
  @injectable()
  class Service {
    @OnExit({ uses })
    close(): unknown {
      log.push(name);
      return hook();
    }
  }
  Object.defineProperty(Service, 'name', { value: name });
  return Service;
}

function onExit(container: Container, name: string, uses?: Uses): void {
  container.get(Lifecycle).onExit(() => log.push(name), { name, ...(uses && { uses }) });
}

/** Binds a singleton that is given instances of others, and has it made. */
function madeOf(
  container: Container,
  type: Newable<object>,
  dependencies: readonly ServiceIdentifier[],
): object {
  container
    .bind(type.name)
    .toResolvedValue(
      (...parts: unknown[]) => Object.assign(new type(), { parts }),
      [...dependencies],
    )
    .inSingletonScope();
  return container.get(type.name);
}

/** Each before the next, whatever is in between. */
function expectInOrder(...names: readonly string[]): void {
  expect(log.filter((name) => names.includes(name))).toEqual(names);
}

function bindPool(container: Container): void {
  container.bind(Pool).toSelf().inSingletonScope();
}

describe('P10 Order', () => {
  describe('a hook is run before the hooks of what it uses, though that was activated later', () => {
    test('a callback', async () => {
      const container = createContainer();
      bindPool(container);
      onExit(container, 'flush', [Pool]);
      container.get(Pool);
      await container.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test('a callback of an adopted value', async () => {
      const container = createContainer();
      bindPool(container);
      container.get(Lifecycle).adopt({}, () => log.push('adopted'), { uses: [Pool] });
      container.get(Pool);
      await container.dispose();
      expect(log).toEqual(['adopted', 'Pool']);
    });

    test('a method', async () => {
      const container = createContainer();
      bindPool(container);
      made(container, using('Queue', [Pool]));
      container.get(Pool);
      await container.dispose();
      expect(log).toEqual(['Queue', 'Pool']);
    });

    test('all hooks of an instance of which one uses it', async () => {
      @injectable()
      class Queue {
        @OnExit()
        last(): void {
          log.push('last');
        }

        @OnExit({ uses: [Pool] })
        middle(): void {
          log.push('middle');
        }

        @OnExit()
        first(): void {
          log.push('first');
        }
      }
      const container = createContainer();
      bindPool(container);
      made(container, Queue);
      container.get(Pool);
      await container.dispose();
      expectInOrder('first', 'middle', 'Pool');
      expectInOrder('first', 'middle', 'last');
    });

    test('what was activated earlier is exited after it anyway', async () => {
      const container = createContainer();
      bindPool(container);
      container.get(Pool);
      made(container, using('Queue', [Pool]));
      onExit(container, 'flush', [Pool, 'Queue']);
      await container.dispose();
      expect(log).toEqual(['flush', 'Queue', 'Pool']);
    });

    test('the others stay in their order', async () => {
      const container = createContainer();
      bindPool(container);
      for (const name of ['one', 'two']) {
        made(container, closing(name));
      }
      onExit(container, 'flush', [Pool]);
      made(container, closing('three'));
      container.get(Pool);
      made(container, closing('four'));
      await container.dispose();
      expectInOrder('flush', 'Pool');
      expectInOrder('four', 'three', 'two', 'one');
      expect(log).toHaveLength(6);
    });

    test('transitively: A uses B, and B uses C', async () => {
      const container = createContainer();
      made(container, using('A', ['B']));
      made(container, using('B', ['C']));
      made(container, closing('C'));
      await container.dispose();
      expect(log).toEqual(['A', 'B', 'C']);
    });

    test('along a chain of a hundred', async () => {
      const container = createContainer();
      const names = Array.from({ length: 100 }, (_, index) => `Number ${String(index)}`);
      for (const [index, name] of names.entries()) {
        made(container, using(name, names.slice(index + 1, index + 2)));
      }
      await container.dispose();
      expect(log).toEqual(names);
    });

    test('when its time is spent, and when nothing can be awaited', async () => {
      const ways: ((container: Container) => Promise<void>)[] = [
        async (container) => {
          await reportOf(container.dispose({ signal: AbortSignal.abort() }));
        },
        async (container) => {
          container[Symbol.dispose]();
        },
      ];
      for (const dispose of ways) {
        log.length = 0;
        const container = createContainer();
        made(container, using('A', ['B']));
        made(container, using('B', ['C']));
        made(container, closing('C'));
        await dispose(container);
        expect(log).toEqual(['A', 'B', 'C']);
      }
    });

    test('once it has settled', async () => {
      const container = createContainer();
      bindPool(container);
      const Queue = using('Queue', [Pool], async () => {
        await setImmediate();
        log.push('Queue has closed');
      });
      made(container, Queue);
      container.get(Pool);
      await container.dispose();
      expect(log).toEqual(['Queue', 'Queue has closed', 'Pool']);
    });

    test('once its time has passed', async () => {
      const container = createContainer();
      bindPool(container);
      container.get(Lifecycle).onExit(never, { name: 'hangs', uses: [Pool], timeout: 5 });
      container.get(Pool);
      const { exits } = await reportOf(container.dispose());
      expect(exits.map(({ hook, outcome }) => `${hook} ${outcome}`)).toEqual([
        'hangs timed-out',
        'close done',
      ]);
    });

    test('what is activated while the container is being disposed, too', async () => {
      const container = createContainer();
      bindPool(container);
      onExit(container, 'flush', [Pool]);
      container.get(Lifecycle).onExit(() => {
        container.get(Pool);
        log.push('last work');
      });
      await container.dispose();
      expect(log).toEqual(['last work', 'flush', 'Pool']);
    });

    test('a callback that is unregistered holds up nothing', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      bindPool(container);
      const undo = lifecycle.onExit(() => log.push('flush'), { uses: [Pool] });
      onExit(container, 'between');
      container.get(Pool);
      undo();
      await container.dispose();
      expect(log).toEqual(['Pool', 'between']);
    });
  });

  describe('what it uses is every instance of the service', () => {
    test.each<[string, ServiceIdentifier, ServiceIdentifier | LazyServiceIdentifier]>([
      ['a class', Pool, Pool],
      ['a string', 'pool', 'pool'],
      ['a symbol', Symbol.for('pool'), Symbol.for('pool')],
      ['a LazyServiceIdentifier', Pool, new LazyServiceIdentifier(() => Pool)],
    ])('by %s', async (_kind, service, used) => {
      const container = createContainer();
      container.bind(service).to(Pool).inSingletonScope();
      onExit(container, 'flush', [used]);
      container.get(service);
      await container.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test('a class that is declared further down, by a LazyServiceIdentifier', async () => {
      @injectable()
      class Queue {
        @OnExit({ uses: [new LazyServiceIdentifier(() => Later)] })
        close(): void {
          log.push('Queue');
        }
      }
      @injectable()
      class Later {
        @OnExit()
        close(): void {
          log.push('Later');
        }
      }
      const container = createContainer();
      container.bind(Later).toSelf().inSingletonScope();
      made(container, Queue);
      container.get(Later);
      await container.dispose();
      expect(log).toEqual(['Queue', 'Later']);
    });

    test('transients', async () => {
      const container = createContainer();
      container.bind(Pool).toSelf();
      container.get(Pool);
      onExit(container, 'flush', [Pool]);
      container.get(Pool);
      container.get(Pool);
      await container.dispose();
      expect(log).toEqual(['flush', 'Pool', 'Pool', 'Pool']);
    });

    test('of several bindings', async () => {
      const container = createContainer();
      onExit(container, 'flush', ['sink']);
      for (const name of ['file', 'console']) {
        container.bind('sink').to(closing(name)).inSingletonScope();
      }
      container.getAll('sink');
      await container.dispose();
      expect(log).toHaveLength(3);
      expect(log[0]).toBe('flush');
    });

    test('named and tagged', async () => {
      const container = createContainer();
      onExit(container, 'flush', ['sink']);
      container.bind('sink').to(closing('file')).inSingletonScope().whenNamed('file');
      container.bind('sink').to(closing('console')).inSingletonScope().whenTagged('to', 'console');
      container.get('sink', { name: 'file' });
      container.get('sink', { tag: { key: 'to', value: 'console' } });
      await container.dispose();
      expect(log).toEqual(['flush', 'console', 'file']);
    });

    test.each<[string, (container: Container) => unknown]>([
      [
        'toService',
        (container) => {
          container.bind('alias').toService(Pool);
        },
      ],
      [
        'a dynamic value',
        (container) =>
          container
            .bind('alias')
            .toDynamicValue((context) => context.get(Pool))
            .inSingletonScope(),
      ],
    ])('by an alias: %s', async (_kind, bind) => {
      const container = createContainer();
      bindPool(container);
      bind(container);
      onExit(container, 'flush', ['alias']);
      container.get('alias');
      await container.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test.each<[string, (container: Container, lifecycle: Lifecycle) => unknown]>([
      [
        'a constant',
        (container, lifecycle) =>
          container.bind('adopted').toConstantValue(lifecycle.adopt({}, () => log.push('adopted'))),
      ],
      [
        'by the dynamic value of a singleton',
        (container, lifecycle) =>
          container
            .bind('adopted')
            .toDynamicValue(() => lifecycle.adopt({}, () => log.push('adopted')))
            .inSingletonScope(),
      ],
    ])('a value that was adopted: %s', async (_how, bind) => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      lifecycle.onExit(() => log.push('flush'), { uses: ['adopted'] });
      bind(container, lifecycle);
      container.get('adopted');
      await container.dispose();
      expect(log).toEqual(['flush', 'adopted']);
    });

    test('what a service without hooks is built from', async () => {
      @injectable()
      class Plain {
        constructor(@inject(Pool) readonly pool: Pool) {}
      }
      const container = createContainer();
      container.get(Lifecycle).onExit(() => log.push('flush'), { uses: [Plain] });
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind(Plain).toSelf();
      container.get(Plain);
      await container.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test('what a resolved value is built from, and not what it cannot tell', async () => {
      @injectable()
      class Half {
        constructor(
          @inject(Pool) readonly pool: Pool,
          @unmanaged() readonly size = 1,
        ) {}
      }
      const container = createContainer();
      container.get(Lifecycle).onExit(() => log.push('flush'), { uses: ['value', 'opaque'] });
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind(Half).toSelf();
      container.bind('value').toResolvedValue((half: Half) => ({ half }), [Half]);
      container.bind('opaque').toDynamicValue(() => ({}));
      container.get('value');
      container.get('opaque');
      await container.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test('dynamic values', async () => {
      const container = createContainer();
      onExit(container, 'flush', ['pool']);
      container
        .bind('pool')
        .toDynamicValue(() => new Pool())
        .inSingletonScope();
      container.get('pool');
      await container.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test('autobound', async () => {
      const container = createContainer({ autobind: true, defaultScope: 'Singleton' });
      onExit(container, 'flush', [Pool]);
      container.get(Pool);
      await container.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test('of a container around: a child exits before it anyway', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      bindPool(parent);
      onExit(child, 'flush', [Pool]);
      child.get(Pool);
      await parent.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test('what a child has made from a binding of the container around', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      parent.bind(Pool).toSelf();
      onExit(child, 'flush', [Pool]);
      child.get(Pool);
      await child.dispose();
      expect(log).toEqual(['flush', 'Pool']);
    });

    test('and not of a child, which exits first', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      bindPool(child);
      onExit(parent, 'flush', [Pool]);
      child.get(Pool);
      await parent.dispose();
      expect(log).toEqual(['Pool', 'flush']);
      expect(warnings).toEqual([]);
    });

    test('of which there may be none, nor a binding', async () => {
      const container = createContainer();
      bindPool(container);
      onExit(container, 'older', [Pool, 'unbound']);
      onExit(container, 'younger', [Pool]);
      await container.dispose();
      expect(log).toEqual(['younger', 'older']);
      expect(warnings).toEqual([]);
    });
  });

  describe('together with what is injected', () => {
    test.each([
      ['before the hook', true],
      ['after it', false],
    ])(
      'what it uses is still exited before its own dependencies, activated %s',
      async (_when, isOlder) => {
        const container = createContainer();
        if (isOlder) {
          made(container, closing('Driver'));
        }
        onExit(container, 'flush', ['Db']);
        if (!isOlder) {
          made(container, closing('Driver'));
        }
        madeOf(container, closing('Db'), ['Driver']);
        await container.dispose();
        expect(log).toEqual(['flush', 'Db', 'Driver']);
      },
    );

    test('dependents of the instance that uses it are still exited before that', async () => {
      for (const poolIsLast of [true, false]) {
        log.length = 0;
        const container = createContainer();
        bindPool(container);
        made(container, using('Queue', [Pool]));
        if (!poolIsLast) {
          container.get(Pool);
        }
        madeOf(container, closing('Consumer'), ['Queue']);
        madeOf(container, closing('Server'), ['Consumer']);
        container.get(Pool);
        await container.dispose();
        expect(log).toEqual(['Server', 'Consumer', 'Queue', 'Pool']);
      }
    });

    test('both: what depends on the one, and what the other was given', async () => {
      const container = createContainer();
      made(container, closing('Clock'));
      made(container, using('Queue', ['Db']));
      made(container, closing('Driver'));
      madeOf(container, closing('Consumer'), ['Queue', 'Clock']);
      madeOf(container, closing('Db'), ['Driver', 'Clock']);
      await container.dispose();
      expectInOrder('Consumer', 'Queue', 'Db', 'Driver', 'Clock');
      expect(log).toHaveLength(5);
    });

    test('an instance of a class with constructor injection', async () => {
      @injectable()
      class Consumer {
        constructor(@inject('Queue') readonly queue: object) {}

        @OnExit()
        close(): void {
          log.push('Consumer');
        }
      }
      const container = createContainer();
      bindPool(container);
      made(container, using('Queue', [Pool]));
      made(container, Consumer);
      container.get(Pool);
      await container.dispose();
      expect(log).toEqual(['Consumer', 'Queue', 'Pool']);
    });
  });

  describe('an edge that would close a cycle is left out, with one warning', () => {
    function expectOneWarning(...names: readonly string[]): void {
      expect(warnings).toHaveLength(1);
      expect(warnings[0]?.type).toBe('LifecycleWarning');
      for (const name of names) {
        expect(warnings[0]?.message).toContain(name);
      }
    }

    test('A uses B and B uses A: that of the youngest', async () => {
      const container = createContainer();
      made(container, using('Alpha', ['Beta']));
      made(container, using('Beta', ['Alpha']));
      await container.dispose();
      expect(log).toEqual(['Alpha', 'Beta']);
      expectOneWarning('Alpha', 'Beta');
    });

    test('A uses B, which was given A: the declared one', async () => {
      const container = createContainer();
      made(container, using('Alpha', ['Beta']));
      madeOf(container, closing('Beta'), ['Alpha']);
      await container.dispose();
      expect(log).toEqual(['Beta', 'Alpha']);
      expectOneWarning('Alpha', 'Beta');
    });

    test('A uses what was given it through others', async () => {
      const container = createContainer();
      made(container, using('Alpha', ['Gamma']));
      madeOf(container, closing('Beta'), ['Alpha']);
      madeOf(container, closing('Gamma'), ['Beta']);
      await container.dispose();
      expect(log).toEqual(['Gamma', 'Beta', 'Alpha']);
      expectOneWarning('Alpha', 'Gamma');
    });

    test('of three', async () => {
      const container = createContainer();
      made(container, using('Alpha', ['Beta']));
      made(container, using('Beta', ['Gamma']));
      made(container, using('Gamma', ['Alpha']));
      await container.dispose();
      expect(log).toEqual(['Alpha', 'Beta', 'Gamma']);
      expectOneWarning('Gamma', 'Alpha');
    });

    test('the other edges of the same hook hold', async () => {
      const container = createContainer();
      made(container, using('Alpha', ['Beta', 'Gamma']));
      madeOf(container, closing('Beta'), ['Alpha']);
      made(container, closing('Gamma'));
      await container.dispose();
      expectInOrder('Beta', 'Alpha', 'Gamma');
      expectOneWarning('Alpha', 'Beta');
    });

    test('pending() tells the order, and who asks often is not warned again', async () => {
      const container = createContainer();
      made(container, using('Alpha', ['Beta']));
      made(container, using('Beta', ['Alpha']));
      const lifecycle = container.get(Lifecycle);
      const expected = [
        { service: 'Alpha', hook: 'close' },
        { service: 'Beta', hook: 'close' },
      ];
      expect(lifecycle.pending()).toEqual(expected);
      expect(lifecycle.pending()).toEqual(expected);
      const report = await container.dispose();
      expect(report.exits).toMatchObject(expected);
      expectOneWarning('Alpha', 'Beta');
    });

    test('instances of a class that uses its own service are all exited', async () => {
      const Session = using('Session', ['Session']);
      const container = createContainer();
      container.bind('Session').to(Session);
      for (let count = 0; count < 3; count++) {
        container.get('Session');
      }
      await container.dispose();
      expect(log).toEqual(['Session', 'Session', 'Session']);
    });

    test('an instance that uses itself alone closes none', async () => {
      const container = createContainer();
      made(container, using('Alpha', ['Alpha']));
      await container.dispose();
      expect(log).toEqual(['Alpha']);
      expect(warnings).toEqual([]);
    });
  });

  describe('in the drain phase', () => {
    function draining(name: string, uses: Uses): Newable<object> {
      @injectable()
      class Service {
        @OnExit({ phase: 'drain', uses })
        drain(): void {
          log.push(`${name} drains`);
        }

        @OnExit()
        close(): void {
          log.push(`${name} exits`);
        }
      }
      Object.defineProperty(Service, 'name', { value: name });
      return Service;
    }

    test('a hook of it is run before the drain hooks of what it uses', async () => {
      const container = createContainer();
      container
        .get(Lifecycle)
        .onExit(() => log.push('stop'), { phase: 'drain', uses: ['Consumer'] });
      made(container, draining('Consumer', ['Queue']));
      made(container, draining('Queue', []));
      await container.dispose();
      expect(log.slice(0, 3)).toEqual(['stop', 'Consumer drains', 'Queue drains']);
      expect([...log.slice(3)].sort()).toEqual(['Consumer exits', 'Queue exits']);
    });

    test('a hook that exits does not come before the drain hooks of what it uses', async () => {
      const container = createContainer();
      onExit(container, 'flush', ['Queue']);
      made(container, draining('Queue', []));
      await container.dispose();
      expect(log).toEqual(['Queue drains', 'flush', 'Queue exits']);
      expect(warnings).toEqual([]);
    });

    test('release() of what uses it, or is used, runs its own hooks', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      made(container, draining('Consumer', ['Queue']));
      const queue = made(container, draining('Queue', []));
      await lifecycle.release(queue);
      expect(log).toEqual(['Queue drains', 'Queue exits']);
      await container.dispose();
      expect(log.slice(2)).toEqual(['Consumer drains', 'Consumer exits']);
    });
  });

  describe('what is declared', () => {
    test('uses: [] is allowed, and changes nothing', async () => {
      const container = createContainer();
      onExit(container, 'older', []);
      made(container, using('Service', []));
      onExit(container, 'younger', []);
      await container.dispose();
      expect(log).toEqual(['younger', 'Service', 'older']);
    });

    test('uses: undefined is as if it was not given', async () => {
      const container = createContainer();
      container.get(Lifecycle).onExit(() => log.push('flush'), { uses: undefined as never });
      made(container, using('Service', undefined as never));
      await container.dispose();
      expect(log).toEqual(['Service', 'flush']);
    });

    test('what the array holds later changes nothing', async () => {
      const container = createContainer();
      const uses: ServiceIdentifier[] = [];
      onExit(container, 'flush', uses);
      uses.push(Pool);
      bindPool(container);
      container.get(Pool);
      await container.dispose();
      expect(log).toEqual(['Pool', 'flush']);
    });

    test('the nearest mark says what an override uses; without one, it is that of the base', async () => {
      class Base {
        @OnExit({ uses: [Pool] })
        kept(): void {
          log.push('kept');
        }
      }
      @injectable()
      class Derived extends Base {
        override kept(): void {
          super.kept();
        }
      }
      @injectable()
      class Reset extends Base {
        @OnExit()
        override kept(): void {
          log.push('reset');
        }
      }
      for (const [type, expected] of [
        [Derived, ['kept', 'Pool']],
        [Reset, ['Pool', 'reset']],
      ] as const) {
        log.length = 0;
        const container = createContainer();
        bindPool(container);
        made(container, type);
        container.get(Pool);
        await container.dispose();
        expect(log).toEqual(expected);
      }
    });

    const values: [string, unknown][] = [
      ['Pool itself', Pool],
      ['a string', 'Pool'],
      ['null', null],
      ['an object', { 0: Pool, length: 1 }],
      ['a set', new Set([Pool])],
      ['true', true],
      ['undefined inside', [Pool, undefined]],
      ['null inside', [null]],
      ['a number inside', [5]],
      ['an object inside', [{}]],
      ['an instance inside', [new Pool()]],
      ['an array inside', [[Pool]]],
    ];
    const places: [string, (uses: never) => unknown][] = [
      ['@OnExit()', (uses) => OnExit({ uses })],
      [
        'onExit()',
        (uses) =>
          createContainer()
            .get(Lifecycle)
            .onExit(() => undefined, { uses }),
      ],
      [
        'adopt()',
        (uses) =>
          createContainer()
            .get(Lifecycle)
            .adopt({}, () => undefined, { uses }),
      ],
    ];

    describe.each(places)('%s refuses what is no array of identifiers', (option, place) => {
      test.each(values)('%s', (_what, value) => {
        const error = thrownBy(() => place(value as never));
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toContain(option);
        expect((error as Error).message).toContain('uses');
      });
    });

    test('undefined inside tells of imports that go round in a circle', () => {
      const error = thrownBy(() => OnExit({ uses: [undefined as never] }));
      expect((error as Error).message).toContain('undefined');
      expect((error as Error).message).toContain('LazyServiceIdentifier');
    });

    test('and nothing is half-registered', () => {
      const lifecycle = createContainer().get(Lifecycle);
      thrownBy(() => lifecycle.onExit(() => undefined, { uses: [undefined as never] }));
      thrownBy(() => lifecycle.adopt(new Pool(), () => undefined, { uses: 'Pool' as never }));
      expect(lifecycle.pending()).toEqual([]);
    });
  });

  describe('whatever is injected and declared', () => {
    interface Drawn {
      /** Of those that are older, by their place among them. */
      readonly injected: readonly number[];
      /** Of all, by their place. */
      readonly uses: readonly number[];
      readonly isCallback: boolean;
    }

    const drawn: fc.Arbitrary<Drawn> = fc.record({
      injected: fc.uniqueArray(fc.nat(9), { maxLength: 2 }),
      uses: fc.uniqueArray(fc.nat(9), { maxLength: 2 }),
      isCallback: fc.boolean(),
    });

    const nameOf = (index: number): string => `Number ${String(index)}`;

    interface Edges {
      readonly injected: [string, string][];
      readonly declared: [string, string][];
    }

    /** Who is to exit before whom. Nobody is given, or uses, a callback. */
    function edgesOf(nodes: readonly Drawn[]): Edges {
      const edges: Edges = { injected: [], declared: [] };
      nodes.forEach(({ isCallback }, index) => {
        for (const other of isCallback ? [] : injectedInto(nodes, index)) {
          edges.injected.push([nameOf(index), nameOf(other)]);
        }
        for (const other of usedBy(nodes, index)) {
          edges.declared.push([nameOf(index), nameOf(other)]);
        }
      });
      return edges;
    }

    function injectedInto(nodes: readonly Drawn[], index: number): number[] {
      const injected = nodes[index]?.injected ?? [];
      return injected.filter((other) => other < index && nodes[other]?.isCallback === false);
    }

    function usedBy(nodes: readonly Drawn[], index: number): number[] {
      const uses = nodes[index]?.uses ?? [];
      return uses.filter((other) => other !== index && nodes[other]?.isCallback === false);
    }

    /** Those that can be reached from there, itself included. */
    function reachedFrom(start: string, edges: readonly [string, string][]): Set<string> {
      const reached = new Set([start]);
      for (const from of reached) {
        for (const [, to] of edges.filter((edge) => edge[0] === from)) {
          reached.add(to);
        }
      }
      return reached;
    }

    async function play(nodes: readonly Drawn[]): Promise<void> {
      log.length = 0;
      warnings.length = 0;
      const container = createContainer();
      nodes.forEach(({ isCallback }, index) => {
        const uses = usedBy(nodes, index).map(nameOf);
        if (isCallback) {
          onExit(container, nameOf(index), uses);
        } else {
          const type = uses.length === 0 ? closing(nameOf(index)) : using(nameOf(index), uses);
          madeOf(container, type, injectedInto(nodes, index).map(nameOf));
        }
      });
      const pending = container.get(Lifecycle).pending();
      const report = await container.dispose();
      expect(namesOf(report)).toEqual(log);
      expect(pending.map(({ service, hook }) => (service === 'callback' ? hook : service))).toEqual(
        log,
      );
      check(nodes);
    }

    function check(nodes: readonly Drawn[]): void {
      const { injected, declared } = edgesOf(nodes);
      const all = nodes.map((_, index) => nameOf(index));
      const edges = [...injected, ...declared];
      const closesCycle = ([from, to]: [string, string]): boolean =>
        reachedFrom(to, edges).has(from);
      const isBroken = ([from, to]: [string, string]): boolean =>
        log.indexOf(from) > log.indexOf(to);
      expect([...log].sort()).toEqual([...all].sort());
      expect(injected.filter(isBroken)).toEqual([]);
      expect(declared.filter(isBroken).filter((edge) => !closesCycle(edge))).toEqual([]);
      for (const [from, to] of declared.filter(isBroken)) {
        expect(
          warnings.filter(({ message }) => message.includes(from) && message.includes(to)),
        ).not.toEqual([]);
      }
      expect(warnings.length > 0).toBe(declared.some(closesCycle));
      // Nothing but what is declared changes the order.
      if (declared.every(([from, to]) => all.indexOf(from) > all.indexOf(to))) {
        expect(log).toEqual(all.reverse());
      }
    }

    function namesOf({ exits }: ExitReport): string[] {
      return exits.map(({ service, hook }) => (service === 'callback' ? hook : service));
    }

    test('each is run once, along every edge that closes no cycle', async () => {
      await fc.assert(fc.asyncProperty(fc.array(drawn, { minLength: 2, maxLength: 10 }), play), {
        numRuns: 300,
        seed: 20_261_124,
      });
    });

    test('a graph without a cycle, however it is declared', async () => {
      // Those that are used are later in a hidden order than those that use them.
      const acyclic = fc
        .tuple(
          fc.array(drawn, { minLength: 2, maxLength: 10 }),
          fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { minLength: 10 }),
        )
        .map(([nodes, ranks]) => {
          const rankOf = (index: number): number => ranks[index] ?? 0;
          return nodes.map((node, index) => ({
            ...node,
            uses: node.uses.filter((other) => rankOf(other) > rankOf(index)),
            injected: node.injected.filter((other) => rankOf(other) > rankOf(index)),
          }));
        });
      await fc.assert(
        fc.asyncProperty(acyclic, async (nodes) => {
          await play(nodes);
          expect(warnings).toEqual([]);
        }),
        { numRuns: 300, seed: 20_261_124 },
      );
    });
  });
});
