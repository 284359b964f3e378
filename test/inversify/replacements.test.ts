/** What activation handlers and constructors put in an instance's place. */
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Container, inject, injectable } from 'inversify';
import { Lifecycle, LifecycleModule, OnExit } from 'inversify-onexit';

import { createContainer, unbind, unbindAsync } from '../support/containers.js';
import { log, Pool } from '../support/services.js';

@injectable()
class Hooked {
  constructor(@inject(Pool) readonly pool: Pool) {}

  @OnExit()
  close(): void {
    log.push('Hooked');
  }
}

@injectable()
class Plain {
  constructor(@inject(Pool) readonly pool: Pool) {}
}

class Decorated {
  readonly inner: unknown;
  readonly name: string;

  constructor(inner: unknown, name = 'Decorated') {
    this.inner = inner;
    this.name = name;
  }

  @OnExit()
  flush(): void {
    log.push(this.name);
  }
}

let container: Container;

beforeEach(() => {
  log.length = 0;
  container = createContainer();
  container.bind(Pool).toSelf();
});

async function disposed(): Promise<string[]> {
  await container.dispose();
  return log.splice(0);
}

const scopes = ['Singleton', 'Transient', 'Request'] as const;
const kinds = ['class', 'dynamic value', 'resolved value'] as const;
const holders = ['the binding', 'the container'] as const;

/** Binds a service that a handler decorates. */
function bindDecorated(
  scope: (typeof scopes)[number],
  kind: (typeof kinds)[number],
  Made: typeof Hooked | typeof Plain,
  handler: (context: unknown, value: unknown) => unknown,
  holder: (typeof holders)[number],
): void {
  const bound = container.bind('service');
  const made =
    kind === 'class'
      ? bound.to(Made)
      : kind === 'dynamic value'
        ? bound.toDynamicValue((context) => new Made(context.get(Pool)))
        : bound.toResolvedValue((pool: Pool) => new Made(pool), [Pool]);
  const scoped =
    scope === 'Singleton'
      ? made.inSingletonScope()
      : scope === 'Transient'
        ? made.inTransientScope()
        : made.inRequestScope();
  if (holder === 'the binding') {
    scoped.onActivation(handler);
  } else {
    container.onActivation('service', handler);
  }
}

const combinations = scopes.flatMap((scope) =>
  kinds.flatMap((kind) => holders.map((holder) => ({ scope, kind, holder }))),
);

