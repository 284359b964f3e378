import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';

import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  Container,
  inject,
  injectable,
  postConstruct,
  type Factory,
  type Newable,
} from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  ExitHookError,
  Lifecycle,
  OnExit,
  type ExitReport,
} from 'inversify-onexit';

import { createContainer } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool } from '../support/services.js';
import { runFixture } from '../support/child.js';

beforeEach(() => {
  log.length = 0;
});

@injectable()
class Cache {
  constructor(@inject(Pool) readonly pool: Pool) {}

  @OnExit()
  async close(): Promise<void> {
    await Promise.resolve();
    log.push('Cache');
  }
}

@injectable()
class Repository {
  constructor(
    @inject(Pool) readonly pool: Pool,
    @inject(Cache) readonly cache: Cache,
  ) {}

  @OnExit()
  close(): void {
    log.push('Repository');
  }
}

/** A class whose only hook does what the test says. */
function serviceWithHook(name: string, hook: () => unknown): Newable<object> {
  @injectable()
  class Service {
    @OnExit()
    close(): unknown {
      return hook();
    }
  }
  Object.defineProperty(Service, 'name', { value: name });
  return Service;
}

function resolved(container: Container, name: string, hook: () => unknown): void {
  container.bind(name).to(serviceWithHook(name, hook)).inSingletonScope();
  container.get(name);
}

/** Owns one more instance whose hook throws what the test says. */
function failing(container: Container, thrown: unknown): void {
  const Service = serviceWithHook('Service', () => {
    throw thrown;
  });
  container.bind(Service).toSelf();
  container.get(Service);
}

describe('P10 reverse activation order', () => {
  test.each([
    ['the root first', [Repository, Pool]],
    ['the dependency first', [Pool, Repository]],
    ['from the bottom up', [Pool, Cache, Repository]],
  ])('a diamond of singletons, resolved %s', async (_order, roots) => {
    const container = createContainer();
    for (const type of [Repository, Pool, Cache]) {
      container.bind<object>(type).toSelf().inSingletonScope();
    }
    for (const root of roots) {
      container.get<object>(root);
    }
    await container.dispose();
    expect(log).toEqual(['Repository', 'Cache', 'Pool']);
  });

  test('through transients in between', async () => {
    @injectable()
    class Between {
      constructor(@inject(Cache) readonly cache: Cache) {}
    }
    @injectable()
    class Top {
      constructor(@inject(Between) readonly between: Between) {}

      @OnExit()
      close(): void {
        log.push('Top');
      }
    }
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.bind(Cache).toSelf();
    container.bind(Between).toSelf();
    container.bind(Top).toSelf().inSingletonScope();
    container.get(Pool);
    container.get(Top);
    await container.dispose();
    expect(log).toEqual(['Top', 'Cache', 'Pool']);
  });

  test('through toDynamicValue(ctx => ctx.get(…))', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container
      .bind(Cache)
      .toDynamicValue((context) => new Cache(context.get(Pool)))
      .inSingletonScope();
    container.get(Cache);
    await container.dispose();
    expect(log).toEqual(['Cache', 'Pool']);
  });

  test('with async activations that finish in any order', async () => {
    const [slow, fast] = [createGate(), createGate()];
    const container = createContainer();
    const bindAfter = (name: string, ...gates: readonly { passed: Promise<void> }[]): void => {
      const Service = serviceWithHook(name, () => log.push(name));
      container
        .bind(name)
        .toResolvedValue(async () => {
          await Promise.all(gates.map(({ passed }) => passed));
          return new Service();
        }, [])
        .inSingletonScope();
    };
    bindAfter('slow', slow);
    bindAfter('fast', fast);
    const Top = serviceWithHook('top', () => log.push('top'));
    container
      .bind('top')
      .toResolvedValue(
        (...dependencies: [object, object]) => Object.assign(new Top(), { dependencies }),
        ['slow', 'fast'],
      )
      .inSingletonScope();
    const top = container.getAsync('top');
    fast.open();
    await container.getAsync('fast');
    slow.open();
    await top;
    await container.dispose();
    expect(log).toEqual(['top', 'slow', 'fast']);
  });

  test('callbacks stand where they were registered', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    container.bind(Pool).toSelf().inSingletonScope();
    container.bind(Cache).toSelf().inSingletonScope();
    lifecycle.onExit(() => log.push('first'));
    container.get(Pool);
    lifecycle.onExit(() => log.push('second'));
    container.get(Cache);
    lifecycle.onExit(() => log.push('third'));
    await container.dispose();
    expect(log).toEqual(['third', 'Cache', 'second', 'Pool', 'first']);
  });
});

