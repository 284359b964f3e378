/** How long a disposal waits for what is being activated. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Container, injectable } from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  Lifecycle,
  LifecycleModule,
  OnExit,
  type ExitRecord,
  type ExitReport,
  type LifecycleOptions,
} from 'inversify-onexit';

import { closing, made, thrownBy } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { begin } from '../support/ending.js';
import { createGate } from '../support/gate.js';
import { never, reportOf, soon } from '../support/limits.js';
import { log } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

function createWith(options: LifecycleOptions, parent?: Container): Container {
  const container = new Container(parent === undefined ? {} : { parent });
  container.register(LifecycleModule.with(options));
  return container;
}

/** Begins to activate a singleton, which is made when the promise resolves. */
function activate(
  container: Container,
  name: string,
  opened: Promise<unknown> = never(),
  hook?: () => unknown,
): Promise<unknown> {
  const Service = closing(name, hook);
  container
    .bind(name)
    .toDynamicValue(async () => {
      await opened;
      return new Service();
    })
    .inSingletonScope();
  const activation = container.getAsync(name);
  activation.catch(() => undefined);
  return activation;
}

function onExit(container: Container, name: string, hook: () => unknown = () => undefined): void {
  container.get(Lifecycle).onExit(
    () => {
      log.push(name);
      return hook();
    },
    { name },
  );
}

/** `service.hook outcome`, for each. */
function exitsOf({ exits }: ExitReport): string[] {
  return exits.map(({ service, hook, outcome }) => `${service}.${hook} ${outcome}`);
}

function activationsOf({ exits }: ExitReport): ExitRecord[] {
  return exits.filter(({ hook }) => hook === 'activation');
}

/** Observed, since a test looks at it when it has let time pass. */
function disposing(disposal: Promise<ExitReport>): Promise<ExitReport> {
  disposal.catch(() => undefined);
  return disposal;
}

