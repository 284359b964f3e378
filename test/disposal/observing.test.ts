import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Container, type Factory } from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  Lifecycle,
  type ExitObserver,
  type ExitReport,
} from 'inversify-onexit';

import { Observers } from '../../src/disposal/observers.js';
import { runFixture } from '../support/child.js';
import { closing, made, thrownBy } from '../support/closing.js';
import { createContainer, unbind } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

afterEach(() => {
  jest.restoreAllMocks();
});

type Told = {
  [Event in keyof ExitObserver]-?: [Event, Parameters<Required<ExitObserver>[Event]>[0]];
};

/** Told of everything, and keeps it. */
class Witness implements Required<ExitObserver> {
  readonly told: Told[keyof Told][] = [];

  disposing = (disposal: Told['disposing'][1]): void => {
    this.told.push(['disposing', disposal]);
  };

  started = (exit: Told['started'][1]): void => {
    this.told.push(['started', exit]);
  };

  settled = (exit: Told['settled'][1]): void => {
    this.told.push(['settled', exit]);
  };

  disposed = (report: Told['disposed'][1]): void => {
    this.told.push(['disposed', report]);
  };

  get events(): string[] {
    return this.told.map(([event, about]) => ('hook' in about ? `${event} ${about.hook}` : event));
  }
}

function observed(container: Container): Witness {
  const witness = new Witness();
  container.get(Lifecycle).observe(witness);
  return witness;
}

/** It was told what the report says: all of it, in that order, and nothing else. */
function expectToldOf(witness: Witness, report: ExitReport): void {
  const { told } = witness;
  expect(told[0]).toEqual(['disposing', { reason: report.reason }]);
  expect(told.at(-1)).toEqual(['disposed', report]);
  expect(told.at(-1)?.[1]).toBe(report);
  expect(told.flatMap(([event, about]) => (event === 'settled' ? [about] : []))).toEqual(
    report.exits,
  );
  expect(told.flatMap(([event, about]) => (event === 'started' ? [about] : []))).toEqual(
    report.exits.map(({ id, service, hook, phase, container, startTime, ...exit }) => ({
      ...{ id, service, hook, phase, container, startTime },
      ...('after' in exit ? { after: exit.after } : {}),
    })),
  );
  expect(told.map(([event]) => event)).toEqual([
    'disposing',
    ...report.exits.flatMap(() => ['started', 'settled']),
    'disposed',
  ]);
}

function reportIn(error: unknown): ExitReport {
  if (!DisposeError.is(error)) {
    throw error;
  }
  return error.report;
}

/** Registers a callback that tells its name, and does what the test says. */
function onExit(container: Container, name: string, hook: () => unknown = () => undefined): void {
  container.get(Lifecycle).onExit(
    () => {
      log.push(name);
      return hook();
    },
    { name },
  );
}

/** What is thrown where nothing can catch it, in the place of the platform. */
function uncaught(): unknown[] {
  const errors: unknown[] = [];
  jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
    log.push('uncaught');
    errors.push(thrownBy(task));
  });
  return errors;
}