describe('P11 one at a time', () => {
  test('a hook has settled before the next one starts', async () => {
    const gate = createGate();
    const started = createGate();
    const container = createContainer();
    resolved(container, 'second', () => log.push('second'));
    resolved(container, 'first', async () => {
      log.push('first started');
      started.open();
      await gate.passed;
      log.push('first ended');
    });
    const disposal = container.dispose();
    await started.passed;
    expect(log).toEqual(['first started']);
    gate.open();
    await disposal;
    expect(log).toEqual(['first started', 'first ended', 'second']);
  });

  test('hooks that return no thenable cost no tick', async () => {
    const container = createContainer();
    for (const name of ['c', 'b', 'a']) {
      resolved(container, name, () => log.push(name));
    }
    void container.dispose();
    expect(log).toEqual([]);
    await Promise.resolve();
    expect(log).toEqual(['a', 'b', 'c']);
    expect(() => container.get(Lifecycle)).toThrow(ContainerDisposedError);
  });
});

describe('P12 every hook runs', () => {
  test('dotnet/runtime#86426, nest#17039: whatever fails, the others run and one error tells all', async () => {
    const frozen = Object.freeze({ code: 42, message: 'out of order' });
    const container = createContainer();
    resolved(container, 'Last', () => log.push('last'));
    resolved(container, 'Undefined', () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what it is about
      throw undefined;
    });
    resolved(container, 'Frozen', async () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what it is about
      throw frozen;
    });
    resolved(container, 'Middle', () => log.push('middle'));
    resolved(container, 'Rejecting', () => Promise.reject(new TypeError('rejected\nin two lines')));
    resolved(container, 'Hostile', () => ({
      get then(): never {
        throw new Error('a then that throws');
      },
    }));
    resolved(container, 'Throwing', () => {
      throw new Error('thrown');
    });
    resolved(container, 'First', () => log.push('first'));

    const error = await container.dispose().catch((reason: unknown) => reason);
    expect(log).toEqual(['first', 'middle', 'last']);
    expect(error).toBeInstanceOf(DisposeError);
    if (!DisposeError.is(error)) {
      throw error;
    }
    expect(error.name).toBe('DisposeError');
    expect(error.message).toBe(
      [
        '5 of 8 exit hooks failed; all were run:',
        '  - Throwing.close failed: Error: thrown',
        '  - Hostile.close failed: Error: a then that throws',
        '  - Rejecting.close failed: TypeError: rejected',
        '  - Frozen.close failed: out of order',
        '  - Undefined.close failed: undefined',
      ].join('\n'),
    );
    expect(error.errors.map((each) => [each.name, each.service, each.hook, each.outcome])).toEqual(
      ['Throwing', 'Hostile', 'Rejecting', 'Frozen', 'Undefined'].map((service) => [
        'ExitHookError',
        service,
        'close',
        'failed',
      ]),
    );
    expect(error.errors.every((each) => ExitHookError.is(each))).toBe(true);
    expect(error.errors[2]?.cause).toEqual(new TypeError('rejected\nin two lines'));
    expect(error.errors[3]?.cause).toBe(frozen);
    expect(error.report.exits).toHaveLength(8);
  });

  test('a single failure is a DisposeError too, and a thrown undefined is a failure', async () => {
    const container = createContainer();
    resolved(container, 'Undefined', async () => {
      await Promise.resolve();
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what it is about
      throw undefined;
    });
    await expect(container.dispose()).rejects.toThrow(
      '1 of 1 exit hooks failed; all were run:\n  - Undefined.close failed: undefined',
    );
  });
});

