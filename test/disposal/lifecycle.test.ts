import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Container, inject, injectable } from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  ExitHookError,
  Lifecycle,
  LifecycleModule,
  OnExit,
} from 'inversify-onexit';

import { createContainer, unbindAsync } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool, Repository } from '../support/services.js';
import { bundleForBrowsers } from '../support/child.js';

let container: Container;
let lifecycle: Lifecycle;

beforeEach(() => {
  log.length = 0;
  container = createContainer();
  lifecycle = container.get(Lifecycle);
});

describe('the module', () => {
  test('gives each container one Lifecycle, which its services can have injected', () => {
    @injectable()
    class Service {
      constructor(@inject(Lifecycle) readonly lifecycle: Lifecycle) {}
    }
    container.bind(Service).toSelf();
    expect(lifecycle).toBeInstanceOf(Lifecycle);
    expect(container.get(Service).lifecycle).toBe(lifecycle);
    expect(createContainer({ parent: container }).get(Lifecycle)).not.toBe(lifecycle);
    expect(new Container({ parent: container }).get(Lifecycle)).toBe(lifecycle);
  });

  test('is registered once', async () => {
    container.bind(Pool).toSelf();
    expect(() => {
      container.register(LifecycleModule);
    }).toThrow(
      new Error(
        'LifecycleModule is registered on this container already. Register it once, where the ' +
          'container is created.',
      ),
    );
    container.get(Pool);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('is registered alone: another plugin that defines dispose() is refused', () => {
    const other = new Container();
    Object.defineProperty(other, 'dispose', { value: () => undefined });
    expect(() => {
      other.register(LifecycleModule);
    }).toThrow(
      new Error(
        'Another plugin has defined container.dispose() (@inversifyjs/plugin-dispose does). ' +
          'Register only one of them: each would run the teardown of the other.',
      ),
    );
    expect(other.isBound(Lifecycle)).toBe(false);
    expect(Object.hasOwn(other, Symbol.asyncDispose)).toBe(false);
  });

  test('is not half-registered where one of its methods is taken', () => {
    const other = new Container();
    Object.defineProperty(other, Symbol.asyncDispose, { value: () => undefined });
    expect(() => {
      other.register(LifecycleModule);
    }).toThrow('Another plugin has defined container.dispose()');
    expect(other).not.toHaveProperty('dispose');
    expect(other.isBound(Lifecycle)).toBe(false);
  });

  test('works where the platform has no Symbol.dispose, as another realm of Node 20', async () => {
    const printed: unknown[] = [];
    const console = { log: (line: unknown) => printed.push(line) };
    const program = await bundleForBrowsers('without-symbols');
    await runInNewContext(program, { console, performance, queueMicrotask });
    expect(printed).toEqual(['closed']);
  });

  test('without it, an autobinding container does not make a Lifecycle that does nothing', () => {
    expect(() => new Container({ autobind: true }).get(Lifecycle)).toThrow(
      'Lifecycle belongs to a container with the module, and this one has none. Register it ' +
        'first: container.register(LifecycleModule).',
    );
  });

  test('is not registered again on a container that was disposed and emptied', async () => {
    await container.dispose();
    container.unbindAll();
    expect(() => {
      container.register(LifecycleModule);
    }).toThrow('LifecycleModule is registered on this container already.');
  });

  test('survives unbindAll()', async () => {
    container.bind(Pool).toSelf();
    container.get(Pool);
    container.unbindAll();
    expect(container.get(Lifecycle)).toBe(lifecycle);
    container.bind(Pool).toSelf();
    container.get(Pool);
    await container.dispose();
    expect(log).toEqual(['Pool', 'Pool']);
    container.unbindAll();
  });

  test('survives snapshot() and restore()', async () => {
    container.bind(Pool).toSelf();
    container.get(Pool);
    container.snapshot();
    container.get(Pool);
    container.bind(Repository).toSelf();
    container.restore();
    expect(container.isBound(Repository)).toBe(false);
    container.get(Pool);
    container.bind(Repository).toSelf();
    container.get(Repository);
    await container.dispose();
    expect(log).toEqual(['Repository', 'Pool', 'Pool', 'Pool', 'Pool']);
  });

  test('survives the removal of bindings that were looked up', async () => {
    container.bind(Pool).toSelf().inSingletonScope();
    container.bind('constant').toConstantValue(1);
    container.get('constant');
    expect(container.isBound(Pool)).toBe(true);
    container.unbind(Pool);
    container.unbind('constant');
    container.bind(Pool).toSelf().inSingletonScope();
    container.get(Pool);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('forgets an activation in flight whose binding was removed', async () => {
    const gate = createGate();
    bindSlowly(container, 'slow', gate.passed);
    const slow = container.getAsync('slow');
    gate.open();
    await unbindAsync(container, 'slow');
    await slow;
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });
});

describe('onExit', () => {
  test('the same callback registered twice runs twice; its undo removes one of them', async () => {
    const callback = (): unknown => log.push('callback');
    lifecycle.onExit(callback);
    const undo = lifecycle.onExit(callback);
    lifecycle.onExit(callback);
    expect(undo()).toBe(true);
    expect(undo()).toBe(false);
    await container.dispose();
    expect(log).toEqual(['callback', 'callback']);
    expect(undo()).toBe(false);
  });

  test('null options are none', () => {
    lifecycle.onExit(function flush() {}, null as never);
    expect(lifecycle.pending()).toEqual([{ service: 'callback', hook: 'flush' }]);
  });

  test('gets the reason, is called by its name, and is awaited', async () => {
    const reasons: unknown[] = [];
    lifecycle.onExit(function flush({ reason }) {
      reasons.push(reason);
    });
    lifecycle.onExit(async () => Promise.reject(new Error('no disk')), { name: 'save' });
    lifecycle.onExit(() => undefined);
    expect(lifecycle.pending()).toEqual([
      { service: 'callback', hook: 'anonymous' },
      { service: 'callback', hook: 'save' },
      { service: 'callback', hook: 'flush' },
    ]);
    await expect(container.dispose({ reason: 'why' })).rejects.toThrow(
      '1 of 3 exit hooks failed; all were run:\n  - callback save failed: Error: no disk',
    );
    expect(reasons).toEqual(['why']);
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['Promise', Promise.resolve()],
    ['number', 42],
  ])('what is no function is refused: %s', (name, callback) => {
    expect(() => lifecycle.onExit(callback as never)).toThrow(
      new TypeError(
        `onExit() was given ${name} where it takes a function to run on exit. Pass the function ` +
          'itself, not the result of calling it.',
      ),
    );
    expect(lifecycle.pending()).toEqual([]);
  });
});

test('a generator function is refused: calling it runs nothing of it', () => {
  const message =
    'was given a generator function. Calling it runs nothing of it: pass a function, async if it ' +
    'has to wait.';
  expect(() => lifecycle.onExit(function* () {})).toThrow(new TypeError(`onExit() ${message}`));
  expect(() => lifecycle.adopt({}, async function* () {})).toThrow(
    new TypeError(`adopt() ${message}`),
  );
});

describe('unregister', () => {
  test('removes every entry of the callback and tells how many there were', async () => {
    const callback = (): unknown => log.push('callback');
    lifecycle.onExit(callback);
    lifecycle.onExit(() => log.push('other'));
    lifecycle.onExit(callback);
    lifecycle.adopt({}, callback);
    lifecycle.adopt(undefined, callback);
    expect(lifecycle.unregister(callback)).toBe(2);
    expect(lifecycle.unregister(callback)).toBe(0);
    await container.dispose();
    // What adopt() was given belongs to the adopted value.
    expect(log).toEqual(['callback', 'callback', 'other']);
  });

  test('test_atexit: a callback that is unregistered by another hook does not run', async () => {
    const callback = (): unknown => log.push('callback');
    lifecycle.onExit(callback);
    lifecycle.onExit(() => lifecycle.unregister(callback));
    await container.dispose();
    expect(log).toEqual([]);
  });
});

describe('adopt', () => {
  test('the callback gets the value and the context, where it stands in the order', async () => {
    const socket = { host: 'localhost' };
    lifecycle.onExit(() => log.push('first'));
    expect(
      lifecycle.adopt(socket, ({ host }, { reason }) => log.push(`${host} ${String(reason)}`)),
    ).toBe(socket);
    lifecycle.onExit(() => log.push('last'));
    await container.dispose({ reason: 'done' });
    expect(log).toEqual(['last', 'localhost done', 'first']);
  });

  test('the value need not be an object if there is a callback', async () => {
    lifecycle.adopt(42, (descriptor) => log.push(String(descriptor)));
    await container.dispose();
    expect(log).toEqual(['42']);
  });

  test('a dynamic value can adopt what it makes, in the order of activations', async () => {
    class Client {
      end(): void {
        log.push('Client');
      }
    }
    @injectable()
    class Service {
      constructor(@inject(Client) readonly client: Client) {}

      @OnExit()
      close(): void {
        log.push('Service');
      }
    }
    container
      .bind(Client)
      .toDynamicValue((context) =>
        context.get(Lifecycle).adopt(new Client(), (client) => {
          client.end();
        }),
      )
      .inSingletonScope();
    container.bind(Service).toSelf();
    container.get(Client);
    container.get(Service);
    await container.dispose();
    expect(log).toEqual(['Service', 'Client']);
  });

  test('marked methods run after the callback, once, however often the value is adopted', async () => {
    const pool = lifecycle.adopt(new Pool());
    lifecycle.adopt(pool, () => log.push('callback'));
    lifecycle.adopt(pool, function drain() {
      log.push('drain');
    });
    expect(lifecycle.pending()).toEqual([
      { service: 'callback', hook: 'drain' },
      { service: 'callback', hook: 'adopt(Pool)' },
      { service: 'Pool', hook: 'close' },
    ]);
    await container.dispose();
    expect(log).toEqual(['drain', 'callback', 'Pool']);
  });

  test.each([
    ['Object', {}],
    ['object', Object.create(null) as object],
    ['undefined', undefined],
    ['string', 'text'],
  ])('with neither hooks nor a callback it is refused: %s', (name, value) => {
    expect(() => lifecycle.adopt(value)).toThrow(
      new TypeError(
        `adopt() was given ${name}, which has no method marked with @OnExit(), and no callback, ` +
          'so there is nothing to run. Pass one: adopt(value, (value) => value.close()).',
      ),
    );
    expect(lifecycle.pending()).toEqual([]);
  });

  test('with a callback that is no function it is refused, and nothing is half-adopted', () => {
    expect(() => lifecycle.adopt(new Pool(), 'close' as never)).toThrow(
      new TypeError(
        'adopt() was given string where it takes a function to run on exit. Pass the function ' +
          'itself, not the result of calling it.',
      ),
    );
    expect(lifecycle.pending()).toEqual([]);
  });
});

describe('release', () => {
  test('runs the hooks of one instance now; what it was built from stays owned', async () => {
    container.bind(Pool).toSelf();
    container.bind(Repository).toSelf();
    const [first, second] = [container.get(Repository), container.get(Repository)];
    lifecycle.adopt(first, () => log.push('adopted'));
    await lifecycle.release(first);
    expect(log).toEqual(['adopted', 'Repository']);
    expect(lifecycle.pending()).toHaveLength(3);
    await container.dispose();
    expect(log).toEqual(['adopted', 'Repository', 'Repository', 'Pool', 'Pool']);
    expect(second).not.toBe(first);
  });

  test('a second call waits for the first, which runs the hooks', async () => {
    const gate = createGate();
    const lifecycle = container.get(Lifecycle);
    const value = lifecycle.adopt({}, async () => {
      await gate.passed;
      log.push('released');
    });
    const releases = [lifecycle.release(value), lifecycle.release(value)].map(async (release) => {
      await release;
      log.push('told');
    });
    gate.open();
    await Promise.all(releases);
    expect(log).toEqual(['released', 'told', 'told']);
  });

  test('a released singleton is built anew', async () => {
    container.bind(Pool).toSelf().inSingletonScope();
    const released = container.get(Pool);
    await lifecycle.release(released);
    expect(container.get(Pool)).not.toBe(released);
    await container.dispose();
    expect(log).toEqual(['Pool', 'Pool']);
  });

  test('a singleton that another binding hands on is built anew by both', async () => {
    container.bind('first').to(Pool).inSingletonScope();
    container
      .bind('second')
      .toDynamicValue((context) => context.get('first'))
      .inSingletonScope();
    const pool = container.get<Pool>('second');
    await lifecycle.release(pool);
    expect(container.get('first')).not.toBe(pool);
    expect(container.get('second')).toBe(container.get('first'));
  });

  test('a singleton that restore() has brought back is built anew', async () => {
    container.bind(Pool).toSelf().inSingletonScope();
    const pool = container.get(Pool);
    container.snapshot();
    container.restore();
    expect(container.get(Pool)).toBe(pool);
    await lifecycle.release(pool);
    expect(container.get(Pool)).not.toBe(pool);
  });

  test('takes the proxy that a handler returned for the instance', async () => {
    container
      .bind(Pool)
      .toSelf()
      .inSingletonScope()
      .onActivation((_context, pool) => new Proxy(pool, {}));
    await lifecycle.release(container.get(Pool));
    expect(log).toEqual(['Pool']);
    expect(lifecycle.pending()).toEqual([]);
  });

  test('what was released can be adopted again', async () => {
    const pool = lifecycle.adopt(new Pool());
    await lifecycle.release(pool);
    lifecycle.adopt(pool);
    await container.dispose();
    expect(log).toEqual(['Pool', 'Pool']);
  });

  test('a released instance that is activated once more is not exited again', async () => {
    const pool = new Pool();
    container.bind('pool').toDynamicValue(() => pool);
    container.get('pool');
    container.get('pool');
    await lifecycle.release(pool);
    container.get('pool');
    expect(lifecycle.pending()).toEqual([]);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('an instance that was activated again meanwhile is released from its first place', async () => {
    const pool = new Pool();
    container.bind('pool').toDynamicValue(() => pool);
    container.get('pool');
    lifecycle.adopt(pool, () => log.push('callback'));
    container.get('pool');
    await lifecycle.release(pool);
    expect(log).toEqual(['callback', 'Pool']);
    expect(lifecycle.pending()).toEqual([]);
  });

  test('a hook that fails is a DisposeError; the instance is forgotten all the same', async () => {
    const socket = lifecycle.adopt({}, function end() {
      throw new Error('reset');
    });
    const failure: unknown = await lifecycle.release(socket).catch((error: unknown) => error);
    expect(DisposeError.is(failure)).toBe(true);
    expect(failure).toMatchObject({
      message: '1 of 1 exit hooks failed; all were run:\n  - callback end failed: Error: reset',
      report: { exits: [{ service: 'callback', hook: 'end', outcome: 'failed' }] },
    });
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('what is not owned is refused', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf().inSingletonScope();
    const pool = createContainer({ parent }).get(Pool);
    await expect(lifecycle.release(pool)).rejects.toThrow(
      new Error(
        'release() was given Pool, which this container does not own: it has no exit hooks, was ' +
          'exited already, or belongs to another container. Release an instance once, through ' +
          'the Lifecycle of the container that created it.',
      ),
    );
    await parent.get(Lifecycle).release(pool);
    await expect(parent.get(Lifecycle).release(pool)).rejects.toThrow('was exited already');
  });

  test('a disposal waits for it before it goes on to what the instance was built from', async () => {
    const gate = createGate();
    container.bind(Pool).toSelf().inSingletonScope();
    container.get(Pool);
    const slow = lifecycle.adopt({}, async () => {
      await gate.passed;
      log.push('released');
    });
    const release = lifecycle.release(slow);
    const disposal = container.dispose();
    await setImmediate();
    expect(log).toEqual([]);
    gate.open();
    await Promise.all([release, disposal]);
    expect(log).toEqual(['released', 'Pool']);
  });

  test('a hook can release an instance and await it', async () => {
    container.bind(Pool).toSelf();
    const pool = container.get(Pool);
    lifecycle.onExit(() => log.push('first'));
    lifecycle.onExit(async () => {
      await lifecycle.release(pool);
      log.push('last');
    });
    const report = await container.dispose();
    expect(log).toEqual(['Pool', 'last', 'first']);
    expect(report.exits).toHaveLength(2);
  });

  test('a hook that releases without awaiting is followed by nothing until that has ended', async () => {
    const gate = createGate();
    const slow = lifecycle.adopt({}, async () => {
      await gate.passed;
      log.push('released');
    });
    lifecycle.onExit(() => log.push('first'));
    lifecycle.onExit(() => {
      void lifecycle.release(slow);
      log.push('last');
    });
    const disposal = container.dispose();
    await setImmediate();
    expect(log).toEqual(['last']);
    gate.open();
    await disposal;
    expect(log).toEqual(['last', 'released', 'first']);
  });
});

describe('pending', () => {
  test('is what dispose() would run, in that order, and runs nothing', async () => {
    @injectable()
    class Cache {
      @OnExit()
      flush(): void {}

      @OnExit()
      [Symbol.asyncDispose](): void {}
    }
    const token = Symbol('cache');
    container.bind('pool').to(Pool).inSingletonScope();
    container.bind(token).to(Cache).inSingletonScope();
    container.bind(Repository).toDynamicValue(() => new Repository(new Pool()));
    container.get('pool');
    container.get(token);
    container.get(Repository);
    const expected = [
      { service: 'Repository', hook: 'close' },
      { service: 'Symbol(cache) [Cache]', hook: '[Symbol.asyncDispose]' },
      { service: 'Symbol(cache) [Cache]', hook: 'flush' },
      { service: 'pool [Pool]', hook: 'close' },
    ];
    expect(lifecycle.pending()).toEqual(expected);
    expect(log).toEqual([]);
    const report = await container.dispose();
    expect(report.exits).toMatchObject(expected);
    expect(lifecycle.pending()).toEqual([]);
  });

  test('when a disposal has begun, and no hook has started, it is all of it', async () => {
    container.bind(Pool).toSelf();
    container.get(Pool);
    const disposal = container.dispose();
    expect(lifecycle.pending()).toEqual([{ service: 'Pool', hook: 'close' }]);
    await disposal;
    expect(lifecycle.pending()).toEqual([]);
  });

  test('during a disposal it is what is left, also within one instance', async () => {
    const left: unknown[] = [];
    @injectable()
    class Service {
      @OnExit()
      first(): void {}

      @OnExit()
      async second(): Promise<void> {
        left.push(...lifecycle.pending());
        await Promise.resolve();
        left.push(...lifecycle.pending());
      }
    }
    container.bind(Service).toSelf();
    container.bind(Pool).toSelf();
    container.get(Pool);
    container.get(Service);
    const expected = [
      { service: 'Service', hook: 'first' },
      { service: 'Pool', hook: 'close' },
    ];
    await container.dispose();
    expect(left).toEqual([...expected, ...expected]);
  });
});

describe('errors', () => {
  test('are recognised across copies of the package, and nothing else is', async () => {
    lifecycle.onExit(() => {
      throw new Error('failed');
    });
    const failure: unknown = await container.dispose().catch((error: unknown) => error);
    for (const kind of [DisposeError, ExitHookError, ContainerDisposedError]) {
      // What an instance of another copy's class has in common with ours is this symbol.
      const foreign = { [Symbol.for(`inversify-onexit/${kind.name}`)]: true };
      expect(kind.is(foreign)).toBe(true);
      for (const other of [new Error('other'), undefined, null, 'DisposeError', {}]) {
        expect(kind.is(other)).toBe(false);
      }
    }
    expect(DisposeError.is(failure)).toBe(true);
    expect(ExitHookError.is(failure)).toBe(false);
  });

  test('print their name, their message and what failed, not every exit', async () => {
    lifecycle.onExit(
      () => {
        throw new Error('connection reset');
      },
      { name: 'flush' },
    );
    const failure: unknown = await container.dispose().catch((error: unknown) => error);
    expect(Object.keys(failure as object)).toEqual([]);
    expect((failure as DisposeError).errors[0]?.stack).toBe(
      'ExitHookError: callback flush failed: Error: connection reset',
    );
    expect(String(failure)).toBe(
      'DisposeError: 1 of 1 exit hooks failed; all were run:\n  - callback flush failed: Error: connection reset',
    );
  });
});