describe('P22 observing', () => {
  test('the start, each hook’s start and end while they happen, and the end', async () => {
    const gate = createGate();
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    lifecycle.observe({
      disposing: ({ reason }) => log.push(`disposing: ${String(reason)}`),
      started: ({ service, hook }) => log.push(`started ${service}.${hook}`),
      settled: ({ service, outcome }) => log.push(`settled ${service} ${outcome}`),
      disposed: ({ exits }) => log.push(`${lifecycle.state}: ${String(exits.length)} exits`),
    });
    made(container, closing('Pool'));
    made(
      container,
      closing('Server', () => gate.passed),
    );
    const disposal = container.dispose({ reason: 'SIGTERM' }).then(() => log.push('told'));
    expect(log).toEqual(['disposing: SIGTERM']);
    await setImmediate();
    expect(log.splice(1)).toEqual(['started Server.close', 'Server']);
    gate.open();
    await disposal;
    expect(log.splice(1)).toEqual([
      'settled Server done',
      'started Pool.close',
      'Pool',
      'settled Pool done',
      'disposed: 2 exits',
      'told',
    ]);
  });

  test('what it is told is what the report says, which is built once', async () => {
    const container = createContainer();
    const witness = observed(container);
    made(container, closing('Pool'));
    made(
      container,
      closing('Cache', () => {
        throw new Error('not saved');
      }),
    );
    onExit(container, 'flush', async () => Promise.reject(new Error('not flushed')));
    const report = reportIn(
      await container.dispose({ reason: 1 }).catch((error: unknown) => error),
    );
    expectToldOf(witness, report);
    expect(report.exits.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'done']);
    const settled = witness.told.filter(([event]) => event === 'settled');
    settled.forEach(([, record], index) => {
      expect(record).toBe(report.exits[index]);
    });
  });

  test('exits of children, as each container sees them, whose own is number 0', async () => {
    const parent = createContainer();
    onExit(parent, 'parent');
    const elder = createContainer({ parent });
    onExit(elder, 'elder', async () => Promise.resolve());
    const grandchild = createContainer({ parent: elder });
    onExit(grandchild, 'grandchild');
    const younger = createContainer({ parent });
    onExit(younger, 'younger', async () => {
      await Promise.resolve();
      throw new Error('not closed');
    });
    const containers = [parent, elder, grandchild, younger];
    const witnesses = containers.map(observed);
    await expect(parent.dispose({ reason: 'the end' })).rejects.toThrow(DisposeError);
    const reports = await Promise.all(
      containers.map(async (container) => container.dispose().catch(reportIn)),
    );
    reports.forEach((report, index) => {
      expectToldOf(witnesses[index] ?? new Witness(), report);
    });
    expect(reports.map(({ exits }) => exits.map(({ container }) => container))).toEqual([
      [1, 3, 2, 0],
      [1, 0],
      [0],
      [0],
    ]);
  });

  test('what a child has done before is told when the disposal comes to it', async () => {
    const gates = [createGate(), createGate()];
    const parent = createContainer();
    onExit(parent, 'parent');
    const child = createContainer({ parent });
    onExit(child, 'last of the child');
    onExit(child, 'second of the child', () => gates[1]?.passed);
    onExit(child, 'first of the child');
    const grandchild = createContainer({ parent: child });
    onExit(grandchild, 'grandchild');
    const sibling = createContainer({ parent });
    onExit(sibling, 'sibling', () => gates[0]?.passed);
    const inFlight = child.dispose();
    await setImmediate();
    const witness = observed(parent);
    const disposal = parent.dispose();
    await setImmediate();
    expect(witness.events).toEqual([
      'disposing',
      ...['started grandchild', 'settled grandchild'],
      ...['started first of the child', 'settled first of the child'],
      'started second of the child',
      'started sibling',
    ]);
    gates[0]?.open();
    gates[1]?.open();
    const report = await disposal;
    expect(witness.told.at(-1)).toEqual(['disposed', report]);
    expect(report.exits.map(({ hook }) => hook)).toEqual([
      ...['grandchild', 'first of the child', 'second of the child'],
      ...['sibling', 'last of the child', 'parent'],
    ]);
    expect(report.exits.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(witness.told.flatMap(([event, about]) => (event === 'settled' ? [about] : []))).toEqual(
      expect.arrayContaining([...report.exits]),
    );
    expect(report.exits[0]?.startTime).toBeLessThan(0);
    await inFlight;
  });

  test('also if its disposal has ended by then', async () => {
    const gate = createGate();
    const parent = createContainer();
    const witness = observed(parent);
    const child = createContainer({ parent });
    onExit(child, 'child');
    const sibling = createContainer({ parent });
    onExit(sibling, 'sibling', () => gate.passed);
    const disposals = [parent.dispose(), child.dispose()];
    await disposals[1];
    gate.open();
    await disposals[0];
    const { exits } = await parent.dispose();
    expect(exits.map(({ hook }) => hook)).toEqual(['sibling', 'child']);
    expect(witness.told.flatMap(([event, about]) => (event === 'settled' ? [about] : []))).toEqual([
      exits[1],
      exits[0],
    ]);
  });

  test('the disposal of a child alone is not that of its parent', async () => {
    const parent = createContainer();
    const witness = observed(parent);
    const child = createContainer({ parent });
    onExit(child, 'child');
    await child.dispose();
    expect(witness.told).toEqual([]);
    expectToldOf(witness, await parent.dispose());
  });

  describe('an observer that throws', () => {
    test('harms nothing, and its first error is uncaught when the disposal has ended', async () => {
      const ended = await runFixture('failing-observer');
      expect(ended).toMatchObject({ code: 1, signal: null });
      expect(ended.stdout.split('\n')).toEqual([
        'first hook',
        'second hook, state disposing',
        'called 6 times, state disposed',
        '',
      ]);
      expect(ended.stderr.match(/Error: .*/g)).toEqual(['Error: observer failed (1)']);
    });

    test('each of several is reported, and those that do not throw are told of all', async () => {
      const errors = uncaught();
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const failing = (name: string): (() => never) => {
        return () => {
          throw new Error(name);
        };
      };
      lifecycle.observe({ settled: failing('first') });
      const witness = observed(container);
      const undo = lifecycle.observe({ disposing: failing('undone'), started: failing('again') });
      lifecycle.observe({
        get disposed(): never {
          throw new Error('a getter');
        },
      });
      onExit(container, 'one', undo);
      onExit(container, 'two');
      expectToldOf(witness, await container.dispose());
      expect(log).toEqual(['two', 'one', 'uncaught', 'uncaught', 'uncaught']);
      expect(errors).toEqual([new Error('undone'), new Error('first'), new Error('a getter')]);
    });

    test('one of a child is reported when the outermost disposal has ended', async () => {
      const errors = uncaught();
      const parent = createContainer();
      onExit(parent, 'parent');
      const child = createContainer({ parent: createContainer({ parent }) });
      onExit(child, 'child');
      child.get(Lifecycle).observe({
        started: () => {
          throw new Error('of the child');
        },
      });
      await parent.dispose();
      expect(log).toEqual(['child', 'parent', 'uncaught']);
      expect(errors).toEqual([new Error('of the child')]);
    });

    test('one that is asynchronous is not waited for, and a rejection is no unhandled one', async () => {
      const errors = uncaught();
      const [soon, late] = [createGate(), createGate()];
      const container = createContainer();
      for (const [event, { passed }] of [
        ['started', soon],
        ['disposed', late],
      ] as const) {
        container.get(Lifecycle).observe({ [event]: async () => passed });
      }
      const gate = createGate();
      onExit(container, 'hook', () => gate.passed);
      const disposal = container.dispose();
      await setImmediate();
      soon.break(new Error('soon'));
      await setImmediate();
      expect(errors).toEqual([]);
      gate.open();
      await disposal;
      expect(errors).toEqual([new Error('soon')]);
      late.break(new Error('late'));
      await setImmediate();
      expect(errors).toEqual([new Error('soon'), new Error('late')]);
    });
  });

  test('its methods are called as such', async () => {
    class Counter {
      count = 0;

      started(): void {
        this.count++;
      }
    }
    const counter = new Counter();
    const container = createContainer();
    container.get(Lifecycle).observe(counter);
    onExit(container, 'one');
    onExit(container, 'two');
    await container.dispose();
    expect(counter.count).toBe(2);
  });

  test('its undo: it is told nothing any more, also by the event that is being told', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const undone = new Witness();
    lifecycle.observe(undone)();
    lifecycle.observe({
      started: () => {
        undo();
        undo();
      },
    });
    const witness = new Witness();
    const undo = lifecycle.observe(witness);
    onExit(container, 'hook');
    await container.dispose();
    expect(undone.told).toEqual([]);
    expect(witness.events).toEqual(['disposing']);
  });

  test('several are told in the order in which they came, one that came twice is told twice', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const [one, two] = ['one', 'two'].map((name) => ({ settled: () => log.push(name) }));
    for (const observer of [one, two, one]) {
      lifecycle.observe(observer ?? {});
    }
    onExit(container, 'hook');
    await container.dispose();
    expect(log).toEqual(['hook', 'one', 'two', 'one']);
  });

  test('one that comes during a disposal is told of what comes next', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const [early, late] = [new Witness(), new Witness()];
    lifecycle.observe({ disposing: () => lifecycle.observe(early) });
    onExit(container, 'two');
    onExit(container, 'one', () => lifecycle.observe(late));
    const report = await container.dispose();
    const never = new Witness();
    lifecycle.observe(never)();
    expect(early.events).toEqual([
      'started one',
      'settled one',
      'started two',
      'settled two',
      'disposed',
    ]);
    expect(late.events).toEqual(['settled one', 'started two', 'settled two', 'disposed']);
    expect(late.told.at(-1)?.[1]).toBe(report);
    expect(never.told).toEqual([]);
  });

  test('a synchronous disposal, but none that was refused', async () => {
    const container = createContainer();
    const child = createContainer({ parent: container });
    const undo = container.get(Lifecycle).onExit(async () => Promise.resolve());
    onExit(child, 'child', () => Promise.resolve());
    onExit(container, 'own');
    const witnesses = [observed(container), observed(child)];
    expect(() => {
      container[Symbol.dispose]();
    }).toThrow('nothing was run');
    expect(witnesses.flatMap(({ told }) => told)).toEqual([]);
    undo();
    const report = reportIn(
      thrownBy(() => {
        container[Symbol.dispose]();
      }),
    );
    expectToldOf(witnesses[0] ?? new Witness(), report);
    expect(report.exits.map(({ outcome }) => outcome)).toEqual(['not-awaited', 'done']);
    expectToldOf(
      witnesses[1] ?? new Witness(),
      reportIn(await child.dispose().catch((e: unknown) => e)),
    );
  });

  test('a disposal whose time is spent', async () => {
    const controller = new AbortController();
    const container = createContainer();
    const witness = observed(container);
    onExit(container, 'last');
    onExit(container, 'late', () => createGate().passed);
    onExit(container, 'slow', () => createGate().passed);
    const disposal = container.dispose({ signal: controller.signal });
    await setImmediate();
    expect(witness.events).toEqual(['disposing', 'started slow']);
    controller.abort();
    const report = reportIn(await disposal.catch((error: unknown) => error));
    expectToldOf(witness, report);
    expect(report.exits.map(({ outcome }) => outcome)).toEqual([
      'timed-out',
      'not-awaited',
      'done',
    ]);
  });

  test('one that leaves the disposal no time as it starts does not get ahead of the others', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    lifecycle.observe({
      disposing: () => void lifecycle.dispose({ signal: AbortSignal.abort() }),
    });
    const witness = observed(container);
    onExit(container, 'hook');
    const disposal = container.dispose({ reason: 'the first' });
    expect(lifecycle.state).toBe('disposed');
    expectToldOf(witness, await disposal);
  });

  test('what is released, unbound, or exited because it is late is not disposed, and not told', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const witness = observed(container);
    const adopted = lifecycle.adopt(new Pool());
    await lifecycle.release(adopted);
    made(container, closing('Unbound'));
    unbind(container, 'Unbound');
    container.bind(Pool).toSelf();
    container.bind<Factory<unknown>>('factory').toFactory((context) => () => context.get(Pool));
    const factory = container.get<Factory<unknown>>('factory');
    expect(witness.told).toEqual([]);
    expectToldOf(witness, await container.dispose());
    expect(factory).toThrow(ContainerDisposedError);
    expect(log).toEqual(['Pool', 'Unbound', 'Pool']);
    expect(witness.told).toHaveLength(2);
  });

  test('without observers nothing is told: no event is made for a hook', async () => {
    const tell = jest.spyOn(Observers.prototype, 'emit');
    const read = jest.fn();
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const undo = lifecycle.observe(new Proxy({}, { get: read }));
    undo();
    onExit(container, 'one');
    onExit(createContainer({ parent: container }), 'two');
    await container.dispose();
    expect(log).toEqual(['two', 'one']);
    expect(read).not.toHaveBeenCalled();
    expect(tell.mock.calls.map(([event]) => event)).toEqual([...['disposing', 'disposing']]);
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['started', "'started'"],
    [1n, '1n'],
  ])('%p is no observer', (given, shown) => {
    const lifecycle = createContainer().get(Lifecycle);
    expect(
      () => Reflect.apply(lifecycle.observe.bind(lifecycle), undefined, [given]) as unknown,
    ).toThrow(
      new TypeError(
        `observe() was given ${shown} where it takes an object with some of the methods disposing, ` +
          'started, settled and disposed.',
      ),
    );
  });
});