describe('P15 single flight', () => {
  test('every call, concurrent or later, gets the same promise; the first reason stays', async () => {
    const gate = createGate();
    const container = createContainer();
    resolved(container, 'Service', async () => {
      log.push('Service');
      await gate.passed;
    });
    const first = container.dispose({ reason: 1 });
    const second = container.dispose({ reason: 2 });
    const third = container.get(Lifecycle).dispose();
    expect(second).toBe(first);
    expect(third).toBe(first);
    gate.open();
    const report = await first;
    expect(report.reason).toBe(1);
    expect(await container.dispose()).toBe(report);
    await container[Symbol.asyncDispose]();
    container[Symbol.dispose]();
    expect(log).toEqual(['Service']);
  });

  test('the state goes from active to disposing to disposed, and never back', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    resolved(container, 'Service', async () => {
      log.push(lifecycle.state);
      await Promise.resolve();
      throw new Error('failed');
    });
    expect(lifecycle.state).toBe('active');
    const disposal = container.dispose();
    expect(lifecycle.state).toBe('disposing');
    await expect(disposal).rejects.toThrow(DisposeError);
    expect(lifecycle.state).toBe('disposed');
    expect(container.dispose()).toBe(disposal);
    expect(log).toEqual(['disposing']);
  });

  test('dispose() in the synchronous part of a hook is refused: it would wait for itself', async () => {
    const container = createContainer();
    let refusal: unknown;
    resolved(container, 'Before', () => log.push('before'));
    resolved(container, 'Service', async () => {
      refusal = await container.dispose().catch((error: unknown) => error);
      log.push('Service');
    });
    await container.dispose();
    expect(refusal).toEqual(
      new Error(
        'dispose() was called by an exit hook of this container or of a child, which would wait for ' +
          'itself: the disposal waits for the hook. Do not dispose in a hook; return from it.',
      ),
    );
    expect(log).toEqual(['Service', 'before']);
  });

  test('a refused call that nobody awaits does not end the process', async () => {
    await expect(runFixture('dispose-in-hook')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: 'done  callback emit\n',
      stderr: '',
    });
  });

  test('dispose() later in a hook is the shared promise', async () => {
    const container = createContainer();
    let shared: unknown;
    resolved(container, 'Service', async () => {
      await Promise.resolve();
      shared = container.dispose();
    });
    const disposal = container.dispose();
    await disposal;
    expect(shared).toBe(disposal);
  });
});

