import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Container,
  inject,
  injectable,
  preDestroy,
  type ContainerOptions,
  type Factory,
  type Newable,
} from 'inversify';
import { Lifecycle, LifecycleModule, OnExit } from 'inversify-onexit';

import { createContainer } from '../support/containers.js';
import { log } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

function createWith(disposables: boolean, options?: ContainerOptions): Container {
  const container = new Container(options);
  container.register(LifecycleModule.with({ disposables }));
  return container;
}

@injectable()
class Sync {
  [Symbol.dispose](...parameters: unknown[]): void {
    log.push(['Sync', ...parameters].join());
  }
}

@injectable()
class Async {
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
    log.push('Async');
  }
}

describe('P34 disposables', () => {
  describe.each(['Singleton', 'Transient', 'Request'] as const)('in scope %s', (defaultScope) => {
    let container: Container;

    beforeEach(() => {
      container = createWith(true, { defaultScope });
    });

    const disposed = async (type: Newable<object>): Promise<string[]> => {
      container.bind(type).toSelf();
      container.get(type);
      await container.dispose();
      return log;
    };

    test('[Symbol.dispose], called without an argument', async () => {
      expect(await disposed(Sync)).toEqual(['Sync']);
    });

    test('[Symbol.asyncDispose], awaited', async () => {
      container.bind(Sync).toSelf();
      @injectable()
      class Using extends Async {
        constructor(@inject(Sync) readonly used: Sync) {
          super();
        }
      }
      expect(await disposed(Using)).toEqual(['Async', 'Sync']);
    });

    test('of both, only [Symbol.asyncDispose]', async () => {
      @injectable()
      class Both extends Async {
        [Symbol.dispose](): void {
          log.push('sync');
        }
      }
      expect(await disposed(Both)).toEqual(['Async']);
    });

    test('after all marks, those of the base too', async () => {
      @injectable()
      class Base {
        @OnExit()
        close(): void {
          log.push('close');
        }
      }
      @injectable()
      class Derived extends Base {
        [Symbol.dispose](): void {
          log.push('dispose');
        }

        @OnExit()
        flush(): void {
          log.push('flush');
        }
      }
      expect(await disposed(Derived)).toEqual(['flush', 'close', 'dispose']);
    });

    test('inherited, and overridden, once', async () => {
      @injectable()
      class Inheriting extends Sync {}
      @injectable()
      class Overriding extends Sync {
        override [Symbol.dispose](): void {
          log.push('Overriding');
        }
      }
      container.bind(Inheriting).toSelf();
      container.get(Inheriting);
      expect(await disposed(Overriding)).toEqual(['Overriding', 'Sync']);
    });

    test('marked besides: once, in the place and with the argument of the mark', async () => {
      @injectable()
      class Marked {
        @OnExit({ timeout: 1_000 })
        [Symbol.dispose](context: unknown): void {
          log.push(`dispose ${typeof context}`);
        }

        @OnExit()
        flush(): void {
          log.push('flush');
        }
      }
      expect(await disposed(Marked)).toEqual(['flush', 'dispose object']);
    });

    test('a field of the instance', async () => {
      @injectable()
      class WithField {
        readonly [Symbol.dispose] = (): void => {
          log.push('field');
        };
      }
      expect(await disposed(WithField)).toEqual(['field']);
    });

    test.each([
      ['dynamic', (value: object) => container.bind('it').toDynamicValue(() => value)],
      ['async dynamic', (value: object) => container.bind('it').toDynamicValue(async () => value)],
      ['resolved', (value: object) => container.bind('it').toResolvedValue(() => value)],
    ])('a %s value', async (_kind, bind) => {
      bind(new Sync());
      await container.getAsync('it');
      await container.dispose();
      expect(log).toEqual(['Sync']);
    });

    test.each(['onActivation returned', 'onActivation resolved to'])(
      'the instance for which %s a proxy, once',
      async (how) => {
        container
          .bind(Sync)
          .toSelf()
          .onActivation((_context, instance) => {
            const proxy = new Proxy(instance, {});
            return how.endsWith('to') ? Promise.resolve(proxy) : proxy;
          });
        container.bind('alias').toDynamicValue(async (context) => context.getAsync(Sync));
        await container.getAsync('alias');
        await container.dispose();
        expect(log).toEqual(['Sync']);
      },
    );

    test('functions, promises and containers are left alone; so is what has a getter that throws', async () => {
      const dispose = {
        value: () => {
          log.push('disposed');
        },
      };
      const withDispose = (value: object): object =>
        Object.defineProperty(value, Symbol.dispose, dispose);
      const values = {
        function: withDispose(() => {}),
        container: createContainer(),
        child: createContainer({ parent: container }),
        plain: withDispose(new Container()),
        hostile: Object.defineProperty({}, Symbol.dispose, {
          get: () => {
            throw new Error('no method');
          },
        }),
        revoked: new Proxy(
          {},
          {
            get: () => undefined,
            has: () => {
              throw new Error('trap');
            },
          },
        ),
        'no method': { [Symbol.dispose]: 1 },
        text: 'text',
        null: null,
      };
      for (const [name, value] of Object.entries(values)) {
        container.bind(name).toDynamicValue(() => value);
        expect(container.get(name)).toBe(value);
      }
      expect(container.get(Lifecycle).pending()).toEqual([]);
      await container.dispose();
      expect(log).toEqual([]);
    });

    test('not by default, nor where it is said to be off', async () => {
      for (const other of [
        createContainer({ defaultScope }),
        createWith(false, { defaultScope }),
      ]) {
        other.bind(Sync).toSelf();
        other.bind('dynamic').toDynamicValue(() => new Sync());
        other.get(Sync);
        other.get('dynamic');
        await expect(other.dispose()).resolves.toMatchObject({ exits: [] });
      }
      expect(log).toEqual([]);
    });
  });

  test('what you made is left alone: constants, what factories return, what is adopted', async () => {
    const container = createWith(true);
    container.bind('constant').toConstantValue(new Sync());
    container.bind<Factory<Sync>>('factory').toFactory(() => () => new Sync());
    container.get('constant');
    void container.get<Factory<Sync>>('factory')();
    const lifecycle = container.get(Lifecycle);
    expect(() => lifecycle.adopt(new Sync())).toThrow('no method marked with @OnExit()');
    lifecycle.adopt(new Sync(), () => {});
    await container.dispose();
    expect(log).toEqual([]);
  });

  test('with a teardown of Inversify: @preDestroy once, onDeactivation before, handlers of the container after', async () => {
    @injectable()
    class Twice {
      @preDestroy()
      [Symbol.dispose](): void {
        log.push('Twice');
      }
    }
    const container = createWith(true, { defaultScope: 'Singleton' });
    for (const type of [Twice, Sync]) {
      container
        .bind<object>(type)
        .toSelf()
        .onDeactivation(() => {
          log.push('binding');
        });
      container.onDeactivation(type, () => {
        log.push('container');
      });
      container.get<object>(type);
    }
    await container.dispose();
    expect(log).toEqual(['binding', 'Sync', 'container', 'Twice', 'binding', 'container']);
  });

  test('one whose method is gone by then fails', async () => {
    const container = createWith(true);
    const value: { [Symbol.dispose]?: unknown } = { [Symbol.dispose]: () => {} };
    container.bind('it').toDynamicValue(() => value);
    container.get('it');
    Reflect.deleteProperty(value, Symbol.dispose);
    await expect(container.dispose()).rejects.toThrow('[Symbol.dispose] is no longer a method');
  });

  test('a child that does not say has the option of its parent', async () => {
    for (const [ofParent, ofChild, disposed] of [
      [true, undefined, ['child', 'parent']],
      [true, false, ['parent']],
      [false, true, ['child']],
      [undefined, true, ['child']],
    ] as const) {
      log.length = 0;
      const parent = ofParent === undefined ? createContainer() : createWith(ofParent);
      class Owned {
        constructor(readonly name: string) {}

        [Symbol.dispose](): void {
          log.push(this.name);
        }
      }
      let name = 'parent';
      parent.bind('transient').toDynamicValue(() => new Owned(name));
      parent.bind(Sync).toSelf().inSingletonScope();
      parent.bind('class').to(Sync);
      parent.get('transient');
      parent.get('class');
      const between = createContainer({ parent });
      const child =
        ofChild === undefined
          ? createContainer({ parent: between })
          : createWith(ofChild, { parent: between });
      name = 'child';
      child.get('transient');
      child.get('class');
      child.get(Sync);
      await child.dispose();
      const rest = log.splice(0).filter((each) => each !== 'Sync');
      await parent.dispose();
      expect([...rest, ...log.filter((each) => each !== 'Sync')]).toEqual(disposed);
    }
  });

  test('a transient class without marks has its binding left as it was, unless it is asked for', () => {
    for (const [container, isWatched] of [
      [createContainer(), false],
      [createWith(false), false],
      [createWith(true), true],
    ] as const) {
      const binding = container.bind(Sync).toSelf();
      container.get(Sync);
      expect(container.get(Lifecycle).pending()).toHaveLength(isWatched ? 1 : 0);
      // Set by the fluent interface on a binding that was left alone, and on one that was not.
      binding.onActivation((_context, instance) => instance);
      container.get(Sync);
      expect(container.get(Lifecycle).pending()).toHaveLength(isWatched ? 1 : 0);
    }
  });

  test('a captive dependency is refused, as one with a mark is', () => {
    const parent = createWith(true);
    const child = createContainer({ parent });
    @injectable()
    class Holder {
      constructor(@inject(Sync) readonly sync: Sync) {}
    }
    parent.bind(Holder).toSelf().inSingletonScope();
    child.bind(Sync).toSelf();
    expect(() => child.get(Holder)).toThrow('Cannot build Holder through a child container');
  });

  test.each([
    ['a class', (container: Container) => container.bind('it').to(Sync)],
    ['a value', (container: Container) => container.bind('it').toDynamicValue(() => new Sync())],
  ])('registering after a singleton was resolved is an error: %s', (_kind, bind) => {
    const container = new Container({ defaultScope: 'Singleton' });
    bind(container);
    container.get('it');
    expect(() => {
      container.register(LifecycleModule.with({ disposables: true }));
    }).toThrow('LifecycleModule was registered after it [Sync] had been resolved');
    container.register(LifecycleModule);
  });

  test.each([
    ['yes', "'yes'"],
    [1, '1'],
    [null, 'null'],
  ])('an option that is no boolean is a TypeError: %s', (disposables, shown) => {
    expect(() => LifecycleModule.with({ disposables: disposables as unknown as boolean })).toThrow(
      new TypeError(
        `LifecycleModule.with() was given disposables: ${shown}. It takes true or false.`,
      ),
    );
  });
});
