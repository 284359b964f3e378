/** Values that throw when they are looked at: nothing is stuck, and nothing else is changed by them. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Container, injectable, type Newable } from 'inversify';
import {
  DisposeError,
  Lifecycle,
  OnExit,
  type DisposeOptions,
  type ExitContext,
  type ExitReport,
} from 'inversify-onexit';

import { createContainer } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { never, reportOf, soon } from '../support/limits.js';
import { log } from '../support/services.js';

/** What is thrown where nothing can catch it. */
let uncaught: unknown[];

beforeEach(() => {
  log.length = 0;
  uncaught = [];
  const queue = globalThis.queueMicrotask.bind(globalThis);
  jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
    queue(() => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    });
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

function fail(): never {
  throw new RangeError('hostile');
}

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** A proxy that throws whatever it is asked. */
function closed<T extends object>(target: T): T {
  return new Proxy(target, {
    get: fail,
    has: fail,
    ownKeys: fail,
    getOwnPropertyDescriptor: fail,
    getPrototypeOf: fail,
    defineProperty: fail,
    set: fail,
  });
}

/** Like an AbortSignal, as other libraries make them. */
class SignalLike {
  aborted = false;
  reason: unknown = undefined;
  readonly listeners = new Set<(event: unknown) => void>();

  addEventListener(_type: string, listener: (event: unknown) => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: string, listener: (event: unknown) => void): void {
    this.listeners.delete(listener);
  }

  abort(reason?: unknown): void {
    this.aborted = true;
    this.reason ??= reason;
    for (const listener of [...this.listeners]) {
      listener({ type: 'abort' });
    }
  }
}

function throwingAt(member: keyof SignalLike): SignalLike {
  return Object.defineProperty(new SignalLike(), member, { get: fail });
}

function optionsWith(signal: unknown): DisposeOptions {
  return { signal: signal as AbortSignal };
}

function outcomes({ exits }: ExitReport): string[] {
  return exits.map(({ hook, outcome }) => `${hook} ${outcome}`);
}

describe('P18 Time', () => {
  let container: Container;
  let lifecycle: Lifecycle;

  beforeEach(() => {
    container = createContainer();
    lifecycle = container.get(Lifecycle);
    lifecycle.onExit(() => log.push('hook'), { name: 'hook' });
  });

  async function expectToWorkLater(): Promise<void> {
    expect(lifecycle.state).toBe('active');
    expect(log).toEqual([]);
    expect(lifecycle.signal.aborted).toBe(false);
    expect(outcomes(await reportOf(container.dispose()))).toEqual(['hook done']);
    expect(log).toEqual(['hook']);
  }

  describe('a signal that cannot be followed is refused, and the container stays active', () => {
    test.each<[string, () => unknown]>([
      ['aborted throws', () => throwingAt('aborted')],
      [
        'addEventListener throws',
        () => Object.assign(new SignalLike(), { addEventListener: fail }),
      ],
      ['addEventListener is a getter that throws', () => throwingAt('addEventListener')],
      [
        'addEventListener is no function',
        () => Object.assign(new SignalLike(), { addEventListener: true }),
      ],
      ['it is a revoked proxy', () => revoked(new AbortController().signal)],
      ['it is a proxy that throws', () => closed(new SignalLike())],
      [
        'it has the prototype of an AbortSignal alone',
        () => Object.create(AbortSignal.prototype) as unknown,
      ],
    ])('%s', async (_what, make) => {
      const error = await soon(
        container.dispose(optionsWith(make())).catch((reason: unknown) => reason),
        'The disposal',
      );
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toContain('dispose() signal');
      await expectToWorkLater();
    });

    test('what was followed before it threw is not kept', async () => {
      const half = new SignalLike();
      half.addEventListener = (type, listener) => {
        SignalLike.prototype.addEventListener.call(half, type, listener);
        fail();
      };
      await expect(container.dispose(optionsWith(half))).rejects.toThrow(TypeError);
      expect(lifecycle.state).toBe('active');
      half.abort();
      await setImmediate();
      await expectToWorkLater();
    });
  });

  describe('a signal that throws later does not stop the disposal', () => {
    test.each<[string, () => SignalLike]>([
      [
        'removeEventListener throws',
        () => Object.assign(new SignalLike(), { removeEventListener: fail }),
      ],
      ['reason throws, and it never aborts', () => throwingAt('reason')],
    ])('%s', async (_what, make) => {
      const report = await soon(container.dispose(optionsWith(make())), 'The disposal');
      expect(outcomes(report)).toEqual(['hook done']);
      expect(lifecycle.state).toBe('disposed');
    });

    test('reason throws when it aborts: the time is spent all the same', async () => {
      const signal = throwingAt('reason');
      const contexts: ExitContext[] = [];
      lifecycle.onExit(
        async (context) => {
          contexts.push(context);
          return never();
        },
        { name: 'hangs' },
      );
      const disposal = container.dispose(optionsWith(signal));
      await setImmediate();
      signal.aborted = true;
      for (const listener of [...signal.listeners]) {
        listener({ type: 'abort' });
      }
      expect(outcomes(await reportOf(disposal))).toEqual(['hangs timed-out', 'hook done']);
      expect(contexts[0]?.signal.aborted).toBe(true);
    });

    test.each<[string, () => unknown]>([
      [
        'it has aborted already, and reason throws',
        () => Object.assign(throwingAt('reason'), { aborted: true }),
      ],
      ['removeEventListener is a getter that throws', () => throwingAt('removeEventListener')],
      [
        'there is no removeEventListener',
        () => Object.assign(new SignalLike(), { removeEventListener: undefined }),
      ],
      ['aborted throws from its second reading on', () => throwingFromReading(2)],
      ['aborted throws from its third reading on', () => throwingFromReading(3)],
    ])('%s: it is refused as a whole, or followed', async (_what, make) => {
      const result = await soon(
        container.dispose(optionsWith(make())).catch((error: unknown) => error),
        'The disposal',
      );
      if (result instanceof Error) {
        expect(result).toBeInstanceOf(TypeError);
        await expectToWorkLater();
      } else {
        expect(outcomes(result as ExitReport)).toEqual(['hook done']);
      }
    });

    function throwingFromReading(first: number): SignalLike {
      let read = 0;
      return Object.defineProperty(new SignalLike(), 'aborted', {
        get: () => {
          read++;
          return read < first ? false : fail();
        },
      });
    }

    test('it aborts again and again, also when all has ended', async () => {
      const signal = new SignalLike();
      signal.removeEventListener = () => undefined;
      lifecycle.onExit(never, { name: 'hangs' });
      const disposal = container.dispose(optionsWith(signal));
      await setImmediate();
      signal.abort('first');
      signal.abort('second');
      const report = await reportOf(disposal);
      signal.abort('third');
      await setImmediate();
      expect(report.exits[0]).toMatchObject({ outcome: 'timed-out', error: 'first' });
      expect(log).toEqual(['hook']);
    });

    test('it aborts while it is followed', async () => {
      const signal = new SignalLike();
      signal.addEventListener = (_type, listener) => {
        signal.aborted = true;
        signal.reason = 'at once';
        listener({ type: 'abort' });
      };
      lifecycle.onExit(never, { name: 'hangs' });
      const report = await reportOf(container.dispose(optionsWith(signal)));
      expect(outcomes(report)).toEqual(['hangs not-awaited', 'hook done']);
    });
  });

  test('one that is brought by a later call does not disturb the disposal', async () => {
    const gate = createGate();
    lifecycle.onExit(() => gate.passed, { name: 'waits' });
    const disposal = container.dispose();
    await setImmediate();
    for (const signal of [
      throwingAt('aborted'),
      throwingAt('addEventListener'),
      throwingAt('removeEventListener'),
      throwingAt('reason'),
      revoked(new SignalLike()),
    ]) {
      void container.dispose(optionsWith(signal)).catch(() => undefined);
    }
    expect(lifecycle.state).toBe('disposing');
    gate.open();
    expect(outcomes(await soon(disposal, 'The disposal'))).toEqual(['waits done', 'hook done']);
  });

  test('a reason that cannot be printed is one', async () => {
    for (const reason of [revoked({}), closed({}), Object.create(null) as unknown]) {
      const other = createContainer();
      const stop = new AbortController();
      other.get(Lifecycle).onExit(never, { name: 'hangs' });
      const disposal = other.dispose({ signal: stop.signal });
      await setImmediate();
      stop.abort(reason);
      const error = await soon(
        disposal.catch((thrown: unknown) => thrown),
        'The disposal',
      );
      expect(DisposeError.is(error)).toBe(true);
      expect((error as DisposeError).report.exits[0]?.error).toBe(reason);
    }
  });
});

describe('P15 Single flight', () => {
  test.each<[string, () => unknown]>([
    [
      'with a getter that throws',
      () => Object.defineProperty({}, 'timeout', { get: fail, enumerable: true }),
    ],
    ['that are a revoked proxy', () => revoked({})],
    ['that are a proxy which throws', () => closed({})],
  ])('options %s are refused, and the container stays active', async (_what, make) => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    lifecycle.onExit(() => log.push('hook'));
    await expect(
      soon(container.dispose(make() as DisposeOptions), 'The disposal'),
    ).rejects.toBeInstanceOf(Error);
    expect(lifecycle.state).toBe('active');
    expect(log).toEqual([]);
    await soon(container.dispose(), 'The disposal');
    expect(log).toEqual(['hook']);
  });

  test.each<[string, () => unknown]>([
    ['a revoked proxy', () => revoked({})],
    ['a proxy that throws', () => closed({})],
    ['no prototype', () => Object.create(null) as unknown],
  ])('hooks are given the reason, whatever it is: %s', async (_what, make) => {
    const reason = make();
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const reasons: unknown[] = [];
    lifecycle.onExit((context) => reasons.push(context.reason));
    const report = await soon(container.dispose({ reason }), 'The disposal');
    expect(reasons[0]).toBe(reason);
    expect(report.reason).toBe(reason);
    expect(lifecycle.signal.reason).toBe(reason);
    expect(() => JSON.stringify(report)).not.toThrow();
  });
});