describe('P16 late arrivals', () => {
  function bindLogging(container: Container, name: string, opened: Promise<void>): void {
    const Service = serviceWithHook(name, () => log.push(name));
    bindSlowly(container, name, opened, () => new Service());
  }

  test('autofac#945: singletons that are being activated are awaited, then exited in order', async () => {
    const gate = createGate();
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.get(Pool);
    bindLogging(container, 'slow', gate.passed);
    const slow = container.getAsync('slow');
    const disposal = container.dispose();
    await setImmediate();
    expect(log).toEqual([]);
    gate.open();
    await disposal;
    await slow;
    expect(log).toEqual(['slow', 'Pool']);
  });

  test('an activation that has passed our handler and waits in others is awaited, too', async () => {
    const [own, ofService] = [createGate(), createGate()];
    const container = createContainer();
    const hold =
      (gate: { passed: Promise<void> }) =>
      async <T>(_context: unknown, service: T): Promise<T> => {
        await gate.passed;
        log.push('activated');
        return service;
      };
    container.bind(Pool).toSelf().inSingletonScope().onActivation(hold(own));
    container.bind('cache').to(Pool).inSingletonScope();
    container.onActivation('cache', hold(ofService));
    const activations = [container.getAsync(Pool), container.getAsync('cache')];
    const disposal = container.dispose();
    await setImmediate();
    expect(log).toEqual([]);
    ofService.open();
    own.open();
    await disposal;
    await Promise.all(activations);
    expect(log).toEqual(['activated', 'activated', 'Pool', 'Pool']);
  });

  test.each([
    ['@postConstruct', true],
    ['constructor', false],
  ])(
    'an activation that asks for the disposal in its synchronous part: %s',
    async (_where, late) => {
      const gate = createGate();
      @injectable()
      class Check {
        constructor(
          @inject(Lifecycle) readonly lifecycle: Lifecycle,
          @inject(Pool) readonly pool: Pool,
        ) {
          if (!late) {
            void lifecycle.dispose();
          }
        }

        @postConstruct()
        async check(): Promise<void> {
          void this.lifecycle.dispose();
          await gate.passed;
          log.push('activated');
        }

        @OnExit()
        stop(): void {
          log.push('Check');
        }
      }
      const container = createContainer({ defaultScope: 'Singleton' });
      container.bind(Pool).toSelf();
      container.bind(Check).toSelf();
      const check = container.getAsync(Check);
      gate.open();
      await check;
      const report = await container.dispose();
      expect(log).toEqual(['activated', 'Check', 'Pool']);
      expect(report.exits).toHaveLength(2);
    },
  );

  test('an activation in flight whose binding restore() has dropped is awaited all the same', async () => {
    const gate = createGate();
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.get(Pool);
    container.bind('later').to(Pool).inSingletonScope();
    expect(container.isBound('later')).toBe(true);
    container.snapshot();
    bindLogging(container, 'slow', gate.passed);
    container.bind('never').to(Pool).inSingletonScope();
    expect(container.isBound('never')).toBe(true);
    const slow = container.getAsync('slow');
    container.restore();
    const disposal = container.dispose();
    await setImmediate();
    gate.open();
    await Promise.all([slow, disposal]);
    expect(log).toEqual(['slow', 'Pool']);
  });

  test('an activation that is rejected meanwhile is no error of the disposal', async () => {
    const gate = createGate();
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.get(Pool);
    bindLogging(container, 'slow', gate.passed);
    const slow = container.getAsync('slow');
    const disposal = container.dispose();
    await setImmediate();
    gate.break(new Error('no connection'));
    await expect(slow).rejects.toThrow('no connection');
    await disposal;
    expect(log).toEqual(['Pool']);
  });

  test('an activation that was rejected before is none either', async () => {
    const container = createContainer();
    bindLogging(container, 'slow', Promise.reject(new Error('no connection')));
    await expect(container.getAsync('slow')).rejects.toThrow('no connection');
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('while disposing: what exists is served, what is activated or registered is exited next', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    container.bind(Pool).toSelf().inSingletonScope();
    container.bind(Cache).toSelf().inSingletonScope();
    const pool = container.get(Pool);
    resolved(container, 'Exited', () => log.push('Exited'));
    const exited = container.get('Exited');
    resolved(container, 'Worker', async () => {
      await Promise.resolve();
      lifecycle.onExit(() => log.push('callback'));
      expect(container.get(Cache).pool).toBe(pool);
      log.push('Worker');
    });
    resolved(container, 'First', () => {
      log.push('First');
    });
    lifecycle.onExit(() => {
      expect(container.get('Exited')).toBe(exited);
      log.push('last callback');
    });
    await container.dispose();
    expect(log).toEqual([
      'last callback',
      'First',
      'Worker',
      'Cache',
      'callback',
      'Exited',
      'Pool',
    ]);
  });

  test('while disposing, an exited singleton is served and neither built nor exited again', async () => {
    const container = createContainer();
    resolved(container, 'Dependency', () => {
      expect(container.get('Dependent')).toBe(exited);
      expect(container.get('alias')).toBe(exited);
    });
    resolved(container, 'Dependent', () => log.push('Dependent'));
    container.bind('alias').toDynamicValue((context) => context.get('Dependent'));
    const exited = container.get('Dependent');
    await container.dispose();
    expect(log).toEqual(['Dependent']);
  });

  test('a singleton whose activation the last hook starts is awaited and exited', async () => {
    const gate = createGate();
    const container = createContainer();
    bindLogging(container, 'slow', gate.passed);
    resolved(container, 'Service', () => {
      void container.getAsync('slow');
      log.push('Service');
    });
    const disposal = container.dispose();
    await setImmediate();
    expect(log).toEqual(['Service']);
    gate.open();
    await disposal;
    expect(log).toEqual(['Service', 'slow']);
  });

  test('a singleton whose activation a hook starts is exited before what it is built from', async () => {
    const gate = createGate();
    @injectable()
    class Flusher {
      constructor(@inject(Pool) readonly pool: Pool) {}

      @postConstruct()
      async connect(): Promise<void> {
        await gate.passed;
      }

      @OnExit()
      flush(): void {
        log.push('Flusher');
      }
    }
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind(Flusher).toSelf();
    container.get(Pool);
    resolved(container, 'Top', () => {
      void container.getAsync(Flusher);
    });
    const disposal = container.dispose();
    await setImmediate();
    gate.open();
    await disposal;
    expect(log).toEqual(['Flusher', 'Pool']);
  });

  test('the hook of a latecomer may ask for the disposal, which has ended', async () => {
    const container = createContainer();
    let shared: unknown;
    container.bind('late').to(
      serviceWithHook('Late', () => {
        shared = container.dispose();
      }),
    );
    container
      .bind<Factory<unknown>>('factory')
      .toFactory((context) => () => context.get<object>('late'));
    const factory = container.get<Factory<unknown>>('factory');
    const disposal = container.dispose();
    await disposal;
    expect(factory).toThrow(ContainerDisposedError);
    expect(shared).toBe(disposal);
  });

  test('restore() does not bring exited singletons back', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    const pool = container.get(Pool);
    container.snapshot();
    const plain = new Container({ parent: container });
    await container.dispose();
    container.restore();
    expect(() => plain.get(Pool)).toThrow(ContainerDisposedError);
    container.unbindAll();
    expect(() => plain.get(Pool)).toThrow('No');
    expect(log).toEqual(['Pool', 'Pool']);
    expect(pool).toBeInstanceOf(Pool);
  });

  test('a disposed child that was emptied hands nothing to its parent', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf();
    const child = createContainer({ parent });
    child.bind<Factory<unknown>>('factory').toFactory((context) => () => context.get(Pool));
    const factory = child.get<Factory<unknown>>('factory');
    await child.dispose();
    child.unbindAll();
    expect(factory).toThrow(ContainerDisposedError);
    expect(parent.get(Lifecycle).pending()).toEqual([]);
  });

  test('once disposed, the container refuses to resolve, to bind and to register', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    container.bind(Pool).toSelf().inSingletonScope();
    container.get(Pool);
    await container.dispose();
    const refusals: [string, string, () => unknown][] = [
      ['resolve Pool', 'Pool', () => container.get(Pool)],
      ['resolve Pool', 'Pool', () => container.getAll(Pool)],
      ['resolve anonymous', 'anonymous', () => container.get(class {})],
      ['bind Symbol(pool)', 'Symbol(pool)', () => container.bind(Symbol('pool'))],
      ['register a callback', 'callback', () => lifecycle.onExit(() => undefined)],
      ['adopt Object', 'callback', () => lifecycle.adopt({}, () => undefined)],
      ['adopt Pool', 'Pool', () => lifecycle.adopt(new Pool())],
    ];
    for (const [asked, service, action] of refusals) {
      const error = captured(action);
      expect(ContainerDisposedError.is(error)).toBe(true);
      expect(error).toMatchObject({
        name: 'ContainerDisposedError',
        service,
        message:
          `Cannot ${asked}: the container is disposed. Something still uses it: stop or await that ` +
          'before the disposal, or create a new container.',
      });
    }
    await expect(container.getAsync(Pool)).rejects.toThrow(ContainerDisposedError);
    await expect(container.getAllAsync(Pool)).rejects.toThrow(ContainerDisposedError);
    expect(container.isBound(Pool)).toBe(true);
  });

  test('rebind and load, by the names and in the ways of the installed Inversify', async () => {
    const container = createContainer();
    await container.dispose();
    for (const name of ['rebind', 'rebindAsync', 'rebindSync', 'load', 'loadAsync', 'loadSync']) {
      const method: unknown = Reflect.get(container, name);
      if (typeof method === 'function') {
        const call = async (): Promise<unknown> =>
          Reflect.apply(method, container, ['service']) as unknown;
        await expect(call()).rejects.toThrow(ContainerDisposedError);
      }
    }
  });

  test('the container holds no instance once it is disposed', async () => {
    const container = createContainer();
    let constructed = 0;
    container
      .bind('counted')
      .toDynamicValue(() => ++constructed)
      .inSingletonScope();
    container
      .bind<Factory<unknown>>('factory')
      .toFactory((context) => () => context.get('counted'));
    const factory = container.get<Factory<unknown>>('factory');
    factory();
    await container.dispose();
    factory();
    expect(constructed).toBe(2);
  });

  test('by any other way, what has hooks fails to activate, and is exited at once', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.bind(Cache).toSelf().inSingletonScope();
    container.bind<Factory<Cache>>('factory').toFactory((context) => () => context.get(Cache));
    const factory = container.get<Factory<Cache>>('factory');
    const plain = new Container({ parent: container });
    await container.dispose();
    expect(factory).toThrow(ContainerDisposedError);
    expect(log).toEqual(['Pool']);
    expect(() => plain.get(Pool)).toThrow(ContainerDisposedError);
    expect(log).toEqual(['Pool', 'Pool']);
  });

  test('a transient that arrives too late is exited at once, and its failure is an uncaught error', async () => {
    const { stdout, ...ended } = await runFixture('late-failure');
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line !== 'refused')).toEqual([
      'async hook',
      'sync hook',
      'ExitHookError: late [Late].flush failed: Error: much too late',
      'ExitHookError: late [Late].close failed: Error: too late',
    ]);
    expect(lines).toContain('refused');
  });

  test('the failure of what arrives too late is thrown where nothing can catch it', async () => {
    const thrown: (() => void)[] = [];
    const queue = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
      thrown.push(task);
    });
    const Failing = serviceWithHook('Failing', () => {
      throw new Error('too late');
    });
    const container = createContainer();
    container.bind('late').to(Failing);
    container
      .bind<Factory<unknown>>('factory')
      .toFactory((context) => () => context.get<object>('late'));
    const factory = container.get<Factory<unknown>>('factory');
    await container.dispose();
    expect(factory).toThrow(ContainerDisposedError);
    await Promise.resolve();
    queue.mockRestore();
    expect(thrown).toHaveLength(1);
    expect(thrown[0]).toThrow(
      expect.objectContaining({ message: 'late [Failing].close failed: Error: too late' }),
    );
  });

  test('what was exited is not exited again when it arrives once more', async () => {
    const container = createContainer();
    const pool = new Pool();
    container.bind('pool').toDynamicValue(() => pool);
    container.bind<Factory<unknown>>('factory').toFactory((context) => () => context.get('pool'));
    const factory = container.get<Factory<unknown>>('factory');
    factory();
    await container.dispose();
    expect(factory).toThrow(ContainerDisposedError);
    expect(log).toEqual(['Pool']);
  });
});

