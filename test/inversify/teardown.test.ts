import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Container,
  ContainerModule,
  inject,
  injectable,
  injectFromBase,
  preDestroy,
  type BindInWhenOnFluentSyntax,
} from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  Lifecycle,
  LifecycleModule,
  OnExit,
} from 'inversify-onexit';

import {
  createContainer,
  loadAsync,
  rebind,
  rebindAsync,
  unbind,
  unbindAllAsync,
  unbindAsync,
  unloadAsync,
} from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool, Repository } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

/** Logs when it is called, and when the promise that it returns has settled. */
function slowly(name: string): () => Promise<void> {
  return async () => {
    log.push(`${name} starts`);
    await Promise.resolve();
    log.push(name);
  };
}

@injectable()
class Cache {
  constructor(@inject(Pool) readonly pool: Pool) {}

  @preDestroy()
  async flush(): Promise<void> {
    await Promise.resolve();
    log.push('Cache.flush');
  }

  @OnExit()
  close(): void {
    log.push('Cache.close');
  }
}

describe("P13 Inversify's own teardown", () => {
  test('for each singleton: @preDestroy, its onDeactivation, its hooks, the handlers of the container', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf().onDeactivation(slowly('Pool.onDeactivation'));
    container.bind(Cache).toSelf().onDeactivation(slowly('Cache.onDeactivation'));
    container.onDeactivation(Cache, slowly('first handler of Cache'));
    container.onDeactivation(Cache, slowly('second handler of Cache'));
    container.onDeactivation(Pool, slowly('handler of Pool'));
    container.get(Pool);
    container.get(Cache);
    const report = await container.dispose();
    expect(log).toEqual([
      'Cache.flush',
      'Cache.onDeactivation starts',
      'Cache.onDeactivation',
      'Cache.close',
      'first handler of Cache starts',
      'first handler of Cache',
      'second handler of Cache starts',
      'second handler of Cache',
      'Pool.onDeactivation starts',
      'Pool.onDeactivation',
      'Pool',
      'handler of Pool starts',
      'handler of Pool',
    ]);
    expect(report.exits.map(({ service, hook }) => `${service}.${hook}`)).toEqual([
      'Cache.flush',
      'Cache.onDeactivation',
      'Cache.close',
      'Cache.onDeactivation',
      'Cache.onDeactivation',
      'Pool.onDeactivation',
      'Pool.close',
      'Pool.onDeactivation',
    ]);
  });

  test('InversifyJS#1602, InversifyJS#1606: in reverse order of activation, decorated or not', async () => {
    const logs = (name: string) => (): void => {
      log.push(name);
    };
    const container = createContainer({ defaultScope: 'Singleton' });
    @injectable()
    class Undecorated {}
    container.bind('class').to(Undecorated).onDeactivation(logs('class'));
    container
      .bind('dynamic')
      .toDynamicValue((context) => [context.get('class')])
      .onDeactivation(logs('dynamic'));
    container
      .bind('resolved')
      .toResolvedValue((value) => [value], ['dynamic'])
      .onDeactivation(logs('resolved'));
    container.bind('constant').toConstantValue('text').onDeactivation(logs('constant'));
    container
      .bind('primitive')
      .toResolvedValue((text) => `${String(text)}!`, ['constant'])
      .onDeactivation(logs('primitive'));
    container.bind('handled').toResolvedValue((value) => [value], ['primitive']);
    container.onDeactivation('handled', logs('handled'));
    container
      .bind('async')
      .toDynamicValue(async (context) => [context.get('handled')])
      .onDeactivation(logs('async'));
    container.bind('never resolved').to(Undecorated).onDeactivation(logs('never resolved'));
    container.bind(Pool).toSelf();
    container.get('class');
    container.get('resolved');
    await container.getAsync('async');
    container.get(Pool);
    const pending = container.get(Lifecycle).pending();
    expect(pending.map(({ service }) => service)).toEqual([
      'Pool',
      'async [Array]',
      'handled [Array]',
      'primitive [string]',
      'constant [string]',
      'resolved [Array]',
      'dynamic [Array]',
      'class [Undecorated]',
    ]);
    await container.dispose();
    expect(log).toEqual([
      'Pool',
      ...['async', 'handled', 'primitive', 'constant', 'resolved', 'dynamic', 'class'],
    ]);
  });

  test('what a handler is given is the activated value, what @preDestroy is called on the instance', async () => {
    const given: unknown[] = [];
    @injectable()
    class Service {
      @preDestroy()
      destroy(...parameters: unknown[]): void {
        given.push(this, parameters);
      }
    }
    const container = createContainer({ defaultScope: 'Singleton' });
    const binding = container.bind(Service).toSelf();
    binding.onActivation((_context, service) => {
      given.push(service);
      return new Proxy(service, {});
    });
    binding.onDeactivation((value) => {
      given.push(value);
    });
    const proxy = container.get(Service);
    await container.dispose();
    const [instance] = given;
    expect(given[1]).toBe(instance);
    expect(given[2]).toEqual([]);
    expect(given[3]).toBe(proxy);
    expect(proxy).not.toBe(instance);
  });

  test('a method that is marked twice runs once, with an ExitContext', async () => {
    @injectable()
    class Twice {
      @OnExit()
      @preDestroy()
      close({ reason }: { reason: unknown }): void {
        log.push(`closed on ${String(reason)}`);
      }

      @OnExit()
      after(): void {
        log.push('after');
      }
    }
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Twice).toSelf();
    container.get(Twice);
    await container.dispose({ reason: 'purpose' });
    expect(log).toEqual(['closed on purpose', 'after']);
  });

  test("@preDestroy of a base class runs where Inversify's @injectFromBase says so", async () => {
    @injectable()
    class Base {
      @preDestroy()
      destroy(): void {
        log.push(this.constructor.name);
      }
    }
    @injectable()
    @injectFromBase({ extendConstructorArguments: false })
    class Extending extends Base {}
    @injectable()
    class Apart extends Base {}
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Extending).toSelf();
    container.bind(Apart).toSelf();
    container.get(Extending);
    container.get(Apart);
    await container.dispose();
    expect(log).toEqual(['Extending']);
  });

  test('@preDestroy and onDeactivation are for singletons: a transient has neither', async () => {
    @injectable()
    class Service {
      @preDestroy()
      destroy(): void {
        log.push('destroyed');
      }
    }
    const container = createContainer();
    container.bind(Service).toSelf();
    container.onDeactivation(Service, () => {
      log.push('deactivated');
    });
    container.get(Service);
    await container.dispose();
    expect(log).toEqual([]);
  });

  test('whatever fails, the others run, and one error has them all', async () => {
    const fail = (what: string) => (): never => {
      throw new Error(what);
    };
    @injectable()
    class Service {
      @preDestroy()
      async destroy(): Promise<void> {
        await Promise.resolve();
        throw new Error('@preDestroy');
      }

      @OnExit()
      close(): void {
        log.push('closed');
      }
    }
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Service).toSelf().onDeactivation(fail('onDeactivation'));
    container.onDeactivation(Service, async () => Promise.reject(new Error('first handler')));
    container.onDeactivation(Service, function goodbye() {
      log.push('second handler');
    });
    container.get(Service);
    await expect(container.dispose()).rejects.toThrow(
      [
        '3 of 5 exit hooks failed; all were run:',
        '  - Service.destroy failed: Error: @preDestroy',
        '  - Service.onDeactivation failed: Error: onDeactivation',
        '  - Service.onDeactivation failed: Error: first handler',
      ].join('\n'),
    );
    expect(log).toEqual(['closed', 'second handler']);
  });

  test('handlers of the container for what has nothing else run last, in reverse binding order', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    for (const service of ['one', 'two', 'three', 'not resolved']) {
      container.bind(service).toConstantValue(service);
      container.onDeactivation(service, (value) => {
        log.push(String(value));
      });
    }
    container.bind(Pool).toSelf();
    for (const service of ['three', Pool, 'one', 'two']) {
      container.get(service);
    }
    expect(container.get(Lifecycle).pending()).toHaveLength(4);
    await container.dispose();
    expect(log).toEqual(['Pool', 'three', 'two', 'one']);
  });

  test('a handler that comes after the activation runs, too', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    const binding = container.bind('kept').toDynamicValue(() => ({}));
    container.bind('handled').toDynamicValue(() => ({}));
    container.get('kept');
    container.get('handled');
    binding.onDeactivation(() => {
      log.push('kept');
    });
    container.onDeactivation('handled', () => {
      log.push('handled');
    });
    await container.dispose();
    expect(log).toEqual(['handled', 'kept']);
  });

  test('a handler that comes after the activation runs in the place of the activation', async () => {
    @injectable()
    class Plain {
      constructor(@inject(Pool) readonly pool: Pool) {}
    }
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    const ofClass = container.bind('class').to(Plain);
    container.bind('dynamic').toDynamicValue((context) => [context.get('class')]);
    const ofPrimitive = container
      .bind('primitive')
      .toResolvedValue((value: unknown) => `text of ${typeof value}`, ['dynamic']);
    container.bind('async').toDynamicValue(async (context) => [context.get('primitive')]);
    container.bind('without').toDynamicValue((context) => [context.get('primitive')]);
    await container.getAsync('async');
    container.get('without');
    const lifecycle = container.get(Lifecycle);
    expect(lifecycle.pending()).toEqual([{ service: 'Pool', hook: 'close' }]);
    lifecycle.onExit(() => log.push('callback'));
    for (const binding of [ofClass, ofPrimitive]) {
      binding.onDeactivation((value: unknown) => {
        log.push(value instanceof Plain ? 'class' : String(value));
      });
    }
    for (const service of ['dynamic', 'async']) {
      container.onDeactivation(service, () => {
        log.push(service);
      });
    }
    const order = ['async [Array]', 'primitive [string]', 'dynamic [Array]'];
    const pending = lifecycle.pending().map(({ service }) => service);
    expect(pending).toEqual(['callback', ...order, 'class [Plain]', 'Pool']);
    const report = await container.dispose();
    expect(log).toEqual(['callback', 'async', 'text of object', 'dynamic', 'class', 'Pool']);
    expect(report.exits).toHaveLength(6);
  });

  test('a handler that a hook sets runs in the place of the activation, too', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind('kept').toDynamicValue((context) => [context.get(Pool)]);
    container.get('kept');
    container.get(Lifecycle).onExit(() => {
      container.onDeactivation('kept', () => {
        log.push('kept');
      });
    });
    await container.dispose();
    expect(log).toEqual(['kept', 'Pool']);
  });

  test('a later handler of what has no hooks runs in its place, whoever has handed it on before', async () => {
    const shared = {};
    const parent = createContainer({ defaultScope: 'Singleton' });
    const containers = [parent, ...[1, 2].map(() => createContainer({ parent }))];
    for (const container of containers) {
      container.bind(Pool).toSelf().inSingletonScope();
      const binding = container.bind('dynamic').toDynamicValue((context) => {
        context.get(Pool);
        return shared;
      });
      binding.inSingletonScope();
      container.get('dynamic');
      binding.onDeactivation(() => {
        log.push('dynamic');
      });
    }
    await parent.dispose();
    expect(log).toEqual(['dynamic', 'Pool', 'dynamic', 'Pool', 'dynamic', 'Pool']);
  });

  test('what has no hooks cannot be released, and keeps its place for a later handler', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind('dynamic').toDynamicValue((context) => [context.get(Pool)]);
    const value = container.get<object>('dynamic');
    await expect(container.get(Lifecycle).release(value)).rejects.toThrow('has no exit hooks');
    container.onDeactivation('dynamic', () => {
      log.push('dynamic');
    });
    await container.dispose();
    expect(log).toEqual(['dynamic', 'Pool']);
  });

  test('of what was resolved before the module was registered a later handler runs last', async () => {
    const container = new Container({ defaultScope: 'Singleton' });
    container.bind('early').toDynamicValue(() => ({}));
    container.get('early');
    container.register(LifecycleModule);
    container.bind(Pool).toSelf();
    container.get(Pool);
    container.onDeactivation('early', () => {
      log.push('early');
    });
    await container.dispose();
    expect(log).toEqual(['Pool', 'early']);
  });

  test('of what was resolved before the module was registered the handler of the binding runs when it is removed', async () => {
    const container = new Container({ defaultScope: 'Singleton' });
    const early = container.bind('early').toDynamicValue(() => ({}));
    container.bind('without').toDynamicValue(() => ({}));
    const get = (): void => {
      container.get('early');
      container.get('without');
    };
    get();
    container.register(LifecycleModule);
    early.onDeactivation(() => {
      log.push('early');
    });
    get();
    unbind(container, 'early');
    unbind(container, 'without');
    await container.dispose();
    expect(log).toEqual(['early']);
  });

  test('every binding that hands on an instance has its own handlers run, the instance is exited once', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    for (const alias of ['alias', 'another']) {
      container
        .bind(alias)
        .toDynamicValue((context) => context.get(Pool))
        .onDeactivation(() => {
          log.push(alias);
        });
      container.get(alias);
    }
    await container.dispose();
    expect(log).toEqual(['another', 'alias', 'Pool']);
  });

  test('after a failed activation the instance is exited, and no handler is called without a value', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    let attempts = 0;
    const binding = container.bind(Cache).toSelf();
    binding.onActivation((_context, cache) => {
      if (attempts++ === 0) {
        throw new Error('not activated');
      }
      return cache;
    });
    binding.onDeactivation(() => {
      log.push('onDeactivation');
    });
    container.bind(Pool).toSelf();
    expect(() => container.get(Cache)).toThrow('not activated');
    container.get(Cache);
    await container.dispose();
    expect(log).toEqual([
      ...['Cache.flush', 'onDeactivation', 'Cache.close'],
      ...['Cache.flush', 'Cache.close'],
      'Pool',
    ]);
  });

  test('an activation that was rejected leaves nothing to deactivate', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    const binding = container.bind(Pool).toSelf();
    binding.onActivation(async () => Promise.reject(new Error('not activated')));
    binding.onDeactivation(() => {
      log.push('onDeactivation');
    });
    await expect(container.getAsync(Pool)).rejects.toThrow('not activated');
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('afterwards the container holds no instance, and unbinding it runs nothing', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf().onDeactivation(slowly('Pool.onDeactivation'));
    container.bind('constant').toConstantValue({}).onDeactivation(slowly('constant'));
    container.onDeactivation(Pool, slowly('handler'));
    container.get(Pool);
    container.get('constant');
    await container.dispose();
    log.length = 0;
    container.unbindAll();
    expect(log).toEqual([]);
  });

  test('a synchronous disposal refuses handlers that are async functions, and runs the others', () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Cache).toSelf().onDeactivation(slowly('Cache.onDeactivation'));
    container.bind(Pool).toSelf();
    container.get(Cache);
    let refusal: unknown;
    try {
      container[Symbol.dispose]();
    } catch (error) {
      refusal = error;
    }
    expect(DisposeError.is(refusal) && refusal.errors.map(({ message }) => message)).toEqual([
      'Cache.flush is an async function',
      'Cache.onDeactivation is an async function',
    ]);
    expect(log).toEqual([]);
  });

  test('release() runs all of it for one instance', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Cache).toSelf().onDeactivation(slowly('Cache.onDeactivation'));
    container.onDeactivation(Cache, slowly('handler'));
    container.bind(Pool).toSelf();
    await container.get(Lifecycle).release(container.get(Cache));
    expect(log).toEqual([
      'Cache.flush',
      ...['Cache.onDeactivation starts', 'Cache.onDeactivation'],
      'Cache.close',
      ...['handler starts', 'handler'],
    ]);
  });

  test('release() of an instance whose activation handler failed leaves the one that was built since', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    const instances: Pool[] = [];
    container
      .bind(Pool)
      .toSelf()
      .onActivation((_context, pool) => {
        if (instances.push(pool) === 1) {
          throw new Error('not activated');
        }
        return pool;
      });
    expect(() => container.get(Pool)).toThrow('not activated');
    const pool = container.get(Pool);
    for (const failed of instances.slice(0, 1)) {
      await container.get(Lifecycle).release(failed);
    }
    expect(log).toEqual(['Pool']);
    expect(container.get(Pool)).toBe(pool);
    await container.dispose();
    expect(log).toEqual(['Pool', 'Pool']);
  });

  test('release() runs the handlers of all bindings that hand the instance on', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf().onDeactivation(slowly('Pool.onDeactivation'));
    container
      .bind('alias')
      .toDynamicValue((context) => context.get(Pool))
      .onDeactivation(slowly('alias'));
    container.get('alias');
    await container.get(Lifecycle).release(container.get(Pool));
    expect(log).toEqual([
      ...['alias starts', 'alias'],
      ...['Pool.onDeactivation starts', 'Pool.onDeactivation'],
      'Pool',
    ]);
  });

  test('registering the module after a singleton with a teardown was resolved is an error', () => {
    for (const prepare of [
      (binding: BindInWhenOnFluentSyntax<object>) => binding.inSingletonScope(),
      (binding: BindInWhenOnFluentSyntax<object>) =>
        binding.inSingletonScope().onDeactivation(() => undefined),
    ]) {
      const container = new Container();
      container.bind(Pool).toSelf();
      prepare(container.bind<object>(Cache).toSelf());
      container.get(Cache);
      expect(() => {
        container.register(LifecycleModule);
      }).toThrow('LifecycleModule was registered after Cache had been resolved');
      expect(container.isBound(Lifecycle)).toBe(false);
    }
  });
});