describe('P7 Owner', () => {
  describe('what a get returns, or throws, is what it does without the module', () => {
    const thenThrows = (): object => Object.defineProperty({}, 'then', { get: fail });
    const constructorThrows = (): object => Object.defineProperty({}, 'constructor', { get: fail });
    const nameThrows = (): object => ({
      constructor: Object.defineProperty(() => undefined, 'name', { get: fail }),
    });
    const values: [string, () => unknown][] = [
      ['a constructor getter that throws', constructorThrows],
      ['a constructor whose name throws', nameThrows],
      ['a constructor that is a revoked proxy', () => ({ constructor: revoked(() => undefined) })],
      ['a constructor that is no function', () => ({ constructor: { name: 5 } })],
      ['a then getter that throws', thenThrows],
      ['a revoked proxy', () => revoked({})],
      ['a proxy that throws', () => closed({})],
      ['a proxy that shows no prototype', () => new Proxy({}, { getPrototypeOf: fail })],
      ['a proxy that has nothing', () => new Proxy({}, { has: fail })],
      ['a revoked function', () => revoked(() => undefined)],
      ['no prototype', () => Object.create(null) as unknown],
      [
        'a disposer that throws',
        () => Object.defineProperty({}, Symbol.asyncDispose, { get: fail }),
      ],
      ['null', () => null],
      ['undefined', () => undefined],
    ];
    const ways: [string, (container: Container, make: () => unknown) => void][] = [
      ['transient', (container, make) => void container.bind('value').toDynamicValue(make)],
      [
        'singleton',
        (container, make) => void container.bind('value').toDynamicValue(make).inSingletonScope(),
      ],
      [
        'request',
        (container, make) => void container.bind('value').toDynamicValue(make).inRequestScope(),
      ],
      ['resolved', (container, make) => void container.bind('value').toResolvedValue(make)],
      ['constant', (container, make) => void container.bind('value').toConstantValue(make())],
      [
        'class',
        (container, make) =>
          void container.bind('value').to(
            injectable()(
              class {
                constructor() {
                  return make() as object;
                }
              },
            ) as unknown as Newable<object>,
          ),
      ],
      [
        'activation',
        (container, make) =>
          void container
            .bind('value')
            .toDynamicValue(() => ({}))
            .onActivation(make),
      ],
    ];

    function resultOf(action: () => unknown): unknown {
      try {
        return { value: action() };
      } catch (error) {
        return { error: String(error) };
      }
    }

    describe.each(ways)('%s', (_way, bind) => {
      test.each(values)('%s', async (_what, make) => {
        const value = make();
        const [plain, collecting] = [new Container(), createContainer()];
        const [expected, given] = [plain, collecting].map((container) =>
          resultOf(() => {
            bind(container, () => value);
            return container.get('value');
          }),
        ) as [{ value?: unknown; error?: string }, { value?: unknown; error?: string }];
        expect(given.error).toBe(expected.error);
        // Not by comparing what cannot be looked at.
        expect(Object.is(given.value, expected.value)).toBe(true);
        await soon(collecting.dispose(), 'The disposal');
      });
    });
  });
});

