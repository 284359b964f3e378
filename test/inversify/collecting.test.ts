import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Container,
  ContainerModule,
  inject,
  injectable,
  multiInject,
  postConstruct,
  type Factory,
  type ResolutionContext,
} from 'inversify';
import { ContainerDisposedError, Lifecycle, LifecycleModule, OnExit } from 'inversify-onexit';

import { createContainer, rebind } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool, Repository } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

describe('P3 every way to create', () => {
  const ways: Record<string, (container: Container) => unknown> = {
    'to()': (container) => {
      container.bind('pool').to(Pool);
      return container.get('pool');
    },
    'to() a singleton': (container) => {
      container.bind('pool').to(Pool).inSingletonScope();
      return container.get('pool');
    },
    'to() in request scope': (container) => {
      container.bind('pool').to(Pool).inRequestScope();
      return container.get('pool');
    },
    'toSelf()': (container) => {
      container.bind(Pool).toSelf();
      return container.get(Pool);
    },
    'toDynamicValue()': (container) => {
      container.bind('pool').toDynamicValue(() => new Pool());
      return container.get('pool');
    },
    'toDynamicValue(), async': (container) => {
      container.bind('pool').toDynamicValue(async () => Promise.resolve(new Pool()));
      return container.getAsync('pool');
    },
    'toDynamicValue(), async, a singleton': (container) => {
      container
        .bind('pool')
        .toDynamicValue(async () => Promise.resolve(new Pool()))
        .inSingletonScope();
      return container.getAsync('pool');
    },
    'toResolvedValue()': (container) => {
      container.bind('pool').toResolvedValue(() => new Pool());
      return container.get('pool');
    },
    'toResolvedValue(), async': (container) => {
      container.bind('pool').toResolvedValue(async () => Promise.resolve(new Pool()), []);
      return container.getAsync('pool');
    },
    'an async @postConstruct': (container) => {
      @injectable()
      class Connecting extends Pool {
        @postConstruct()
        async connect(): Promise<void> {
          await Promise.resolve();
        }
      }
      container.bind('pool').to(Connecting);
      return container.getAsync('pool');
    },
    'a ContainerModule': (container) => {
      container.load(
        new ContainerModule(({ bind }) => {
          bind('pool').to(Pool);
        }),
      );
      return container.get('pool');
    },
    'rebind()': (container) => {
      container.bind('pool').toConstantValue('another');
      container.get('pool');
      rebind(container, 'pool').to(Pool);
      return container.get('pool');
    },
    named: (container) => {
      container.bind('pool').to(Pool).whenNamed('primary');
      return container.get('pool', { name: 'primary' });
    },
    tagged: (container) => {
      container.bind('pool').to(Pool).whenTagged('zone', 1);
      return container.get('pool', { tag: { key: 'zone', value: 1 } });
    },
    'behind toService()': (container) => {
      container.bind(Pool).toSelf();
      container.bind('pool').toService(Pool);
      return container.get('pool');
    },
    'multi-injected': (container) => {
      @injectable()
      class Pools {
        constructor(@multiInject('pool') readonly pools: Pool[]) {}
      }
      container.bind('pool').to(Pool);
      container.bind(Pools).toSelf();
      return container.get(Pools);
    },
    'injected into a property': (container) => {
      @injectable()
      class Holder {
        @inject(Pool)
        readonly pool!: Pool;
      }
      container.bind(Pool).toSelf();
      container.bind(Holder).toSelf();
      return container.get(Holder);
    },
    'getAll()': (container) => {
      container.bind('pool').to(Pool);
      return container.getAll('pool');
    },
    'getAllAsync()': (container) => {
      container.bind('pool').to(Pool);
      return container.getAllAsync('pool');
    },
    'a kept toFactory() context': (container) => {
      container.bind(Pool).toSelf();
      container
        .bind<Factory<Pool>>('createPool')
        .toFactory((context: ResolutionContext) => () => context.get(Pool));
      return container.get<Factory<Pool>>('createPool')();
    },
    'bound again after a getAll() that found nothing': (container) => {
      container.getAll('pool', { optional: true });
      container.bind('pool').to(Pool);
      return container.getAll('pool');
    },
    'bound in addition after a getAll()': (container) => {
      container.bind('pool').toConstantValue('another');
      container.getAll('pool');
      container.bind('pool').to(Pool).inSingletonScope();
      return container.getAll('pool');
    },
    'bound before the module was registered, and planned': (container) => {
      const early = new Container();
      early.bind('pool').to(Pool);
      early.get('pool');
      early.register(LifecycleModule);
      early.get('pool');
      container.get(Lifecycle).onExit(async () => {
        await early.dispose();
      });
    },
    'a container without JIT': (container) => {
      const jitless = createContainer({ jitless: true });
      jitless.bind(Pool).toSelf();
      jitless.get(Pool);
      container.get(Lifecycle).onExit(async () => {
        await jitless.dispose();
      });
    },
    'a default scope': (container) => {
      const singletons = createContainer({ defaultScope: 'Singleton' });
      singletons.bind(Pool).toSelf();
      singletons.get(Pool);
      singletons.get(Pool);
      container.get(Lifecycle).onExit(async () => {
        await singletons.dispose();
      });
    },
    autobind: (container) => {
      const autobinding = createContainer({ autobind: true });
      autobinding.get(Pool);
      container.get(Lifecycle).onExit(async () => {
        await autobinding.dispose();
      });
    },
  };

  test.each(Object.entries(ways))('%s', async (_way, resolve) => {
    const container = createContainer();
    await resolve(container);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('a binding added after a getAll() keeps its scope and handlers, which Inversify 8.2.3 ignores', async () => {
    const container = createContainer();
    container.bind('pool').to(Pool);
    container.getAll('pool');
    const activated: unknown[] = [];
    container
      .bind('pool')
      .to(Pool)
      .inSingletonScope()
      .onActivation((_context, pool) => {
        activated.push(pool);
        return pool;
      });
    const [, first] = container.getAll('pool');
    const [, second] = container.getAll('pool');
    expect(first).toBe(second);
    expect(activated).toEqual([first]);
    await container.dispose();
    // Three transients of the first binding, one singleton of the second.
    expect(log).toEqual(['Pool', 'Pool', 'Pool', 'Pool']);
  });

  test.each([
    ['class', (container: Container) => container.bind(Pool).toSelf().inSingletonScope()],
    [
      'dynamic value',
      (container: Container) =>
        container
          .bind(Pool)
          .toDynamicValue(() => new Pool())
          .inSingletonScope(),
    ],
  ])('registering after a singleton with hooks was resolved: %s', async (_kind, bind) => {
    const container = new Container();
    bind(container);
    container.get(Pool);
    expect(() => {
      container.register(LifecycleModule);
    }).toThrow(
      new Error(
        'LifecycleModule was registered after Pool had been resolved, so its exit hooks would ' +
          'never run. Register the module first: container.register(LifecycleModule), right ' +
          'after new Container().',
      ),
    );
    expect(container).not.toHaveProperty('dispose');
    expect(container.isBound(Lifecycle)).toBe(false);
    // Nothing is half-registered: without the singleton, the module can be registered.
    container.unbind(Pool);
    container.register(LifecycleModule);
    bind(container);
    container.get(Pool);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('registering while a singleton is being activated is refused: what it brings is unknown', async () => {
    const container = new Container();
    const gate = createGate();
    bindSlowly(container, 'pool', gate.passed);
    const pool = container.getAsync('pool');
    expect(() => {
      container.register(LifecycleModule);
    }).toThrow('LifecycleModule was registered after pool [Promise] had been resolved');
    gate.open();
    await pool;
  });

  test('registering after a singleton without hooks was resolved is fine', async () => {
    @injectable()
    class Clock {}
    const container = new Container();
    container.bind(Clock).toSelf().inSingletonScope();
    container.bind('now').toConstantValue(new Pool());
    const clock = container.get(Clock);
    container.get('now');
    container.register(LifecycleModule);
    expect(container.get(Clock)).toBe(clock);
    await container.dispose();
    expect(log).toEqual([]);
  });

  test('values without hooks are left alone: primitives, and objects without a prototype', async () => {
    const container = createContainer();
    container.bind('bare').toDynamicValue(() => Object.create(null) as object);
    container.bind('port').toDynamicValue(() => 80);
    container.get('bare');
    container.get('port');
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('a handler that is set between isBound() and get() is kept', async () => {
    const container = createContainer();
    const binding = container.bind(Pool).toSelf();
    expect(container.isBound(Pool)).toBe(true);
    binding.onActivation((_context, pool) => {
      log.push('activated');
      return pool;
    });
    container.get(Pool);
    await container.dispose();
    expect(log).toEqual(['activated', 'Pool']);
  });

  test('a transient without hooks is left as it is, also where singleton is the default', () => {
    @injectable()
    class Plain {}
    const container = createContainer({ defaultScope: 'Singleton' });
    container
      .bind(Plain)
      .toSelf()
      .inTransientScope()
      .onActivation((_context, plain) => plain);
    expect(container.get(Plain)).not.toBe(container.get(Plain));
  });
});

// A fault of its first edition: hooks were lost without a word.
describe.each(['Singleton', 'Transient', 'Request'] as const)(
  'P3 every way to create › autobind beside a binding of the class that does not match, in scope %s',
  (defaultScope) => {
    test.each([
      ['named', (container: Container) => container.bind(Pool).toSelf().whenNamed('replica')],
      ['tagged', (container: Container) => container.bind(Pool).toSelf().whenTagged('a', 1)],
      [
        'never',
        (container: Container) =>
          container
            .bind(Pool)
            .toSelf()
            .when(() => false),
      ],
    ])('%s', async (_which, bindOther) => {
      const container = createContainer({ autobind: true, defaultScope });
      bindOther(container);
      container.bind(Repository).toSelf();
      container.get(Pool);
      container.get(Repository);
      await container.dispose();
      const pools = defaultScope === 'Singleton' ? ['Pool'] : ['Pool', 'Pool'];
      expect(log).toEqual(['Repository', ...pools]);
    });
  },
);

describe('P4 the raw instance', () => {
  test('the hook runs on what the class constructed, not on what onActivation returned', async () => {
    @injectable()
    class Service {
      @OnExit()
      close(): void {
        log.push(this === raw ? 'raw' : 'proxy');
      }
    }
    let raw: Service | undefined;
    const container = createContainer();
    container
      .bind(Service)
      .toSelf()
      .inSingletonScope()
      .onActivation((_context, service) => {
        raw = service;
        return new Proxy(service, {});
      });
    expect(container.get(Service)).not.toBe(raw);
    await container.dispose();
    expect(log).toEqual(['raw']);
  });
});

describe('P5 not what you made', () => {
  test('a constant and what a factory returns are not exited, unless they are adopted', async () => {
    const [constant, made] = [new Pool(), new Pool()];
    const container = createContainer();
    container.bind('constant').toConstantValue(constant);
    container.bind<Factory<Pool>>('factory').toFactory(() => () => made);
    container.get('constant');
    expect(container.get<Factory<Pool>>('factory')()).toBe(made);
    expect(container.get(Lifecycle).pending()).toEqual([]);
    container.get(Lifecycle).adopt(constant);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });
});

describe('P6 once', () => {
  test('activated under several bindings: once, in the place of the first activation', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.bind(Repository).toSelf().inSingletonScope();
    container
      .bind('alias')
      .toDynamicValue((context) => context.get(Pool))
      .inSingletonScope();
    container.bind('again').toDynamicValue((context) => context.get(Pool));
    container.get(Pool);
    container.get(Repository);
    container.get('alias');
    container.get('again');
    container.get('again');
    expect(container.get(Lifecycle).pending()).toHaveLength(2);
    await container.dispose();
    expect(log).toEqual(['Repository', 'Pool']);
  });

  test.each([
    ['returns', (pool: Pool) => new Proxy(pool, {})],
    ['resolves to', async (pool: Pool) => Promise.resolve(new Proxy(pool, {}))],
    ['resolves to the instance, as', async (pool: Pool) => Promise.resolve(pool)],
  ])(
    'what onActivation %s a stand-in is not exited beside the instance',
    async (_how, activate) => {
      const container = createContainer();
      container
        .bind(Pool)
        .toSelf()
        .inSingletonScope()
        .onActivation((_context, pool) => activate(pool));
      container.bind('alias').toDynamicValue(async (context) => context.getAsync(Pool));
      expect(await container.getAsync('alias')).toBe(await container.getAsync(Pool));
      await container.dispose();
      expect(log).toEqual(['Pool']);
    },
  );

  describe('adopted besides', () => {
    const called = (name: string) => (): void => {
      log.push(name);
    };

    test.each([
      ['its own container', 'owner', 'owner'],
      ['a child of its container', 'owner', 'child'],
      ['a grandchild of its container', 'owner', 'grandchild'],
      ['the parent of its container', 'child', 'owner'],
      ['the grandparent of its container', 'grandchild', 'owner'],
      ['a sibling of its container', 'child', 'sibling'],
      ['a child of a sibling of its container', 'sibling', 'grandchild'],
    ] as const)(
      'by %s: its hooks run once, and the callback with them',
      async (_by, owned, adopting) => {
        const owner = createContainer();
        const child = createContainer({ parent: owner });
        const grandchild = createContainer({ parent: child });
        const sibling = createContainer({ parent: owner });
        const containers = { owner, child, grandchild, sibling };
        containers[owned].bind(Pool).toSelf();
        const pool = containers[owned].get(Pool);
        const { [adopting]: adopter } = containers;
        const lifecycle = adopter.get(Lifecycle);
        expect(lifecycle.adopt(pool, called('callback'))).toBe(pool);
        expect(lifecycle.adopt(pool)).toBe(pool);
        containers[owned].get(Lifecycle).onExit(called('after it'));
        if (adopter !== containers[owned] && adopter !== owner) {
          await adopter.dispose();
          expect(log).toEqual([]);
        }
        await containers[owned].dispose();
        expect(log).toEqual(['after it', 'callback', 'Pool']);
        await owner.dispose();
        expect(log).toHaveLength(3);
      },
    );

    test('by a child, of a singleton without hooks: the callback runs with the parent', async () => {
      const parent = createContainer();
      parent
        .bind('settings')
        .toDynamicValue(() => ({}))
        .inSingletonScope();
      const child = createContainer({ parent });
      child.get(Lifecycle).adopt(child.get('settings'), called('callback'));
      await child.dispose();
      expect(log).toEqual([]);
      await parent.dispose();
      expect(log).toEqual(['callback']);
    });

    test('what no container owns belongs to the one that adopts it, also among those with others', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      createContainer({ parent: child }).get(Lifecycle).onExit(called('other'));
      child.get(Lifecycle).adopt(new Pool(), called('callback'));
      child.get(Lifecycle).adopt('text', called('text'));
      await child.dispose();
      expect(log).toEqual(['other', 'text', 'callback', 'Pool']);
    });

    test('by a container that is disposed: refused, whoever owns it', async () => {
      const parent = createContainer();
      parent.bind(Pool).toSelf();
      const pool = parent.get(Pool);
      const lifecycle = createContainer({ parent }).get(Lifecycle);
      await lifecycle.dispose();
      expect(() => lifecycle.adopt(pool)).toThrow(ContainerDisposedError);
      expect(() => lifecycle.adopt(pool, called('callback'))).toThrow(ContainerDisposedError);
      await parent.dispose();
      expect(log).toEqual(['Pool']);
    });

    test('and released by its owner, with its callback', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      child.bind(Pool).toSelf();
      const pool = child.get(Pool);
      parent.get(Lifecycle).adopt(pool, called('callback'));
      await child.get(Lifecycle).release(pool);
      expect(log).toEqual(['callback', 'Pool']);
      await parent.dispose();
      expect(log).toHaveLength(2);
    });
  });

  test('an instance that a handler of another binding returned is not lost', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container
      .bind('other')
      .to(Pool)
      .onActivation((context) => context.get(Pool));
    container.get('other');
    expect(container.get('other')).toBe(container.get(Pool));
    await container.dispose();
    expect(log).toEqual(['Pool', 'Pool', 'Pool']);
  });

  test('what a handler returned is exited too where it has other hooks, and is made by a binding', async () => {
    class Wrapper {
      @OnExit()
      unwrap(): void {
        log.push('Wrapper');
      }
    }
    const wrapper = new Wrapper();
    const container = createContainer();
    container
      .bind<object>('pool')
      .to(Pool)
      .onActivation(() => wrapper);
    container.bind('wrapper').toDynamicValue((context) => context.get('pool'));
    container.get('wrapper');
    await container.dispose();
    expect(log).toEqual(['Wrapper', 'Pool']);
  });

  test.each([
    [
      'a dynamic value',
      (child: Container) => child.bind('alias').toDynamicValue((c) => c.get(Pool)),
    ],
    [
      'a resolved value',
      (child: Container) => child.bind('alias').toResolvedValue((pool: Pool) => pool, [Pool]),
    ],
  ])(
    'an instance that a child hands on as %s is its owner’s, the parent’s',
    async (_way, alias) => {
      const parent = createContainer();
      parent.bind(Pool).toSelf().inSingletonScope();
      const child = createContainer({ parent: createContainer({ parent }) });
      alias(child);
      const pool = child.get<Pool>('alias');
      const lifecycle = child.get(Lifecycle);
      lifecycle.adopt(pool);
      expect(lifecycle.pending()).toEqual([]);
      await expect(lifecycle.release(pool)).rejects.toThrow('this container does not own');
      child.get('alias');
      await child.dispose();
      expect(log).toEqual([]);
      await parent.dispose();
      expect(log).toEqual(['Pool']);
    },
  );

  test('what the parent has exited is not exited again by a child', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf().inSingletonScope();
    const child = createContainer({ parent });
    const pool = child.get(Pool);
    await parent.get(Lifecycle).release(pool);
    child.get(Lifecycle).adopt(pool);
    await child.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('a value that refuses to be looked at is left alone', () => {
    const container = createContainer();
    const { proxy, revoke } = Proxy.revocable({}, {});
    container.bind('revoked').toDynamicValue(() => [proxy]);
    container
      .bind(Pool)
      .toSelf()
      .onActivation(
        (_context, pool) =>
          new Proxy(pool, {
            getPrototypeOf: () => {
              throw new Error('hidden');
            },
          }),
      );
    revoke();
    container.get('revoked');
    container.get(Pool);
    expect(container.get(Lifecycle).pending()).toHaveLength(1);
  });

  test('a constructor that always returns the same object', async () => {
    const shared = new Pool();
    @injectable()
    class Shared extends Pool {
      constructor() {
        super();
        // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- what it is about
        return shared;
      }
    }
    const container = createContainer();
    container.bind(Shared).toSelf();
    container.get(Shared);
    container.get(Shared);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });
});

describe('P7 owner', () => {
  test('tsyringe#237, awilix#275: a singleton belongs to the container of its binding, also when it is resolved through a child', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf().inSingletonScope();
    const child = createContainer({ parent });
    const plain = new Container({ parent });
    expect(child.get(Pool)).toBe(plain.get(Pool));
    await child.dispose();
    expect(log).toEqual([]);
    await parent.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('a singleton that is bound in the child belongs to the child', async () => {
    const parent = createContainer();
    parent.onActivation('pool', (_context, pool) => pool);
    const child = createContainer({ parent });
    child.bind('pool').to(Pool).inSingletonScope();
    child.get('pool');
    await child.dispose();
    expect(log).toEqual(['Pool']);
    await parent.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('a transient belongs to the container whose get created it', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf();
    const child = createContainer({ parent });
    child.get(Pool);
    await child.dispose();
    expect(log).toEqual(['Pool']);
    await parent.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('what a child without the module creates belongs to the nearest container with it', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf();
    new Container({ parent: new Container({ parent }) }).get(Pool);
    await parent.dispose();
    expect(log).toEqual(['Pool']);
  });
});

test('P7 owner › a child that registers the module late owns what it creates from then on', async () => {
  const parent = createContainer();
  parent.bind(Pool).toSelf();
  const child = new Container({ parent: createContainer({ parent }) });
  child.get(Pool);
  child.register(LifecycleModule);
  child.get(Pool);
  expect(child.get(Lifecycle).pending()).toHaveLength(1);
});

describe('P9 half-built graphs', () => {
  @injectable()
  class Failing {
    constructor(@inject(Pool) readonly pool: Pool) {
      throw new Error('constructor');
    }

    @OnExit()
    close(): void {
      log.push('Failing');
    }
  }

  test('what was built before a constructor failed is exited', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.bind(Failing).toSelf().inSingletonScope();
    expect(() => container.get(Failing)).toThrow('constructor');
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('an instance whose own @postConstruct failed is not exited, its dependencies are', async () => {
    @injectable()
    class Connecting extends Repository {
      constructor(@inject(Pool) pool: Pool) {
        super(pool);
      }

      @postConstruct()
      async connect(): Promise<void> {
        return Promise.reject(new Error('no connection'));
      }
    }
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.bind(Connecting).toSelf().inSingletonScope();
    await expect(container.getAsync(Connecting)).rejects.toThrow('postConstruct');
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test.each(['Singleton', 'Transient', 'Request'] as const)(
    'an instance whose property injection failed is not exited, its dependencies are (%s)',
    async (defaultScope) => {
      @injectable()
      class Injected extends Repository {
        @inject('missing')
        readonly missing!: unknown;

        constructor(@inject(Pool) pool: Pool) {
          super(pool);
          log.push('constructed');
        }
      }
      const container = createContainer({ defaultScope });
      container.bind(Pool).toSelf();
      container.bind(Injected).toSelf();
      container.bind('missing').toDynamicValue(() => {
        throw new Error('not injected');
      });
      expect(() => container.get(Injected)).toThrow('not injected');
      expect(container.get(Lifecycle).pending()).toEqual([{ service: 'Pool', hook: 'close' }]);
      await container.dispose();
      expect(log).toEqual(['constructed', 'Pool']);
    },
  );

  test.each([
    [
      'throws',
      () => {
        throw new Error('activation');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('activation'))],
  ] as const)('an instance whose activation handler %s is exited', async (_how, activate) => {
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.bind(Repository).toSelf().inSingletonScope().onActivation(activate);
    await expect(container.getAsync(Repository)).rejects.toThrow('activation');
    await container.dispose();
    expect(log).toEqual(['Repository', 'Pool']);
  });
});