describe('P4 the raw instance › what a handler returns is exited before the original, and both before their dependencies', () => {
  describe.each(combinations)('$scope, $kind, handler of $holder', ({ scope, kind, holder }) => {
    test('the original has hooks', async () => {
      bindDecorated(scope, kind, Hooked, (_context, value) => new Decorated(value), holder);
      expect(container.get('service')).toBeInstanceOf(Decorated);
      expect(await disposed()).toEqual(['Decorated', 'Hooked', 'Pool']);
    });

    test('it has none', async () => {
      bindDecorated(scope, kind, Plain, (_context, value) => new Decorated(value), holder);
      expect(container.get('service')).toBeInstanceOf(Decorated);
      expect(await disposed()).toEqual(['Decorated', 'Pool']);
    });

    test('the handler returns a promise', async () => {
      bindDecorated(
        scope,
        kind,
        Hooked,
        async (_context, value) => Promise.resolve(new Decorated(value)),
        holder,
      );
      expect(await container.getAsync('service')).toBeInstanceOf(Decorated);
      expect(await disposed()).toEqual(['Decorated', 'Hooked', 'Pool']);
    });

    test('a proxy stands for it', async () => {
      bindDecorated(
        scope,
        kind,
        Hooked,
        (_context, value) => new Proxy(value as Hooked, {}),
        holder,
      );
      container.get('service');
      expect(await disposed()).toEqual(['Hooked', 'Pool']);
    });

    test('it is released with the original, by either of them', async () => {
      bindDecorated(scope, kind, Plain, (_context, value) => new Decorated(value), holder);
      const [first, second] = [
        container.get<Decorated>('service'),
        container.get<Decorated>('service'),
      ];
      const lifecycle = container.get(Lifecycle);
      await lifecycle.release(first);
      expect(log).toEqual(['Decorated']);
      if (second !== first) {
        await lifecycle.release(second.inner as object);
        expect(log).toEqual(['Decorated', 'Decorated']);
      }
      expect(container.get('service')).not.toBe(first);
    });
  });

  test.each(['the binding', 'the container'])(
    'of a constant and of a factory, by a handler of %s',
    async (holder) => {
      const bound = [
        container.bind('constant').toConstantValue({}),
        container.bind('factory').toFactory((() => () => ({})) as never),
      ];
      ['constant', 'factory'].forEach((service, index) => {
        const handler = (_context: unknown, value: unknown): unknown =>
          new Decorated(value, service);
        if (holder === 'the binding') {
          bound[index]?.onActivation(handler);
        } else {
          container.onActivation(service, handler);
        }
        container.get(service);
        container.get(service);
      });
      expect(await disposed()).toEqual(['factory', 'constant']);
    },
  );

  test('several handlers, those of a child among them', async () => {
    const child = createContainer({ parent: container });
    const decorate =
      (name: string) =>
      (_context: unknown, value: unknown): unknown =>
        new Decorated(value, name);
    container.bind('service').to(Hooked).onActivation(decorate('binding'));
    container.onActivation('service', decorate('parent'));
    child.onActivation('service', decorate('child'));
    expect(child.get('service')).toMatchObject({ name: 'parent', inner: { name: 'child' } });
    await child.dispose();
    expect(log).toEqual(['parent', 'child', 'binding', 'Hooked', 'Pool']);
  });

  test('what the handler makes for it is exited after it', async () => {
    container
      .bind('service')
      .to(Plain)
      .inSingletonScope()
      .onActivation(
        (context: { get(service: unknown): unknown }) => new Decorated(context.get(Hooked)),
      );
    container.bind(Hooked).toSelf();
    container.get('service');
    expect(await disposed()).toEqual(['Decorated', 'Hooked', 'Pool', 'Pool']);
  });

  test('another instance of the same class is no proxy', async () => {
    container
      .bind('service')
      .toDynamicValue(() => new Decorated(undefined, 'original'))
      .onActivation((_context, value) => new Decorated(value, 'decorator'));
    container.get('service');
    expect(await disposed()).toEqual(['decorator', 'original']);
  });

  test('of an original that is frozen, another of its class is taken for a proxy', async () => {
    container
      .bind('service')
      .toDynamicValue(() => Object.freeze(new Decorated(undefined, 'original')))
      .onActivation((_context, value) => new Proxy(value as Decorated, {}));
    container.get('service');
    expect(await disposed()).toEqual(['original']);
  });

  test('a value whose traps throw is no proxy that could be recognised', async () => {
    container
      .bind('service')
      .toDynamicValue(() => new Decorated(undefined, 'original'))
      .onActivation(
        (_context, value) =>
          new Proxy(value as Decorated, {
            get: (target, key, receiver): unknown => {
              if (typeof key === 'symbol' && key.description?.endsWith('view') === true) {
                throw new Error('not for you');
              }
              return Reflect.get(target, key, receiver);
            },
          }),
      );
    container.get('service');
    expect(await disposed()).toEqual(['original', 'original']);
  });

  test('an instance of its own container is exited once, in its first place', async () => {
    container.bind(Hooked).toSelf().inSingletonScope();
    container
      .bind('service')
      .toDynamicValue(() => ({}))
      .onActivation((context) => context.get(Hooked));
    container.get('service');
    container.get('service');
    expect(await disposed()).toEqual(['Hooked', 'Pool']);
  });

  test('a primitive may be replaced, and an instance by a primitive', async () => {
    container
      .bind('number')
      .toDynamicValue(() => 1)
      .onActivation(((_context: unknown, value: number) => new Decorated(value)) as never);
    container
      .bind('service')
      .to(Hooked)
      .onActivation(() => 1);
    container.get('number');
    expect(container.get('service')).toBe(1);
    expect(await disposed()).toEqual(['Hooked', 'Pool', 'Decorated']);
  });

  test('of a parent’s singleton that a child builds it is the parent’s', async () => {
    const child = createContainer({ parent: container });
    bindDecorated(
      'Singleton',
      'class',
      Plain,
      (_c, value) => new Decorated(value),
      'the container',
    );
    child.get('service');
    await child.dispose();
    expect(log).toEqual([]);
    expect(await disposed()).toEqual(['Decorated', 'Pool']);
  });

  test('what a child owns is not put in the place of a parent’s singleton', () => {
    const child = createContainer({ parent: container });
    const owned = child.get(Lifecycle).adopt(new Decorated(undefined));
    bindDecorated('Singleton', 'class', Plain, () => owned, 'the binding');
    expect(() => child.get('service')).toThrow(/^Cannot build service through a child container/);
  });

  test('with transients refused it is refused', async () => {
    container = new Container();
    container.register(LifecycleModule.with({ transients: 'refuse' }));
    container.bind('transient').toDynamicValue(() => ({}));
    container.bind('constant').toConstantValue({});
    container
      .bind('singleton')
      .toDynamicValue(() => ({}))
      .inSingletonScope();
    for (const service of ['transient', 'constant', 'singleton']) {
      container.onActivation(service, (_context, value) => new Decorated(value, service));
    }
    expect(() => container.get('transient')).toThrow(/^transient \[Decorated\] has exit hooks/);
    expect(log.splice(0)).toEqual(['transient']);
    container.get('constant');
    container.get('singleton');
    expect(await disposed()).toEqual(['singleton', 'constant']);
  });

  test('with disposables it is disposed without a mark, if it is one', async () => {
    container = new Container();
    container.register(LifecycleModule.with({ disposables: true }));
    const child = new Container({ parent: container });
    child.register(LifecycleModule.with({ disposables: false }));
    container
      .bind('service')
      .toDynamicValue(() => ({}))
      .onActivation(() => ({ [Symbol.dispose]: () => log.push('disposed') }));
    container.get('service');
    child.get('service');
    await child.dispose();
    expect(log).toEqual([]);
    expect(await disposed()).toEqual(['disposed']);
  });
});