describe('P19 synchronous', () => {
  test('`using` runs hooks that are not async', () => {
    {
      using container = createContainer();
      for (const type of [Pool, Cache]) {
        container.bind<object>(type).toSelf().inSingletonScope();
      }
      container.get(Pool);
      expect(container.get(Lifecycle).state).toBe('active');
    }
    expect(log).toEqual(['Pool']);
  });

  test('it refuses, before anything has run, when a hook is visibly an async function', async () => {
    const container = createContainer();
    for (const type of [Pool, Cache, Repository]) {
      container.bind<object>(type).toSelf().inSingletonScope();
    }
    container.get(Repository);
    container.get(Lifecycle).onExit(async () => Promise.resolve(), { name: 'flush' });
    const error = captured(() => {
      container[Symbol.dispose]();
    });
    expect(DisposeError.is(error)).toBe(true);
    expect(error).toEqual(
      new Error(
        [
          'The container was not disposed, and nothing was run: it has exit hooks that a ' +
            'synchronous disposal cannot await. Use `await container.dispose()` or `await using`.',
          '  - callback flush is an async function',
          '  - Cache.close is an async function',
        ].join('\n'),
      ),
    );
    expect(error).toMatchObject({ report: { exits: [] } });
    expect(log).toEqual([]);
    expect(container.get(Lifecycle).state).toBe('active');
    await container.dispose();
    expect(log).toEqual(['Repository', 'Cache', 'Pool']);
  });

  test('it starts every hook; what returned a thenable is not-awaited, and the error comes last', async () => {
    const container = createContainer();
    const gate = createGate();
    resolved(container, 'Last', () => log.push('last'));
    resolved(container, 'Rejecting', () => gate.passed);
    resolved(container, 'Throwing', () => {
      throw new Error('thrown');
    });
    const error = captured(() => {
      container[Symbol.dispose]();
    });
    expect(log).toEqual(['last']);
    expect(error).toEqual(
      new Error(
        [
          '2 of 3 exit hooks failed; all were run:',
          '  - Throwing.close failed: Error: thrown',
          '  - Rejecting.close returned a promise, and nothing could await it: how it ended is ' +
            'lost. Use `await container.dispose()` or `await using`.',
        ].join('\n'),
      ),
    );
    expect(error).toMatchObject({
      report: {
        exits: [
          { service: 'Throwing', outcome: 'failed' },
          { service: 'Rejecting', outcome: 'not-awaited' },
          { service: 'Last', outcome: 'done' },
        ],
      },
    });
    // A late rejection is observed: it is no unhandled one, which would fail this test run.
    gate.break(new Error('late'));
    await expect(container.dispose()).rejects.toBe(error);
    expect(
      captured(() => {
        container[Symbol.dispose]();
      }),
    ).toBe(error);
  });

  test('afterwards dispose() settles with the same report', async () => {
    const container = createContainer();
    resolved(container, 'Service', () => log.push('Service'));
    container[Symbol.dispose]();
    container[Symbol.dispose]();
    await expect(container.dispose()).resolves.toMatchObject({
      exits: [{ service: 'Service', hook: 'close', outcome: 'done' }],
    });
    expect(log).toEqual(['Service']);
  });

  test('a member that has become a getter which throws fails like any other hook', () => {
    const container = createContainer();
    resolved(container, 'Service', () => undefined);
    Object.defineProperty(container.get('Service'), 'close', {
      get: () => {
        throw new Error('a getter');
      },
    });
    expect(() => {
      container[Symbol.dispose]();
    }).toThrow('Service.close failed: Error: a getter');
  });

  test('while an asynchronous disposal is under way it throws', async () => {
    const container = createContainer();
    resolved(container, 'Service', async () => Promise.resolve());
    const disposal = container.dispose();
    expect(() => {
      container[Symbol.dispose]();
    }).toThrow(
      'The container is being disposed already, and a synchronous disposal cannot wait for that. ' +
        'Use `await container.dispose()` or `await using`.',
    );
    await disposal;
  });

  test('it does not wait for activations in flight: they are exited when they arrive', async () => {
    const gate = createGate();
    const container = createContainer();
    bindSlowly(container, 'slow', gate.passed);
    const slow = container.getAsync('slow');
    container[Symbol.dispose]();
    gate.open();
    await expect(slow).rejects.toThrow(ContainerDisposedError);
    expect(log).toEqual(['Pool']);
  });
});

