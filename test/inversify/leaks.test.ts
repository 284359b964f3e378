import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Container, type BindingIdentifier, inject, injectable, postConstruct } from 'inversify';
import { Lifecycle, LifecycleModule } from 'inversify-onexit';

import { createContainer, unbindAsync } from '../support/containers.js';
import { Traces } from '../support/garbage.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool, Repository } from '../support/services.js';
import { runFixture } from '../support/child.js';

let traces: Traces;

beforeEach(() => {
  log.length = 0;
  traces = new Traces();
});

@injectable()
class Plain {}

// What makes the objects is a function of its own in each test: the frame of one that waits, as for
// the garbage collection, holds what it has had in hand.

describe('P28 nothing kept', () => {
  const count = Number(process.env.LEAK_RUNS ?? 10_000);
  // By so many bytes a heap may grow with the code that is compiled in it. One word kept for each of
  // 100,000 is more; so are ten for each of 10,000.
  const noise = 600_000;

  test.each([
    ['child containers, resolved and disposed', 'disposed'],
    ['child containers without anything to exit, forgotten', 'forgotten'],
    ['child containers without the module, forgotten', 'plain'],
    ['scopes, worked in and closed', 'worked in'],
    ['scopes without anything to exit, forgotten', 'opened'],
  ])(
    `${count.toLocaleString('en')} %s`,
    async (_containers, kind) => {
      const ended = await runFixture('many-children', {
        flags: ['--max-old-space-size=64', '--expose-gc'],
        parameters: [kind, String(count)],
      });
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      const { grown, exits } = JSON.parse(ended.stdout) as Record<string, number>;
      expect(grown).toBeLessThan(noise);
      expect(exits).toBe(kind === 'disposed' || kind === 'worked in' ? 4 * count : 0);
    },
    600_000,
  );

  describe('2,000 whole containers', () => {
    function buildContainer(): Container {
      const container = traces.of('container', createContainer());
      container.bind('pool').to(Pool).inSingletonScope();
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind(Repository).toSelf();
      container.bind('dynamic').toDynamicValue(() => new Pool());
      container.bind(Plain).toSelf().inSingletonScope();
      container
        .bind('slow')
        .toDynamicValue(async () => Promise.resolve(new Plain()))
        .inSingletonScope()
        .onDeactivation(() => {});
      const lifecycle = traces.of('lifecycle', container.get(Lifecycle));
      lifecycle.onExit(traces.of('callback', () => {}));
      lifecycle.adopt(traces.of('adopted', {}), () => {});
      return container;
    }

    async function use(container: Container): Promise<void> {
      for (const service of ['pool', Pool, Repository, 'dynamic', Plain]) {
        traces.of('instance', container.get<object>(service));
      }
      traces.of('instance', await container.getAsync<object>('slow'));
      const child = traces.of('child', createContainer({ parent: container }));
      child.bind('own').to(Repository).inSingletonScope();
      for (const service of ['own', Repository, Pool, Plain]) {
        traces.of('instance', child.get<object>(service));
      }
      const lifecycle = container.get(Lifecycle);
      await lifecycle.withScope((scope) => {
        traces.of('instance', traces.of('scope', scope).get(Repository));
      });
    }

    test('that were disposed', async () => {
      const live = async (): Promise<void> => {
        const container = buildContainer();
        await use(container);
        await container.dispose();
      };
      for (let each = 0; each < 2_000; each++) {
        await live();
      }
      expect(await traces.left()).toEqual({});
    });

    test('that were never disposed, and forgotten', async () => {
      for (let each = 0; each < 2_000; each++) {
        await use(buildContainer());
      }
      expect(await traces.left()).toEqual({});
    });
  });

  describe('by a container that lives on', () => {
    let container: Container;
    let lifecycle: Lifecycle;

    beforeEach(() => {
      container = createContainer();
      lifecycle = container.get(Lifecycle);
    });

    const get = (service: typeof Pool | typeof Plain | string): object =>
      traces.of('instance', container.get(service));

    test('released instances', async () => {
      container.bind(Pool).toSelf();
      container.bind('singleton').to(Pool).inSingletonScope();
      container.bind('request').to(Pool).inRequestScope();
      container.bind('dynamic').toDynamicValue(() => new Pool());
      const release = async (): Promise<void> => {
        for (const service of [Pool, 'singleton', 'request', 'dynamic']) {
          await lifecycle.release(get(service));
        }
        await lifecycle.release(traces.of('adopted', lifecycle.adopt(new Pool())));
      };
      await release();
      await release();
      expect(await traces.left()).toEqual({});
      expect(log).toHaveLength(10);
    });

    test('undone callbacks, and what they hold', async () => {
      const register = (): void => {
        const used = traces.of('used', {});
        const callback = traces.of('callback', () => used);
        lifecycle.onExit(callback)();
        lifecycle.onExit(callback);
        lifecycle.onExit(callback);
        lifecycle.unregister(callback);
      };
      register();
      expect(await traces.left()).toEqual({});
    });

    test.each([
      ['with hooks', Pool],
      ['without hooks', Plain],
    ])('unbound singletons %s', async (_hooks, service) => {
      const bindAndGet = (): void => {
        container.bind('one').to(service).inSingletonScope();
        get('one');
      };
      bindAndGet();
      await unbindAsync(container, 'one');
      bindAndGet();
      await unbindAsync(container, 'one');
      bindAndGet();
      container.unbindAll();
      expect(await traces.left()).toEqual({});
    });

    test('singletons that were unbound after a call of pending()', async () => {
      const lifecycle = container.get(Lifecycle);
      const bindAndAsk = (): void => {
        const binding = { name: 'bound' };
        traces.of('binding', binding);
        container
          .bind('one')
          .toDynamicValue(() => traces.of('instance', { binding }))
          .inSingletonScope();
        container.get('one');
        lifecycle.pending();
      };
      bindAndAsk();
      await unbindAsync(container, 'one');
      expect(await traces.left()).toEqual({});
    });

    test('a singleton that was unbound while it was being activated', async () => {
      const arriveTooLate = async (): Promise<void> => {
        const gate = createGate();
        bindSlowly(container, 'slow', gate.passed, () => traces.of('instance', new Plain()));
        const slow = container.getAsync('slow');
        const unbound = unbindAsync(container, 'slow');
        gate.open();
        await Promise.all([slow, unbound]);
      };
      await arriveTooLate();
      expect(await traces.left()).toEqual({});
    });

    test('singletons without hooks that restore() has dropped', async () => {
      container.bind(Plain).toSelf().inSingletonScope();
      const addAndRestore = (): void => {
        container.snapshot();
        get(Plain);
        container.bind('added').to(Plain).inSingletonScope();
        get('added');
        container.restore();
      };
      addAndRestore();
      addAndRestore();
      expect(await traces.left()).toEqual({});
    });

    test('instances that were unbound, and restored', async () => {
      container.bind(Pool).toSelf().inSingletonScope();
      const unbindAndRestore = async (): Promise<void> => {
        get(Pool);
        container.snapshot();
        await unbindAsync(container, Pool);
        container.restore();
      };
      await unbindAndRestore();
      await unbindAndRestore();
      expect(await traces.left()).toEqual({});
    });

    test('instances that were released after restore() had brought them back', async () => {
      container.bind(Pool).toSelf().inSingletonScope();
      const releaseRestored = async (): Promise<void> => {
        const pool = get(Pool);
        container.snapshot();
        container.restore();
        container.get(Pool);
        await lifecycle.release(pool);
      };
      await releaseRestored();
      container.get(Pool);
      expect(await traces.left()).toEqual({});
    });

    test('activations that failed before there was anything to exit', async () => {
      @injectable()
      class Unstartable extends Pool {
        @postConstruct()
        start(): void {
          traces.of('instance', this);
          throw new Error('cannot start');
        }
      }
      container.bind('transient').to(Unstartable);
      container.bind('singleton').to(Unstartable).inSingletonScope();
      for (const service of ['transient', 'singleton', 'singleton']) {
        expect(() => container.get(service)).toThrow('"start" @postConstruct');
      }
      expect(await traces.left()).toEqual({});
      expect(lifecycle.pending()).toEqual([]);
    });

    test('what has no hooks, and whose activation failed, but for the last attempt', async () => {
      const failing = (): BindingIdentifier => {
        const binding = container
          .bind('failing')
          .toDynamicValue(() => traces.of('instance', {}))
          .inSingletonScope();
        binding.onActivation(() => {
          throw new Error('not activated');
        });
        for (let time = 0; time < 3; time++) {
          expect(() => container.get('failing')).toThrow('not activated');
        }
        return binding.getIdentifier();
      };
      failing();
      expect(await traces.left()).toEqual({ instance: 1 });
      container.unbindAll();
      failing();
      await unbindAsync(container, 'failing');
      await unbindAsync(container, failing());
      expect(await traces.left()).toEqual({});
    });

    test('activations that were refused', async () => {
      container = new Container();
      container.register(LifecycleModule.with({ transients: 'refuse' }));
      container.bind('refused').toDynamicValue(() => traces.of('instance', new Pool()));
      expect(() => container.get('refused')).toThrow("`transients: 'refuse'`");
      expect(await traces.left()).toEqual({});
      expect(log).toEqual(['Pool']);
    });

    test('what a dynamic value hands on, once for each time', async () => {
      const ended = await runFixture('many-aliases', {
        flags: ['--max-old-space-size=64', '--expose-gc'],
        parameters: [String(10 * count)],
      });
      expect(ended.code).toBe(0);
      expect(JSON.parse(ended.stdout)).toBeLessThan(noise);
    });
  });

  describe('by a container that is disposed', () => {
    let container: Container;

    beforeEach(() => {
      container = createContainer();
    });

    test('instances of all kinds', async () => {
      container.bind(Pool).toSelf();
      container.bind('singleton').to(Pool).inSingletonScope();
      container.bind(Plain).toSelf().inSingletonScope();
      const use = (): void => {
        for (const service of [Pool, 'singleton', Plain]) {
          traces.of('instance', container.get<object>(service));
        }
        container.get(Lifecycle).onExit(traces.of('callback', () => {}));
        container.get(Lifecycle).adopt(traces.of('adopted', new Pool()));
      };
      use();
      await container.dispose();
      expect(await traces.left()).toEqual({});
      expect(container.isBound(Pool)).toBe(true);
    });

    test('an instance whose removal has failed', async () => {
      const use = async (): Promise<void> => {
        container
          .bind('failing')
          .to(Pool)
          .inSingletonScope()
          .onDeactivation(async () => Promise.reject(new Error('cannot stop')));
        traces.of('instance', container.get<object>('failing'));
        await expect(unbindAsync(container, 'failing')).rejects.toThrow('cannot stop');
        await container.dispose().catch(() => undefined);
      };
      await use();
      expect(await traces.left()).toEqual({});
      expect(container.isBound('failing')).toBe(true);
    });

    test('instances that a snapshot has', async () => {
      container.bind(Pool).toSelf().inSingletonScope();
      const use = (): void => {
        traces.of('instance', container.get(Pool));
      };
      use();
      container.snapshot();
      await container.dispose();
      expect(await traces.left()).toEqual({});
      container.restore();
    });

    test('children', async () => {
      const use = (): void => {
        const child = traces.of('child', createContainer({ parent: container }));
        child.bind('constant').toConstantValue(traces.of('constant', {}));
        child.bind(Pool).toSelf();
        traces.of('instance', child.get(Pool));
      };
      use();
      await container.dispose();
      expect(await traces.left()).toEqual({});
      expect(log).toEqual(['Pool']);
      expect(container.isBound(Pool)).toBe(false);
    });
  });

  describe('by a parent', () => {
    let parent: Container;

    beforeEach(() => {
      parent = createContainer();
    });

    const bear = (around: Container = parent): Container =>
      traces.of('child', createContainer({ parent: around }));

    test('a forgotten child without anything to exit', async () => {
      const use = (): void => {
        const child = bear();
        child.bind(Plain).toSelf().inSingletonScope();
        traces.of('instance', child.get(Plain));
      };
      use();
      expect(await traces.left()).toEqual({});
      await parent.dispose();
    });

    test('a forgotten child whose only hooks were released, or unbound', async () => {
      const use = async (): Promise<void> => {
        const child = bear();
        child.bind(Plain).toSelf().inSingletonScope();
        child.bind(Pool).toSelf().inSingletonScope();
        child.bind('other').to(Pool).inSingletonScope();
        for (const service of [Plain, Pool, 'other']) {
          traces.of('instance', child.get<object>(service));
        }
        await child.get(Lifecycle).release(child.get(Pool));
        await unbindAsync(child, 'other');
      };
      await use();
      expect(await traces.left()).toEqual({});
      await parent.dispose();
    });

    test('a forgotten child with something to exit is not lost', async () => {
      const use = (): void => {
        bear()
          .get(Lifecycle)
          .onExit(() => log.push('child'));
      };
      use();
      await traces.left();
      await parent.dispose();
      expect(log).toEqual(['child']);
    });

    test('nor is a grandchild, whose parent is forgotten, too', async () => {
      const use = (): void => {
        bear(bear())
          .get(Lifecycle)
          .onExit(() => log.push('grandchild'));
      };
      use();
      await traces.left();
      await parent.dispose();
      expect(log).toEqual(['grandchild']);
    });

    test('nor is a grandchild below a forgotten child without the module', async () => {
      const use = (): void => {
        const between = new Container({ parent });
        bear(between)
          .get(Lifecycle)
          .onExit(() => log.push('grandchild'));
      };
      use();
      await traces.left();
      await parent.dispose();
      expect(log).toEqual(['grandchild']);
    });

    test('nor is a child with a handler for a constant', async () => {
      const use = (): void => {
        const child = bear();
        child
          .bind('constant')
          .toConstantValue(1)
          .onDeactivation(() => {
            log.push('constant');
          });
        child.get('constant');
      };
      use();
      await traces.left();
      await parent.dispose();
      expect(log).toEqual(['constant']);
    });

    test('a child whose only instance was released, or callback undone', async () => {
      const use = async (): Promise<void> => {
        const child = bear();
        child.bind(Pool).toSelf();
        const lifecycle = child.get(Lifecycle);
        await lifecycle.release(child.get(Pool));
        lifecycle.onExit(() => {})();
      };
      await use();
      expect(await traces.left()).toEqual({});
      await parent.dispose();
      expect(log).toEqual(['Pool']);
    });

    test('a child whose own child was disposed', async () => {
      const use = async (): Promise<void> => {
        const grandchild = bear(bear());
        grandchild.get(Lifecycle).onExit(() => {});
        await grandchild.dispose();
      };
      await use();
      expect(await traces.left()).toEqual({});
      await parent.dispose();
    });

    test('a disposed child, and what it made of the bindings of its parent', async () => {
      parent.bind(Pool).toSelf();
      parent.bind(Repository).toSelf().inRequestScope();
      parent.bind('singleton').to(Repository).inSingletonScope();
      parent.bind('dynamic').toDynamicValue(() => new Pool());
      const use = async (): Promise<void> => {
        const child = bear();
        child.bind('own').to(Repository).inSingletonScope();
        for (const service of [Pool, Repository, 'dynamic', 'own']) {
          traces.of('instance', child.get<object>(service));
        }
        child.get('singleton');
        await child.dispose();
      };
      await use();
      expect(await traces.left()).toEqual({});
      await parent.dispose();
    });

    test("a disposed child that has planned, and never built, its parent's singleton", async () => {
      @injectable()
      class Failing {
        constructor() {
          throw new Error('cannot build');
        }
      }
      @injectable()
      class User {
        constructor(
          @inject(Failing) readonly failing: Failing,
          @inject('singleton') readonly singleton: unknown,
        ) {}
      }
      parent.bind(Pool).toSelf();
      parent.bind('singleton').to(Repository).inSingletonScope();
      parent.bind(Failing).toSelf();
      parent.bind(User).toSelf().inSingletonScope();
      const use = async (): Promise<void> => {
        const child = bear();
        child.bind('user').to(User);
        child.bind('constant').toConstantValue(traces.of('constant', {}));
        expect(() => child.get('user')).toThrow('cannot build');
        expect(() => child.get(User)).toThrow('cannot build');
        await child.dispose();
      };
      await use();
      expect(await traces.left()).toEqual({});
      await parent.dispose();
    });

    test("a disposed child whose part its parent's singleton was refused", async () => {
      parent.bind(Repository).toSelf().inSingletonScope();
      const use = async (): Promise<void> => {
        const child = bear();
        child.bind(Pool).toSelf();
        expect(() => child.get(Repository)).toThrow('Cannot build Repository');
        await child.dispose();
      };
      await use();
      expect(await traces.left()).toEqual({});
      await parent.dispose();
    });
  });

  test("a child that lives on does not keep its parent's unbound singletons", async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    const use = async (): Promise<void> => {
      parent.bind('singleton').to(Pool).inSingletonScope();
      traces.of('instance', child.get<object>('singleton'));
      await unbindAsync(parent, 'singleton');
    };
    await use();
    await use();
    expect(await traces.left()).toEqual({});
    await child.dispose();
  });
});