describe('P14 exactly once › what stands in the place of a singleton', () => {
  test('is exited with it when it is unbound, before it', async () => {
    bindDecorated('Singleton', 'class', Hooked, (_c, value) => new Decorated(value), 'the binding');
    container.get('service');
    unbind(container, 'service');
    expect(log).toEqual(['Decorated', 'Hooked']);
    expect(await disposed()).toEqual(['Decorated', 'Hooked', 'Pool']);
  });

  test('though the original has no hooks, and asynchronously', async () => {
    class Slow {
      readonly inner: unknown;

      constructor(inner: unknown) {
        this.inner = inner;
      }

      @OnExit()
      async flush(): Promise<void> {
        await Promise.resolve();
        log.push('slow');
      }
    }
    bindDecorated('Singleton', 'class', Plain, (_c, value) => new Slow(value), 'the container');
    container.get('service');
    await unbindAsync(container, 'service');
    expect(log.splice(0)).toEqual(['slow']);
    expect(container.get(Lifecycle).pending()).toEqual([{ service: 'Pool', hook: 'close' }]);
    expect(await disposed()).toEqual(['Pool']);
  });
});

describe('P4 the raw instance › what a constructor returns', () => {
  test.each(scopes)('another object has its own hooks (%s)', async (scope) => {
    @injectable()
    class Returning {
      constructor(@inject(Pool) pool: Pool) {
        return new Decorated(pool) as never;
      }

      @OnExit()
      close(): void {
        log.push('not reached');
      }
    }
    const bound = container.bind('service').to(Returning);
    if (scope === 'Singleton') {
      bound.inSingletonScope();
    } else if (scope === 'Request') {
      bound.inRequestScope();
    }
    container.get('service');
    expect(await disposed()).toEqual(['Decorated', 'Pool']);
  });

  test('a proxy of itself has those of its class', async () => {
    @injectable()
    class Self {
      constructor() {
        return new Proxy(this, {});
      }

      @OnExit()
      close(): void {
        log.push('Self');
      }
    }
    container.bind(Self).toSelf();
    container.get(Self);
    expect(await disposed()).toEqual(['Self']);
  });

  test('a proxy that hides its class has none', async () => {
    @injectable()
    class Hidden {
      constructor() {
        return new Proxy(this, {
          getPrototypeOf: () => {
            throw new Error('not for you');
          },
        });
      }

      @OnExit()
      close(): void {
        log.push('not reached');
      }
    }
    container.bind(Hidden).toSelf();
    container.get(Hidden);
    expect(await disposed()).toEqual([]);
  });
});