describe('P20 the report', () => {
  test('dispose() resolves to what was run, in order, with times', async () => {
    const gate = createGate();
    const container = createContainer();
    resolved(container, 'Pool', () => undefined);
    resolved(container, 'Server', () => gate.passed);
    container.get(Lifecycle).onExit(function flushMetrics() {});
    const disposal = container.dispose({ reason: 'tests' });
    gate.open();
    const report = await disposal;
    expect(report.reason).toBe('tests');
    expect(report.exits.map(({ service, hook, outcome }) => [service, hook, outcome])).toEqual([
      ['callback', 'flushMetrics', 'done'],
      ['Server', 'close', 'done'],
      ['Pool', 'close', 'done'],
    ]);
    const times = report.exits.flatMap(({ startTime, duration }) => [
      startTime,
      startTime + duration,
    ]);
    expect([0, ...times, report.duration]).toEqual(
      [0, ...times, report.duration].sort((a, b) => a - b),
    );
    const lines = String(report).split('\n');
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
    expect(lines.map((line) => line.replace(/ +[\d.]+ ms$/, ' … ms'))).toEqual([
      'done  callback flushMetrics … ms',
      'done  Server.close … ms',
      'done  Pool.close … ms',
    ]);
  });

  test('nothing to exit is an empty report', async () => {
    const report = await createContainer().dispose();
    expect(report.exits).toEqual([]);
    expect(String(report)).toBe('');
  });

  test('a failure is one line in it, and whole in its JSON', async () => {
    const container = createContainer();
    const root = new Error('root');
    const cyclic: { name: string; self?: unknown } = { name: 'cyclic' };
    cyclic.self = cyclic;
    const selfCaused = new Error('self-caused');
    selfCaused.cause = selfCaused;
    const failures: unknown[] = [
      new AggregateError([root, 1n], 'several', { cause: { code: 'E' } }),
      Object.assign(new Error('outer\nsecond line', { cause: root }), { code: 'EIO' }),
      selfCaused,
      cyclic,
      undefined,
      Symbol('thrown'),
      Object.create(null),
    ];
    for (const failure of failures) {
      failing(container, failure);
    }
    const reason = { type: 'fatal', error: root, at: new Date(0), hooks: [() => 1, null] };
    const error = await container.dispose({ reason }).catch((caught: unknown) => caught);
    if (!DisposeError.is(error)) {
      throw error;
    }
    expect(withoutTimes(error.report)).toEqual(
      [
        'a value that cannot be printed',
        'Symbol(thrown)',
        'undefined',
        '[object Object]',
        'Error: self-caused',
        'Error: outer',
        'AggregateError: several',
      ].map((thrown) => `failed  Service.close  0.0 ms  ${thrown}`),
    );
    const stack = expect.any(String) as unknown;
    const rootAgain = '[repeated: Error: root]';
    expect(JSON.parse(JSON.stringify(error.report))).toMatchObject({
      reason: {
        type: 'fatal',
        error: { name: 'Error', message: 'root', stack },
        at: '1970-01-01T00:00:00.000Z',
        hooks: ['() => 1', null],
      },
      exits: [
        { service: 'Service', hook: 'close', outcome: 'failed', error: {} },
        { error: 'Symbol(thrown)' },
        { outcome: 'failed' },
        { error: { name: 'cyclic', self: '[repeated: Object]' } },
        { error: { message: 'self-caused', cause: '[repeated: Error: self-caused]' } },
        { error: { message: 'outer\nsecond line', code: 'EIO', stack, cause: rootAgain } },
        { error: { message: 'several', cause: { code: 'E' }, errors: [rootAgain, '1'] } },
      ],
    });
  });
});