describe('P1 Any method', () => {
  /** A class with a hook, of which something throws when it is looked at. */
  function hostileClass(prepare: (type: Newable<object>) => void): Newable<object> {
    @injectable()
    class Hostile {
      @OnExit()
      close(): void {
        log.push('closed');
      }
    }
    prepare(Hostile);
    return Hostile;
  }

  const classes: [string, () => Newable<object>][] = [
    [
      'its constructor getter throws',
      () =>
        hostileClass((type) => {
          Object.defineProperty(type.prototype, 'constructor', { get: fail });
        }),
    ],
    [
      'its name throws',
      () =>
        hostileClass((type) => {
          Object.defineProperty(type, 'name', { get: fail });
        }),
    ],
    [
      'its name is an object that throws',
      () =>
        hostileClass((type) => {
          Object.defineProperty(type, 'name', { value: closed({}) });
        }),
    ],
    [
      'another member throws',
      () =>
        hostileClass((type) => {
          Object.defineProperty(type.prototype, 'other', { get: fail, enumerable: true });
          Object.defineProperty(type.prototype, Symbol.toStringTag, { get: fail });
        }),
    ],
  ];

  describe.each(classes)('a hook is run, though %s', (_what, make) => {
    test.each(['Singleton', 'Transient', 'Request'] as const)('%s', async (defaultScope) => {
      const container = createContainer({ defaultScope });
      container.bind('hostile').to(make());
      expect(() => container.get('hostile')).not.toThrow();
      expect(container.get(Lifecycle).pending()).toHaveLength(1);
      const report = await soon(container.dispose(), 'The disposal');
      expect(report.exits).toMatchObject([{ hook: 'close', outcome: 'done' }]);
      expect(() => String(report)).not.toThrow();
      expect(() => JSON.stringify(report)).not.toThrow();
      expect(log).toEqual(['closed']);
    });

    test('adopted, and released', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const value = lifecycle.adopt(new (make())(), () => log.push('callback'));
      await lifecycle.release(value);
      expect(log).toEqual(['callback', 'closed']);
      await soon(container.dispose(), 'The disposal');
    });

    test('when it throws, the error tells of it', async () => {
      const container = createContainer();
      const type = make();
      Object.defineProperty(type.prototype, 'close', { value: fail });
      container.bind('hostile').to(type);
      container.get('hostile');
      await expect(soon(container.dispose(), 'The disposal')).rejects.toThrow(
        'RangeError: hostile',
      );
    });
  });
});