describe('P16 late arrivals › Lifecycle.signal', () => {
  test('aborts the moment a disposal starts, before what is in flight is awaited', async () => {
    const gate = createGate();
    const container = createContainer();
    const { signal } = container.get(Lifecycle);
    onExit(container, 'hook');
    bindSlowly(container, 'slow', gate.passed);
    const slow = container.getAsync('slow');
    signal.addEventListener('abort', () => log.push(`aborted: ${String(signal.reason)}`));
    expect(signal.aborted).toBe(false);
    const disposal = container.dispose({ reason: 'SIGTERM' });
    expect(log).toEqual(['aborted: SIGTERM']);
    gate.open();
    await Promise.all([slow, disposal]);
    expect(log).toEqual(['aborted: SIGTERM', 'Pool', 'hook']);
    expect(container.dispose({ reason: 'another' })).toBe(disposal);
    expect(signal.reason).toBe('SIGTERM');
  });

  test('without a reason it has the platform’s', () => {
    const container = createContainer();
    const { signal } = container.get(Lifecycle);
    container[Symbol.dispose]();
    expect(signal.reason).toMatchObject({ name: 'AbortError' });
  });

  test('aborts in children at once, with what is around them, whatever has its turn first', async () => {
    const gate = createGate();
    const parent = createContainer();
    const alone = createContainer({ parent });
    const child = createContainer({ parent });
    const grandchild = createContainer({ parent: new Container({ parent: child }) });
    const signals = [parent, alone, child, grandchild].map(
      (container) => container.get(Lifecycle).signal,
    );
    const reasons = (): unknown[] =>
      signals.map(({ aborted, reason }) => (aborted ? (reason as unknown) : false));
    onExit(createContainer({ parent }), 'youngest', () => gate.passed);
    onExit(child, 'child');
    expect(reasons()).toEqual([false, false, false, false]);
    await alone.dispose({ reason: 'its own' });
    expect(reasons()).toEqual([false, 'its own', false, false]);
    const disposal = parent.dispose({ reason: 'the end' });
    expect(reasons()).toEqual(['the end', 'its own', 'the end', 'the end']);
    expect(log).toEqual([]);
    expect(child.get(Lifecycle).state).toBe('active');
    gate.open();
    await disposal;
    expect(reasons()).toEqual(['the end', 'its own', 'the end', 'the end']);
  });

  test('is made when it is first read, and is one', async () => {
    const Controller = AbortController;
    const make = jest
      .spyOn(globalThis, 'AbortController')
      .mockImplementation(() => new Controller());
    const parent = createContainer();
    const child = createContainer({ parent });
    onExit(child, 'hook');
    const lifecycle = parent.get(Lifecycle);
    await parent.dispose({ reason: 'the end' });
    expect(make).not.toHaveBeenCalled();
    const { signal } = lifecycle;
    expect(lifecycle.signal).toBe(signal);
    expect(make).toHaveBeenCalledTimes(1);
  });

  test('has aborted already when it is first read during or after a disposal', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const child = createContainer({ parent: container }).get(Lifecycle);
    const told: unknown[] = [];
    const tell = ({ signal }: Lifecycle): unknown => told.push(signal.reason);
    onExit(container, 'hook', () => {
      tell(lifecycle);
      tell(createContainer({ parent: container }).get(Lifecycle));
    });
    await container.dispose({ reason: 'the end' });
    tell(child);
    expect(told).toEqual(['the end', 'the end', 'the end']);
  });

  test('a listener that throws harms no disposal: its error is an uncaught one', async () => {
    await expect(runFixture('failing-listener')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: ['next listener', 'uncaught: listener failed', 'hook', '1 disposed', ''].join('\n'),
      stderr: '',
    });
  });

  test.each([
    ['asks for the disposal', {}],
    ['leaves it no time', { signal: AbortSignal.abort() }],
  ])('a listener that %s gets the same', async (_what, options) => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const child = createContainer({ parent: container }).get(Lifecycle);
    const witness = observed(container);
    onExit(container, 'hook');
    const { signal } = child;
    signal.addEventListener('abort', () => log.push('child'));
    let shared: unknown;
    lifecycle.signal.addEventListener('abort', () => {
      shared = lifecycle.dispose(options);
      log.push('listener');
    });
    const disposal = container.dispose({ reason: 'the first' });
    expectToldOf(witness, await disposal);
    expect(shared).toBe(disposal);
    expect(signal.reason).toBe('the first');
    expect(log).toEqual(['listener', 'child', 'hook']);
  });
});