describe('P14 exactly once', () => {
  test('unbinding runs the hooks right after the onDeactivation of the binding, and dispose() nothing', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind(Cache).toSelf().onDeactivation(slowly('Cache.onDeactivation'));
    container.onDeactivation(Cache, slowly('handler'));
    container.get(Cache);
    await unbindAsync(container, Cache);
    const unbound = [
      'Cache.flush',
      ...['Cache.onDeactivation starts', 'Cache.onDeactivation'],
      'Cache.close',
      ...['handler starts', 'handler'],
    ];
    expect(log).toEqual(unbound);
    await container.dispose();
    expect(log).toEqual([...unbound, 'Pool']);
  });

  test('a synchronous unbind of synchronous hooks', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.get(Pool);
    unbind(container, Pool);
    expect(log).toEqual(['Pool']);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test.each([
    [['unbind']],
    [['snapshot', 'restore']],
    [['snapshot', 'restore', 'unbind']],
    [['snapshot', 'unbind', 'restore']],
  ] as const)('an instance for which onActivation returned a proxy, after %j', async (steps) => {
    const instance = new Pool();
    const container = createContainer();
    const bound = container
      .bind('service')
      .toDynamicValue(() => instance)
      .inSingletonScope();
    bound.onActivation(() => new Proxy(instance, {}));
    bound.onDeactivation((value) => {
      log.push(value === instance ? 'instance' : 'proxy');
    });
    expect(container.get('service')).not.toBe(instance);
    for (const step of steps) {
      if (step === 'unbind') {
        unbind(container, 'service');
      } else {
        container[step]();
      }
    }
    await container.dispose();
    expect(log).toEqual(['proxy', 'Pool']);
  });

  test('a synchronous unbind of an async hook throws and leaves the binding; the disposal waits for the hook', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind(Repository).toSelf();
    container.get(Repository);
    expect(() => {
      unbind(container, Repository);
    }).toThrow('Unexpected asynchronous deactivation');
    expect(log).toEqual([]);
    await container.dispose();
    expect(log).toEqual(['Repository', 'Pool']);
  });

  test('concurrent unbinds run a hook once, and both wait for it', async () => {
    const gate = createGate();
    @injectable()
    class Slow {
      @OnExit()
      async close(): Promise<void> {
        log.push('starts');
        await gate.passed;
        log.push('ended');
      }
    }
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Slow).toSelf();
    container.get(Slow);
    const unbinds = [unbindAsync(container, Slow), unbindAsync(container, Slow)].map(
      async (unbinding) => {
        await unbinding;
        log.push('unbound');
      },
    );
    const disposal = container.dispose();
    gate.open();
    await Promise.all([...unbinds, disposal]);
    expect(log).toEqual(['starts', 'ended', 'unbound', 'unbound']);
  });

  test('a rebind exits the old instance, the new one is exited by dispose()', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind('pool').to(Pool);
    container.get('pool');
    rebind(container, 'pool').to(Pool);
    expect(log).toEqual(['Pool']);
    container.get('pool');
    await container.dispose();
    expect(log).toEqual(['Pool', 'Pool']);
  });

  test('unloading a module awaits async hooks', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    const module = new ContainerModule(({ bind }) => {
      bind(Repository).toSelf();
      bind(Cache).toSelf();
    });
    await loadAsync(container, module);
    container.get(Cache);
    container.get(Repository);
    await unloadAsync(container, module);
    expect([...log].sort()).toEqual(['Cache.close', 'Cache.flush', 'Repository']);
    await container.dispose();
    expect(log.at(-1)).toBe('Pool');
    expect(log).toHaveLength(4);
  });

  test('what was unloaded with its module has its handlers run once', async () => {
    const container = createContainer();
    const module = new ContainerModule(({ bind }) => {
      bind('constant').toConstantValue({});
    });
    await loadAsync(container, module);
    container.onDeactivation('constant', () => {
      log.push('constant');
    });
    container.get('constant');
    await unloadAsync(container, module);
    expect(container.get(Lifecycle).pending()).toEqual([]);
    await container.dispose();
    expect(log).toEqual(['constant']);
  });

  test('what a child has unbound of its parent is forgotten with the parent, which has it still', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf().inSingletonScope();
    const child = createContainer({ parent });
    const plain = new Container({ parent });
    parent.get(Pool);
    plain.get(Pool);
    unbind(child, Pool);
    expect(log).toEqual(['Pool']);
    await parent.dispose();
    expect(log).toEqual(['Pool']);
    expect(() => plain.get(Pool)).toThrow(ContainerDisposedError);
  });

  test('unbindAll() runs each hook, and dispose() none of them', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind(Cache).toSelf();
    container.bind('transient').to(Pool).inTransientScope();
    container.get(Cache);
    container.get('transient');
    await unbindAllAsync(container);
    expect([...log].sort()).toEqual(['Cache.close', 'Cache.flush', 'Pool']);
    await container.dispose();
    expect(log).toHaveLength(4);
  });

  test('transients of an unbound binding stay owned', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.get(Pool);
    unbind(container, Pool);
    expect(log).toEqual([]);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('what Inversify skips when @preDestroy fails is run by dispose()', async () => {
    @injectable()
    class Failing {
      @preDestroy()
      destroy(): void {
        throw new Error('not destroyed');
      }

      @OnExit()
      close(): void {
        log.push('closed');
      }
    }
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Failing).toSelf().onDeactivation(slowly('onDeactivation'));
    container.get(Failing);
    expect(() => {
      unbind(container, Failing);
    }).toThrow('not destroyed');
    expect(log).toEqual([]);
    await expect(container.dispose()).rejects.toThrow('Failing.destroy failed');
    expect(log).toEqual(['onDeactivation starts', 'onDeactivation', 'closed']);
  });

  test('a hook that fails while it is unbound fails the unbind, and is not run again', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    @injectable()
    class Failing {
      @OnExit()
      close(): void {
        log.push('closed');
        throw new Error('not closed');
      }
    }
    container.bind(Failing).toSelf();
    container.onDeactivation(Failing, () => {
      log.push('handler');
    });
    container.get(Failing);
    expect(() => {
      unbind(container, Failing);
    }).toThrow(new Error('not closed'));
    expect(log).toEqual(['closed']);
    await container.dispose();
    expect(log).toEqual(['closed', 'handler']);
  });

  test('what a failed unbind has exited is not handed out again', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind(Repository).toSelf();
    container.bind('text').toDynamicValue(() => 'text');
    container.onDeactivation('text', (text) => {
      log.push(String(text));
      throw new Error('not deactivated');
    });
    const repository = container.get(Repository);
    container.get('text');
    expect(() => {
      unbind(container, Repository);
    }).toThrow('Unexpected asynchronous deactivation');
    expect(container.get(Repository)).not.toBe(repository);
    expect(() => {
      unbind(container, 'text');
    }).toThrow('not deactivated');
    await expect(container.dispose()).rejects.toThrow('text [string].onDeactivation failed');
    expect(log).toEqual(['text', 'Repository', 'Repository', 'text', 'Pool']);
  });

  test('what a child has unbound of its parent is built anew by the parent', async () => {
    const parent = createContainer({ defaultScope: 'Singleton' });
    parent.bind(Pool).toSelf();
    const child = createContainer({ parent });
    const pool = parent.get(Pool);
    unbind(child, Pool);
    expect(parent.get(Pool)).not.toBe(pool);
    await parent.dispose();
    expect(log).toEqual(['Pool', 'Pool']);
  });

  test('the errors of a handler and a hook are reported together', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    @injectable()
    class Failing {
      @OnExit()
      async close(): Promise<void> {
        return Promise.reject(new Error('not closed'));
      }
    }
    container
      .bind(Failing)
      .toSelf()
      .onDeactivation(() => {
        throw new Error('not deactivated');
      });
    container.get(Failing);
    const error: unknown = await unbindAsync(container, Failing).catch((thrown: unknown) => thrown);
    expect(DisposeError.is(error) && error.errors.map(({ cause }) => String(cause))).toEqual([
      'Error: not deactivated',
      'Error: not closed',
    ]);
  });

  test('unbinding an alias does not exit what another binding owns', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container
      .bind('alias')
      .toDynamicValue((context) => context.get(Pool))
      .onDeactivation(() => {
        log.push('alias');
      });
    container.get('alias');
    unbind(container, 'alias');
    expect(log).toEqual(['alias']);
    await container.dispose();
    expect(log).toEqual(['alias', 'Pool']);
  });

  test('unbinding an alias after what it hands on does not exit that again', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind('alias').toDynamicValue((context) => context.get(Pool));
    container.get('alias');
    unbind(container, Pool);
    unbind(container, 'alias');
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('rebinding while disposing: what was exited is not deactivated again, what was not is so once', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind('first').to(Cache);
    container.bind('second').to(Cache);
    container.get('first');
    container.get(Lifecycle).onExit(() => {
      for (const service of ['first', 'second']) {
        void rebindAsync(container, service);
      }
    });
    container.get('second');
    await container.dispose();
    expect([...log].sort()).toEqual([
      ...['Cache.close', 'Cache.close', 'Cache.flush', 'Cache.flush'],
      'Pool',
    ]);
  });

  describe('snapshot() and restore()', () => {
    test.each(['Singleton', 'Transient', 'Request'] as const)(
      'between activations neither lose nor repeat an instance (%s)',
      async (defaultScope) => {
        const container = createContainer({ defaultScope });
        container.bind(Pool).toSelf();
        container.bind('other').to(Pool);
        container.snapshot();
        container.get(Pool);
        container.snapshot();
        container.get('other');
        container.restore();
        container.get(Pool);
        container.get('other');
        container.restore();
        container.get(Pool);
        const instances = { Singleton: 4, Transient: 5, Request: 5 }[defaultScope];
        expect(container.get(Lifecycle).pending()).toHaveLength(instances);
        await container.dispose();
        expect(log).toHaveLength(instances);
      },
    );

    const removals: Record<string, (container: Container, pool: Pool) => unknown> = {
      'unbind()': (container) => {
        unbind(container, Pool);
      },
      'unbindAsync()': async (container) => unbindAsync(container, Pool),
      'unbindAll()': (container) => {
        container.unbindAll();
      },
      // What test suites do in `beforeEach` and `afterEach`.
      'InversifyJS#1806, rebind()': (container) =>
        rebind(container, Pool).toConstantValue('instead of it'),
      'rebindAsync()': async (container) =>
        (await rebindAsync(container, Pool)).toConstantValue('instead of it'),
      'release()': async (container, pool) => container.get(Lifecycle).release(pool),
    };
    const makers: Record<string, (container: Container) => void> = {
      'a class': (container) => {
        container.bind(Pool).toSelf();
      },
      'a dynamic value': (container) => {
        container.bind(Pool).toDynamicValue(() => new Pool());
      },
      'a resolved value': (container) => {
        container.bind(Pool).toResolvedValue(() => new Pool());
      },
      'a class with a proxy in its place': (container) => {
        container
          .bind(Pool)
          .toSelf()
          .onActivation((_context, pool) => new Proxy(pool, {}));
      },
      'an async value': (container) => {
        container.bind(Pool).toDynamicValue(async () => Promise.resolve(new Pool()));
      },
    };

    describe.each(Object.entries(removals))('%s', (_removal, remove) => {
      test.each(Object.entries(makers))(
        'what was exited in between is built anew by the next get: %s',
        async (_maker, bind) => {
          const container = createContainer({ defaultScope: 'Singleton' });
          bind(container);
          const pool = await container.getAsync(Pool);
          container.snapshot();
          container.snapshot();
          await remove(container, pool);
          expect(log).toEqual(['Pool']);
          for (let nested = 0; nested < 2; nested++) {
            container.restore();
            expect(container.get(Lifecycle).pending()).toEqual([]);
          }
          const another = await container.getAsync(Pool);
          expect(another).not.toBe(pool);
          expect(await container.getAsync(Pool)).toBe(another);
          expect(container.get(Lifecycle).pending()).toHaveLength(1);
          await container.dispose();
          expect(log).toEqual(['Pool', 'Pool']);
        },
      );
    });

    test('what has no hooks is built anew, too', () => {
      const container = createContainer({ defaultScope: 'Singleton' });
      container.bind('plain').toDynamicValue(() => ({}));
      const plain = container.get('plain');
      container.snapshot();
      container.snapshot();
      container.restore();
      expect(container.get('plain')).toBe(plain);
      unbind(container, 'plain');
      container.restore();
      expect(container.get('plain')).not.toBe(plain);
    });

    test('a value that was in flight when the snapshot was made', async () => {
      const gate = createGate();
      const container = createContainer();
      bindSlowly(container, 'slow', gate.passed);
      const arriving = container.getAsync('slow');
      container.snapshot();
      gate.open();
      const pool = await arriving;
      await unbindAsync(container, 'slow');
      container.restore();
      expect(await container.getAsync('slow')).not.toBe(pool);
      await container.dispose();
      expect(log).toEqual(['Pool', 'Pool']);
    });

    test('what restore() has left behind can be released, and what was built since is exited', async () => {
      const container = createContainer();
      container.bind(Pool).toSelf().inSingletonScope();
      // It is wired by now, and so is its clone.
      container.isBound(Pool);
      container.snapshot();
      const left = container.get(Pool);
      container.restore();
      const pool = container.get(Pool);
      expect(pool).not.toBe(left);
      await container.get(Lifecycle).release(left);
      expect(log).toEqual(['Pool']);
      expect(container.get(Pool)).toBe(pool);
      await container.dispose();
      expect(log).toEqual(['Pool', 'Pool']);
    });

    test('a restored singleton is exited by an unbind, and then not by dispose()', async () => {
      const container = createContainer({ defaultScope: 'Singleton' });
      container.bind(Pool).toSelf();
      const pool = container.get(Pool);
      container.snapshot();
      container.restore();
      expect(container.get(Pool)).toBe(pool);
      unbind(container, Pool);
      expect(log).toEqual(['Pool']);
      await container.dispose();
      expect(log).toEqual(['Pool']);
    });
  });
});