test('P20 the report › errors that defend themselves, and those of other realms', async () => {
  const container = createContainer();
  const throwing =
    (what: string): (() => never) =>
    () => {
      throw new Error(what);
    };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const hostile = Object.defineProperty(new Error('hostile'), 'cause', { get: throwing('cause') });
  let deep: unknown = 'bottom';
  for (let depth = 0; depth < 50; depth++) {
    deep = { deep };
  }
  const foreign: unknown = runInNewContext("new Error('foreign', { cause: 'realm' })");
  for (const thrown of [revoked, hostile, deep, foreign, new Map([[1, 2]])]) {
    failing(container, thrown);
  }
  const error = await container.dispose().catch((caught: unknown) => caught);
  if (!DisposeError.is(error)) {
    throw error;
  }
  expect(error.message).toBe(
    [
      '5 of 5 exit hooks failed; all were run:',
      '  - Service.close failed: [object Map]',
      '  - Service.close failed: Error: foreign',
      '  - Service.close failed: [object Object]',
      '  - Service.close failed: Error: hostile',
      '  - Service.close failed: a value that cannot be printed',
    ].join('\n'),
  );
  const json = JSON.stringify(error.report);
  expect(json).toContain('[too deep: Object]');
  expect(JSON.parse(json)).toMatchObject({
    exits: [
      { error: '[object Map]' },
      { error: { name: 'Error', message: 'foreign', cause: 'realm' } },
      { error: { deep: {} } },
      { error: { message: 'hostile', cause: '[cannot be read]' } },
      { error: 'a value that cannot be printed' },
    ],
  });
});

describe('P21 asking for it', () => {
  test('a service can end the application', async () => {
    @injectable()
    class Watchdog {
      constructor(@inject(Lifecycle) readonly lifecycle: Lifecycle) {}

      @OnExit()
      stop(): void {
        log.push('Watchdog');
      }

      async bark(): Promise<unknown> {
        return this.lifecycle.dispose({ reason: 'no heartbeat' });
      }
    }
    const container = createContainer();
    container.bind(Watchdog).toSelf().inSingletonScope();
    const report = await container.get(Watchdog).bark();
    expect(report).toMatchObject({ reason: 'no heartbeat', exits: [{ service: 'Watchdog' }] });
    expect(await container.dispose()).toBe(report);
  });
});

function withoutTimes(report: ExitReport): string[] {
  return String(report)
    .replace(/[\d.]+ ms/g, '0.0 ms')
    .split('\n');
}

function captured(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