describe('P12 Every hook runs', () => {
  type Settle = (value?: unknown) => void;

  /** What calls its callbacks as it likes. */
  function thenable(then: (done: Settle, failed: Settle) => void): object {
    return { then };
  }

  test.each<[string, () => unknown, string]>([
    [
      'resolves twice',
      () =>
        thenable((done) => {
          done();
          done();
        }),
      'done',
    ],
    [
      'resolves at once, and throws then',
      () =>
        thenable((done) => {
          done();
          fail();
        }),
      'done',
    ],
    [
      'rejects, and resolves then',
      () =>
        thenable((done, failed) => {
          failed(new Error('rejected'));
          done();
        }),
      'failed',
    ],
    ['throws', () => ({ then: fail }), 'failed'],
    [
      'resolves with one that fails',
      () =>
        thenable((done) => {
          done({ then: fail });
        }),
      'failed',
    ],
    [
      'rejects with a revoked proxy',
      () =>
        thenable((_done, failed) => {
          failed(revoked({}));
        }),
      'failed',
    ],
    ['never settles', () => ({ then: () => undefined }), 'timed-out'],
    ['is a revoked proxy', () => revoked({}), 'failed'],
    ['is a proxy that throws', () => closed({}), 'failed'],
  ])('a hook whose thenable %s', async (_what, make, outcome) => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    lifecycle.onExit(() => log.push('last'), { name: 'last' });
    lifecycle.onExit(make, { name: 'hostile', timeout: 20 });
    lifecycle.onExit(() => log.push('first'), { name: 'first' });
    const report = await reportOf(container.dispose());
    expect(outcomes(report)).toEqual(['first done', `hostile ${outcome}`, 'last done']);
    expect(log).toEqual(['first', 'last']);
    await setImmediate();
  });

  test.each<[string, () => () => unknown]>([
    ['a name that throws', () => Object.defineProperty(() => undefined, 'name', { get: fail })],
    [
      'a name that is an object',
      () => Object.defineProperty(() => undefined, 'name', { value: closed({}) }),
    ],
    ['a proxy that throws', () => closed(() => undefined)],
    ['a revoked proxy', () => revoked(() => undefined)],
  ])('a callback with %s is run, or refused with a TypeError', async (_what, make) => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    let isTaken = true;
    try {
      lifecycle.onExit(make());
    } catch (error) {
      isTaken = false;
      expect(error).toBeInstanceOf(TypeError);
    }
    expect(lifecycle.pending()).toHaveLength(isTaken ? 1 : 0);
    const report = await reportOf(container.dispose());
    expect(report.exits).toHaveLength(isTaken ? 1 : 0);
  });

  test.each<[string, () => object]>([
    ['a revoked proxy', () => revoked({})],
    ['a proxy that throws', () => closed({})],
    [
      'a constructor getter that throws',
      () => Object.defineProperty({}, 'constructor', { get: fail }),
    ],
    ['no prototype', () => Object.create(null) as object],
  ])('an adopted value that is %s is given to its callback', async (_what, make) => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const value = make();
    const given: unknown[] = [];
    lifecycle.adopt(value, (each) => given.push(each));
    expect(lifecycle.pending()).toHaveLength(1);
    const report = await soon(container.dispose(), 'The disposal');
    expect(report.exits).toMatchObject([{ service: 'callback', outcome: 'done' }]);
    expect(given[0]).toBe(value);
  });

  test.each<[string, () => object]>([
    ['a revoked proxy', () => revoked({})],
    ['a proxy that throws', () => closed({})],
    [
      'a constructor getter that throws',
      () => Object.defineProperty({}, 'constructor', { get: fail }),
    ],
  ])('release() of %s says that it is not owned', async (_what, make) => {
    const lifecycle = createContainer().get(Lifecycle);
    await expect(lifecycle.release(make())).rejects.toThrow('does not own');
  });

  test.each<[string, () => object]>([
    ['a revoked proxy', () => revoked({})],
    ['a proxy that throws', () => closed({})],
  ])('an observer that is %s harms nothing', async (_what, make) => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    lifecycle.onExit(() => log.push('hook'), { name: 'hook' });
    let isTaken = true;
    try {
      lifecycle.observe(make());
    } catch (error) {
      isTaken = false;
      expect(error).toBeInstanceOf(TypeError);
    }
    const report = await soon(container.dispose(), 'The disposal');
    await setImmediate();
    expect(outcomes(report)).toEqual(['hook done']);
    expect(uncaught).toHaveLength(isTaken ? 1 : 0);
  });
});