describe('P16 Late arrivals', () => {
  describe('an activation in flight holds a disposal up for a time', () => {
    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    });

    afterEach(() => {
      jest.useRealTimers();
    });

    async function expectToWait(container: Container, duration: number): Promise<void> {
      await jest.advanceTimersByTimeAsync(duration - 1);
      expect(log).toEqual([]);
      expect(container.get(Lifecycle).pending()).toContainEqual({
        service: 'db',
        hook: 'activation',
      });
      await jest.advanceTimersByTimeAsync(1);
      expect(log).toEqual(['older']);
    }

    test.each<[string, LifecycleOptions, number | undefined, number]>([
      ['activationTimeout', { activationTimeout: 50 }, undefined, 50],
      [
        'activationTimeout, be it more than others',
        { activationTimeout: 70, hookTimeout: 50 },
        1_000,
        70,
      ],
      ['activationTimeout, be it less', { activationTimeout: 30, hookTimeout: 50 }, 40, 30],
      ['by default, hookTimeout', { hookTimeout: 50 }, undefined, 50],
      ['by default, hookTimeout, whatever the disposal has', { hookTimeout: 50 }, 1_000, 50],
      ['by default, half of what dispose({ timeout }) gives', {}, 200, 100],
      ['by default, half of what the module gives', { timeout: 300 }, undefined, 150],
      ['half of that, with hookTimeout: Infinity', { hookTimeout: Infinity }, 200, 100],
    ])('%s', async (_what, options, timeout, waited) => {
      const container = createWith(options);
      onExit(container, 'older');
      void activate(container, 'db');
      const disposal = disposing(container.dispose(timeout === undefined ? {} : { timeout }));
      await expectToWait(container, waited);
      await expect(disposal).rejects.toThrow(DisposeError);
    });

    test('half of what is left, of a disposal that was shortened before it had to wait', async () => {
      const gate = createGate();
      const container = createContainer();
      onExit(container, 'older');
      void activate(container, 'db');
      container.get(Lifecycle).onExit(() => gate.passed, { name: 'younger' });
      const disposal = disposing(container.dispose({ timeout: 1_000 }));
      await jest.advanceTimersByTimeAsync(600);
      void disposing(container.dispose({ timeout: 200 }));
      gate.open();
      await expectToWait(container, 100);
      await expect(disposal).rejects.toThrow(DisposeError);
    });

    test('half of what the container around has left, for a child', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      onExit(child, 'older');
      void activate(child, 'db');
      const disposal = disposing(parent.dispose({ timeout: 200 }));
      await expectToWait(parent, 100);
      const report = await reportOf(disposal);
      expect(activationsOf(report)).toMatchObject([{ service: 'db', container: 1 }]);
    });

    test('several leave something of it to what comes after them', async () => {
      const container = createContainer();
      onExit(container, 'older', async () => new Promise((resolve) => setTimeout(resolve, 1)));
      for (const name of ['one', 'two', 'three']) {
        void activate(container, name);
      }
      const disposal = disposing(container.dispose({ timeout: 800 }));
      await jest.advanceTimersByTimeAsync(800);
      const report = await reportOf(disposal);
      expect(exitsOf(report).sort()).toEqual([
        'callback.older done',
        'one.activation timed-out',
        'three.activation timed-out',
        'two.activation timed-out',
      ]);
    });

    test('without any limit it waits until the activation has ended', async () => {
      const gate = createGate();
      const container = createContainer();
      onExit(container, 'older');
      void activate(container, 'db', gate.passed);
      const disposal = disposing(container.dispose());
      await jest.advanceTimersByTimeAsync(3_600_000);
      expect(log).toEqual([]);
      gate.open();
      const report = await disposal;
      expect(log).toEqual(['db', 'older']);
      expect(activationsOf(report)).toEqual([]);
    });

    test('activationTimeout: Infinity waits as long, whatever hooks have', async () => {
      const gate = createGate();
      const container = createWith({ activationTimeout: Infinity, hookTimeout: 10 });
      onExit(container, 'older');
      void activate(container, 'db', gate.passed);
      const disposal = disposing(container.dispose());
      await jest.advanceTimersByTimeAsync(3_600_000);
      expect(log).toEqual([]);
      gate.open();
      await disposal;
      expect(log).toEqual(['db', 'older']);
    });

    test('a child has what its parent has, unless it says', async () => {
      const parent = createWith({ activationTimeout: 50 });
      const heir = createContainer({ parent });
      const own = createWith({ activationTimeout: 20 }, parent);
      onExit(heir, 'heir');
      void activate(heir, 'db of the heir');
      onExit(own, 'own');
      void activate(own, 'db of its own');
      const disposal = disposing(parent.dispose());
      await jest.advanceTimersByTimeAsync(19);
      expect(log).toEqual([]);
      await jest.advanceTimersByTimeAsync(1);
      expect(log).toEqual(['own']);
      await jest.advanceTimersByTimeAsync(50);
      expect(log).toEqual(['own', 'heir']);
      expect(activationsOf(await reportOf(disposal))).toHaveLength(2);
    });

    test('no timer is left of one that has arrived in time', async () => {
      const gate = createGate();
      const container = createWith({ activationTimeout: 50 });
      void activate(container, 'db', gate.passed);
      const disposal = disposing(container.dispose());
      await jest.advanceTimersByTimeAsync(10);
      gate.open();
      await disposal;
      expect(jest.getTimerCount()).toBe(0);
    });

    test('it is not waited for any longer when the time of the disposal is spent, and named all the same', async () => {
      const container = createWith({ activationTimeout: 1_000 });
      onExit(container, 'older');
      void activate(container, 'db');
      const disposal = disposing(container.dispose({ timeout: 50 }));
      await expectToWait(container, 50);
      expect(exitsOf(await reportOf(disposal))).toEqual([
        'db.activation timed-out',
        'callback.older done',
      ]);
    });
  });

  describe('one whose time has passed', () => {
    test('stands in the report and among the errors, with a TimeoutError', async () => {
      const container = createWith({ activationTimeout: 20 });
      onExit(container, 'older');
      void activate(container, 'db');
      const error = await soon(
        container.dispose().catch((reason: unknown) => reason),
        'The disposal',
      );
      if (!DisposeError.is(error)) {
        throw error;
      }
      expect(error.report.exits).toMatchObject([
        {
          service: 'db',
          hook: 'activation',
          outcome: 'timed-out',
          container: 0,
          error: { name: 'TimeoutError' },
        },
        { service: 'callback', hook: 'older', outcome: 'done' },
      ]);
      expect(error.errors).toMatchObject([
        {
          service: 'db',
          hook: 'activation',
          outcome: 'timed-out',
          cause: { name: 'TimeoutError' },
        },
      ]);
      expect(error.message).toContain('db.activation timed out');
    });

    test('is told to observers with the same record', async () => {
      const container = createWith({ activationTimeout: 20 });
      onExit(container, 'older');
      void activate(container, 'db');
      const settled: ExitRecord[] = [];
      container.get(Lifecycle).observe({ settled: (exit) => settled.push(exit) });
      const { exits } = await reportOf(container.dispose());
      expect(settled).toHaveLength(2);
      expect(settled).toEqual(exits);
    });

    test('is exited next when it arrives while the container is being disposed', async () => {
      const [opened, running, gate] = [createGate(), createGate(), createGate()];
      const container = createWith({ activationTimeout: 20 });
      onExit(container, 'last');
      onExit(container, 'first', async () => {
        running.open();
        await gate.passed;
      });
      const db = activate(container, 'db', opened.passed);
      const disposal = container.dispose();
      await soon(running.passed, 'The wait for the activation');
      opened.open();
      await db;
      gate.open();
      const report = await reportOf(disposal);
      expect(log).toEqual(['first', 'db', 'last']);
      expect(exitsOf(report)).toEqual([
        'db.activation timed-out',
        'callback.first done',
        'db.close done',
        'callback.last done',
      ]);
    });

    test('is exited at once when it arrives after that, and refused', async () => {
      const opened = createGate();
      const container = createWith({ activationTimeout: 20 });
      const db = activate(container, 'db', opened.passed);
      await reportOf(container.dispose());
      expect(log).toEqual([]);
      opened.open();
      await expect(db).rejects.toThrow(ContainerDisposedError);
      expect(log).toEqual(['db']);
    });

    test('may be rejected after that: nothing is an unhandled rejection', async () => {
      const opened = createGate();
      const container = createWith({ activationTimeout: 20 });
      const db = activate(container, 'db', opened.passed);
      await reportOf(container.dispose());
      opened.break(new Error('no connection'));
      await expect(db).rejects.toThrow('no connection');
      await setImmediate();
    });

    test('is named once, however often the disposal comes to it', async () => {
      const container = createWith({ activationTimeout: 10 });
      onExit(container, 'last');
      onExit(container, 'middle', async () => setImmediate());
      onExit(container, 'first', async () => setImmediate());
      void activate(container, 'db');
      expect(activationsOf(await reportOf(container.dispose()))).toHaveLength(1);
    });
  });

  test('one that arrives in time does not stand in the report, and is exited first', async () => {
    const opened = createGate();
    const container = createWith({ activationTimeout: 60_000 });
    made(container, closing('Pool'));
    onExit(container, 'callback');
    const db = activate(container, 'db', opened.passed);
    const disposal = container.dispose();
    await setImmediate();
    expect(log).toEqual([]);
    opened.open();
    const report = await reportOf(disposal);
    await db;
    expect(log).toEqual(['db', 'callback', 'Pool']);
    expect(exitsOf(report)).toEqual(['db.close done', 'callback.callback done', 'Pool.close done']);
  });

  test('one that is rejected in time is no error of the disposal', async () => {
    const opened = createGate();
    const container = createWith({ activationTimeout: 60_000 });
    onExit(container, 'older');
    const db = activate(container, 'db', opened.passed);
    const disposal = container.dispose();
    await setImmediate();
    opened.break(new Error('no connection'));
    await expect(db).rejects.toThrow('no connection');
    expect(exitsOf(await disposal)).toEqual(['callback.older done']);
  });

  describe('what cannot be what it is built from does not wait for it', () => {
    test('a callback that was registered after it had begun', async () => {
      const opened = createGate();
      const container = createContainer();
      onExit(container, 'before');
      const db = activate(container, 'db', opened.passed);
      onExit(container, 'after');
      const disposal = container.dispose();
      await setImmediate();
      expect(log).toEqual(['after']);
      expect(container.get(Lifecycle).pending()).toEqual([
        { service: 'db', hook: 'activation' },
        { service: 'callback', hook: 'before' },
      ]);
      opened.open();
      await Promise.all([db, disposal]);
      expect(log).toEqual(['after', 'db', 'before']);
    });

    test('a callback that is older than a singleton without hooks', async () => {
      const opened = createGate();
      const container = createContainer();
      const db = activate(container, 'db', opened.passed);
      onExit(container, 'after');
      container
        .bind('plain')
        .toDynamicValue(() => ({}))
        .inSingletonScope();
      container.get('plain');
      const disposal = container.dispose();
      await setImmediate();
      expect(log).toEqual(['after']);
      opened.open();
      await Promise.all([db, disposal]);
      expect(log).toEqual(['after', 'db']);
    });

    test('a callback of an adopted value', async () => {
      const opened = createGate();
      const container = createContainer();
      const db = activate(container, 'db', opened.passed);
      container.get(Lifecycle).adopt({}, () => log.push('adopted'));
      const disposal = container.dispose();
      await setImmediate();
      expect(log).toEqual(['adopted']);
      opened.open();
      await Promise.all([db, disposal]);
      expect(log).toEqual(['adopted', 'db']);
    });

    test('the drain phase', async () => {
      const opened = createGate();
      @injectable()
      class Server {
        @OnExit({ phase: 'drain' })
        async drain(): Promise<void> {
          log.push('Server.drain');
        }

        @OnExit()
        close(): void {
          log.push('Server.close');
        }
      }
      const container = createContainer();
      container.bind(Server).toSelf().inSingletonScope();
      container.get(Server);
      container.get(Lifecycle).onExit(() => log.push('drain'), { phase: 'drain' });
      const db = activate(container, 'db', opened.passed);
      const disposal = container.dispose();
      await setImmediate();
      expect(log).toEqual(['drain', 'Server.drain']);
      opened.open();
      await Promise.all([db, disposal]);
      expect(log).toEqual(['drain', 'Server.drain', 'db', 'Server.close']);
    });

    test.each([
      ['before it had begun', true],
      ['after it had begun, which it may still ask for', false],
    ])('a singleton that was activated %s does wait', async (_when, isOlder) => {
      const opened = createGate();
      const container = createContainer();
      if (isOlder) {
        made(container, closing('Pool'));
      }
      const db = activate(container, 'db', opened.passed);
      if (!isOlder) {
        made(container, closing('Pool'));
      }
      const disposal = container.dispose();
      await setImmediate();
      expect(log).toEqual([]);
      opened.open();
      await Promise.all([db, disposal]);
      expect(log).toEqual(['db', 'Pool']);
    });

    test('a callback below such a singleton waits with it', async () => {
      const opened = createGate();
      const container = createContainer();
      const db = activate(container, 'db', opened.passed);
      onExit(container, 'older');
      made(container, closing('Pool'));
      onExit(container, 'younger');
      const disposal = container.dispose();
      await setImmediate();
      expect(log).toEqual(['younger']);
      opened.open();
      await Promise.all([db, disposal]);
      expect(log).toEqual(['younger', 'db', 'Pool', 'older']);
    });
  });

  test('pending() names it while it is waited for, and not when it has arrived', async () => {
    const [opened, gate] = [createGate(), createGate()];
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    onExit(container, 'older');
    const db = activate(container, 'db', opened.passed, () => gate.passed);
    const disposal = container.dispose();
    await setImmediate();
    expect(lifecycle.pending()).toEqual([
      { service: 'db', hook: 'activation' },
      { service: 'callback', hook: 'older' },
    ]);
    opened.open();
    await db;
    await setImmediate();
    expect(lifecycle.pending()).toEqual([{ service: 'callback', hook: 'older' }]);
    gate.open();
    await disposal;
    expect(lifecycle.pending()).toEqual([]);
  });

  test('pending() of the container around names that of a child', async () => {
    const opened = createGate();
    const parent = createContainer();
    const child = createContainer({ parent });
    const db = activate(child, 'db', opened.passed);
    const disposal = parent.dispose();
    await setImmediate();
    expect(parent.get(Lifecycle).pending()).toEqual([{ service: 'db', hook: 'activation' }]);
    opened.open();
    await Promise.all([db, disposal]);
  });

  describe('activationTimeout that is no duration is refused', () => {
    test.each<[string, unknown, typeof RangeError | typeof TypeError]>([
      ['0', 0, RangeError],
      ['-1', -1, RangeError],
      ['NaN', NaN, RangeError],
      ['-Infinity', -Infinity, RangeError],
      ["'5'", '5', TypeError],
      ['null', null, TypeError],
      ['true', true, TypeError],
      ['5n', 5n, TypeError],
      ['Date', new Date(0), TypeError],
    ])('%s', (shown, value, Fault) => {
      const error = thrownBy(() => LifecycleModule.with({ activationTimeout: value as never }));
      expect(error).toBeInstanceOf(Fault);
      expect((error as Error).message).toContain(
        `LifecycleModule.with() activationTimeout was given ${shown}.`,
      );
    });

    test('undefined is as if it was not given', async () => {
      const container = createWith({ activationTimeout: undefined as never, hookTimeout: 20 });
      void activate(container, 'db');
      expect(activationsOf(await reportOf(container.dispose()))).toHaveLength(1);
    });
  });
});

describe('P24 Every ordinary end', () => {
  /** How long a process may take to start, and to end, on a machine that is busy. */
  const patience = 10_000;

  test('an activation that hangs does not take the time of the other hooks, and is named', async () => {
    const program = await begin('hung-activation', ['hangs']);
    await soon(program.said('ready'), 'The start of the program', patience);
    program.child.kill('SIGTERM');
    const { code, stdout, stderr } = await soon(program.ended, 'The program', patience);
    expect(stdout).toBe('ready\nflushed\n');
    expect(stderr).toMatch(/^inversify-onexit: .*\bdb\b.* timed out/m);
    expect(code).toBe(1);
  });

  test('what waits for an activation says so when it takes long', async () => {
    const program = await begin('hung-activation', ['waits']);
    await soon(program.said('ready'), 'The start of the program', patience);
    program.child.kill('SIGTERM');
    await soon(program.said('db'), 'The line that names it', patience);
    program.child.kill('SIGUSR2');
    const { signal, stdout, stderr } = await soon(program.ended, 'The program', patience);
    expect(stdout).toBe('ready\nflushed\n');
    expect(stderr).toMatch(/^inversify-onexit: .*\bdb\b/m);
    expect(signal).toBe('SIGTERM');
  });
});
