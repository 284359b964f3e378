/** The drain phase: what is run before anything exits, while all is still open. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Container, inject, injectable, preDestroy } from 'inversify';
import {
  DisposeError,
  Lifecycle,
  LifecycleModule,
  OnExit,
  type ExitRecord,
  type ExitReport,
  type StartedExit,
} from 'inversify-onexit';

import { closing, made, thrownBy } from '../support/closing.js';
import { createContainer, unbind, unbindAsync } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { busy, never, reportOf, soon } from '../support/limits.js';
import { bindSlowly, log, Pool } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

/** Registers a callback of the drain phase that tells its name, and does what the test says. */
function onDrain(container: Container, name: string, hook: () => unknown = () => undefined): void {
  container.get(Lifecycle).onExit(
    () => {
      log.push(name);
      return hook();
    },
    { name, phase: 'drain' },
  );
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

/** `phase hook outcome`, for each. */
function exitsOf({ exits }: ExitReport): string[] {
  return exits.map(({ phase, hook, outcome }) => `${phase} ${hook} ${outcome}`);
}

@injectable()
class Server {
  constructor(@inject(Pool) readonly pool: Pool) {}

  @OnExit({ phase: 'drain' })
  async drain(): Promise<void> {
    log.push('Server drains');
    await setImmediate();
    log.push('Server has drained');
  }

  @OnExit()
  close(): void {
    log.push('Server');
  }
}

describe('P30 Phases', () => {
  describe('hooks with phase: drain are run before any other', () => {
    test('methods, callbacks, and callbacks of adopted values, in reverse order of activation', async () => {
      const container = createContainer({ defaultScope: 'Singleton' });
      const lifecycle = container.get(Lifecycle);
      container.bind(Pool).toSelf();
      container.bind(Server).toSelf();
      onDrain(container, 'first drain');
      onExit(container, 'first exit');
      container.get(Server);
      lifecycle.adopt({}, () => log.push('adopted'), { phase: 'drain', name: 'adopted' });
      onDrain(container, 'last drain');
      onExit(container, 'last exit');
      const report = await reportOf(container.dispose());
      expect(log).toEqual([
        'last drain',
        'adopted',
        'Server drains',
        'Server has drained',
        'first drain',
        'last exit',
        'Server',
        'Pool',
        'first exit',
      ]);
      expect(exitsOf(report)).toEqual([
        'drain last drain done',
        'drain adopted done',
        'drain drain done',
        'drain first drain done',
        'exit last exit done',
        'exit close done',
        'exit close done',
        'exit first exit done',
      ]);
    });

    test('of dependents before those of their dependencies', async () => {
      const drains = (name: string): new () => object => {
        @injectable()
        class Service {
          @OnExit({ phase: 'drain' })
          drain(): void {
            log.push(name);
          }
        }
        return Service;
      };
      const container = createContainer();
      container.bind('Queue').to(drains('Queue')).inSingletonScope();
      const Consumer = drains('Consumer');
      container
        .bind('Consumer')
        .toResolvedValue((queue: object) => Object.assign(new Consumer(), { queue }), ['Queue'])
        .inSingletonScope();
      container.get('Queue');
      container.get('Consumer');
      await container.dispose();
      expect(log).toEqual(['Consumer', 'Queue']);
    });

    test('of one instance, derived before base, then in reverse order of declaration', async () => {
      class Base {
        @OnExit({ phase: 'drain' })
        base(): void {
          log.push('base drains');
        }

        @OnExit()
        close(): void {
          log.push('base exits');
        }
      }
      @injectable()
      class Derived extends Base {
        @OnExit({ phase: 'drain' })
        first(): void {
          log.push('first drains');
        }

        @OnExit()
        end(): void {
          log.push('derived exits');
        }

        @OnExit({ phase: 'drain' })
        second(): void {
          log.push('second drains');
        }
      }
      const container = createContainer();
      container.bind(Derived).toSelf();
      container.get(Derived);
      await container.dispose();
      expect(log).toEqual([
        'second drains',
        'first drains',
        'base drains',
        'derived exits',
        'base exits',
      ]);
    });

    test('the nearest mark says the phase of an override; without one, it is that of the base', async () => {
      class Base {
        @OnExit({ phase: 'drain' })
        kept(): void {}

        @OnExit({ phase: 'drain' })
        reset(): void {}

        @OnExit()
        changed(): void {}
      }
      @injectable()
      class Derived extends Base {
        override kept(): void {
          super.kept();
        }

        @OnExit()
        override reset(): void {
          super.reset();
        }

        @OnExit({ phase: 'drain' })
        override changed(): void {
          super.changed();
        }
      }
      const container = createContainer();
      container.bind(Derived).toSelf();
      container.get(Derived);
      const report = await reportOf(container.dispose());
      expect(exitsOf(report).sort()).toEqual([
        'drain changed done',
        'drain kept done',
        'exit reset done',
      ]);
    });

    test('one at a time: each has settled before the next one starts', async () => {
      const gate = createGate();
      const container = createContainer();
      onDrain(container, 'second');
      onDrain(container, 'first', () => gate.passed);
      const disposal = container.dispose();
      await setImmediate();
      expect(log).toEqual(['first']);
      gate.open();
      await disposal;
      expect(log).toEqual(['first', 'second']);
    });

    test('for which all has been told to stop: the signal has aborted, here and below', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      const grandchild = createContainer({ parent: child });
      for (const [name, container] of Object.entries({ parent, child, grandchild })) {
        container
          .get(Lifecycle)
          .signal.addEventListener('abort', () => log.push(`${name} aborted`));
        onDrain(container, name);
      }
      await parent.dispose();
      expect(log.slice(0, 3).sort()).toEqual([
        'child aborted',
        'grandchild aborted',
        'parent aborted',
      ]);
      expect(log.slice(3)).toEqual(['grandchild', 'child', 'parent']);
    });

    test('phase: exit is the default, and undefined is as if it was not given', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      lifecycle.onExit(() => undefined, { name: 'two', phase: 'exit' });
      lifecycle.onExit(() => undefined, { name: 'one', phase: undefined as never });
      expect(exitsOf(await container.dispose())).toEqual(['exit one done', 'exit two done']);
    });

    test('a callback that is unregistered does not run', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const callback = (): unknown => log.push('callback');
      lifecycle.onExit(callback, { phase: 'drain' });
      const undo = lifecycle.onExit(callback, { phase: 'drain' });
      onDrain(container, 'first', () => lifecycle.unregister(callback));
      expect(undo()).toBe(true);
      await container.dispose();
      expect(log).toEqual(['first']);
    });

    test('pending() has them first', async () => {
      const container = createContainer({ defaultScope: 'Singleton' });
      container.bind(Pool).toSelf();
      container.bind(Server).toSelf();
      onDrain(container, 'oldest');
      container.get(Server);
      onExit(container, 'youngest');
      const pending = container.get(Lifecycle).pending();
      expect(pending).toEqual([
        { service: 'Server', hook: 'drain' },
        { service: 'callback', hook: 'oldest' },
        { service: 'callback', hook: 'youngest' },
        { service: 'Server', hook: 'close' },
        { service: 'Pool', hook: 'close' },
      ]);
      expect((await container.dispose()).exits).toMatchObject(pending);
    });
  });

  describe('in a tree', () => {
    test('of children first, youngest first, then of the container; before any exit of them', async () => {
      const parent = createContainer();
      const elder = createContainer({ parent });
      const younger = createContainer({ parent });
      const grandchild = createContainer({ parent: younger });
      for (const [name, container] of Object.entries({ parent, elder, younger, grandchild })) {
        onExit(container, `${name} exits`);
        onDrain(container, `${name} drains`, async () => setImmediate());
      }
      const report = await reportOf(parent.dispose());
      const order = ['grandchild', 'younger', 'elder', 'parent'];
      expect(log).toEqual([
        ...order.map((name) => `${name} drains`),
        ...order.map((name) => `${name} exits`),
      ]);
      expect(report.exits.map(({ phase }) => phase)).toEqual([
        ...order.map(() => 'drain'),
        ...order.map(() => 'exit'),
      ]);
      const containers = report.exits.map(({ container }) => container);
      expect(containers.slice(4)).toEqual(containers.slice(0, 4));
      expect(containers[3]).toBe(0);
    });

    test('a child that is disposed alone drains alone', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      onDrain(parent, 'parent');
      onDrain(child, 'child');
      await child.dispose();
      expect(log).toEqual(['child']);
      expect(parent.get(Lifecycle).signal.aborted).toBe(false);
      await parent.dispose();
      expect(log).toEqual(['child', 'parent']);
    });

    test('what a child in flight has drained is not drained again', async () => {
      const gate = createGate();
      const parent = createContainer();
      const child = createContainer({ parent });
      onDrain(parent, 'parent drains');
      onExit(child, 'child exits', () => gate.passed);
      onDrain(child, 'child drains');
      const inFlight = child.dispose();
      await setImmediate();
      const disposal = parent.dispose();
      await setImmediate();
      gate.open();
      await Promise.all([inFlight, disposal]);
      expect(log.filter((each) => each === 'child drains')).toHaveLength(1);
      expect([...log].sort()).toEqual(['child drains', 'child exits', 'parent drains']);
    });

    test('an explicit dispose() of a child is not held up while its parent drains', async () => {
      const [draining, gate] = [createGate(), createGate()];
      const parent = createContainer();
      const child = createContainer({ parent });
      onExit(child, 'child exits');
      onDrain(child, 'child drains');
      onDrain(parent, 'parent drains', async () => {
        draining.open();
        await gate.passed;
        log.push('parent has drained');
      });
      const disposal = parent.dispose();
      await draining.passed;
      await soon(child.dispose(), 'The disposal of the child');
      expect(log).toEqual(['child drains', 'parent drains', 'child exits']);
      gate.open();
      const report = await reportOf(disposal);
      expect(log.at(-1)).toBe('parent has drained');
      expect(report.exits.map(({ hook }) => hook).sort()).toEqual([
        'child drains',
        'child exits',
        'parent drains',
      ]);
    });

    test('a drain hook may await the disposal of a child', async () => {
      const parent = createContainer();
      const child = createContainer({ parent });
      onExit(child, 'child exits');
      onDrain(child, 'child drains');
      onDrain(parent, 'parent drains', async () => {
        await child.dispose();
        log.push('child is disposed');
      });
      onExit(parent, 'parent exits');
      await reportOf(parent.dispose());
      expect(log).toEqual([
        'child drains',
        'parent drains',
        'child exits',
        'child is disposed',
        'parent exits',
      ]);
    });
  });

  describe('while it drains all is open', () => {
    test('what exists is served, and what is activated is exited later', async () => {
      const container = createContainer();
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind('Late').to(closing('Late')).inSingletonScope();
      container.bind('Transient').to(closing('Transient'));
      const pool = container.get(Pool);
      onExit(container, 'exits');
      onDrain(container, 'second drain');
      onDrain(container, 'first drain', async () => {
        expect(container.get(Pool)).toBe(pool);
        container.get('Late');
        await setImmediate();
        container.get('Transient');
      });
      await reportOf(container.dispose());
      expect(log).toEqual(['first drain', 'second drain', 'Transient', 'Late', 'exits', 'Pool']);
    });

    test('an activation that a drain hook starts, and does not await, is awaited before the exits', async () => {
      const gate = createGate();
      const container = createContainer();
      bindSlowly(container, 'slow', gate.passed);
      onExit(container, 'exits');
      let slow: Promise<unknown> | undefined;
      onDrain(container, 'drains', () => {
        slow = container.getAsync('slow');
      });
      const disposal = container.dispose();
      await setImmediate();
      expect(log).toEqual(['drains']);
      gate.open();
      await Promise.all([disposal, slow]);
      expect(log).toEqual(['drains', 'Pool', 'exits']);
    });

    test('a callback that is registered is run in its phase', async () => {
      const container = createContainer();
      onExit(container, 'exits');
      onDrain(container, 'third drain');
      onDrain(container, 'first drain', () => {
        onExit(container, 'late exit');
        onDrain(container, 'second drain');
      });
      const report = await reportOf(container.dispose());
      expect(log).toEqual(['first drain', 'second drain', 'third drain', 'late exit', 'exits']);
      expect(report.exits.map(({ phase }) => phase)).toEqual([
        'drain',
        'drain',
        'drain',
        'exit',
        'exit',
      ]);
    });

    test('one that the last drain hook registers for it is run in it, too', async () => {
      const container = createContainer();
      onExit(container, 'exits');
      onDrain(container, 'last', async () => {
        await setImmediate();
        onDrain(container, 'one more', async () => {
          await setImmediate();
          onDrain(container, 'and another');
        });
      });
      await reportOf(container.dispose());
      expect(log).toEqual(['last', 'one more', 'and another', 'exits']);
    });

    test('what is activated has its own drain hooks run in it', async () => {
      const container = createContainer();
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind(Server).toSelf().inSingletonScope();
      onExit(container, 'exits');
      onDrain(container, 'drains', () => {
        container.get(Server);
      });
      await reportOf(container.dispose());
      expect(log).toEqual([
        'drains',
        'Server drains',
        'Server has drained',
        'Server',
        'Pool',
        'exits',
      ]);
    });

    test('a child that is created drains in it, and is disposed with the others', async () => {
      const parent = createContainer();
      onExit(parent, 'parent exits');
      onDrain(parent, 'last drain');
      onDrain(parent, 'first drain', () => {
        const child = createContainer({ parent });
        onExit(child, 'child exits');
        onDrain(child, 'child drains');
        expect(child.get(Lifecycle).signal.aborted).toBe(true);
      });
      await reportOf(parent.dispose());
      const drained = log.slice(0, 3);
      expect(drained[0]).toBe('first drain');
      expect([...drained].sort()).toEqual(['child drains', 'first drain', 'last drain']);
      expect(log.slice(3)).toEqual(['child exits', 'parent exits']);
    });

    test('a hook for it that is registered when it is over is run next', async () => {
      const container = createContainer();
      onExit(container, 'last exit');
      onExit(container, 'first exit', () => {
        onExit(container, 'late exit');
        onDrain(container, 'late drain');
      });
      onDrain(container, 'drains');
      const report = await reportOf(container.dispose());
      expect(log).toEqual(['drains', 'first exit', 'late drain', 'late exit', 'last exit']);
      expect(report.exits).toHaveLength(5);
    });

    test('so are those of an instance that is activated when it is over, its drain hooks first', async () => {
      const container = createContainer();
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind(Server).toSelf().inSingletonScope();
      onExit(container, 'last exit');
      onExit(container, 'first exit', () => {
        container.get(Server);
      });
      await reportOf(container.dispose());
      expect(log).toEqual([
        'first exit',
        'Server drains',
        'Server has drained',
        'Server',
        'Pool',
        'last exit',
      ]);
    });
  });

  describe('a hook of it that does not end well stops no other', () => {
    test('it fails, or its time passes', async () => {
      const container = new Container();
      container.register(LifecycleModule.with({ hookTimeout: 5 }));
      onExit(container, 'exits');
      onDrain(container, 'last');
      onDrain(container, 'rejects', async () => Promise.reject(new Error('rejected')));
      onDrain(container, 'hangs', never);
      onDrain(container, 'throws', () => {
        throw new Error('thrown');
      });
      const error = await container.dispose().catch((reason: unknown) => reason);
      if (!DisposeError.is(error)) {
        throw error;
      }
      expect(exitsOf(error.report)).toEqual([
        'drain throws failed',
        'drain hangs timed-out',
        'drain rejects failed',
        'drain last done',
        'exit exits done',
      ]);
      expect(error.errors.map(({ hook }) => hook)).toEqual(['throws', 'hangs', 'rejects']);
    });

    test('its own timeout counts', async () => {
      const container = createContainer();
      container.get(Lifecycle).onExit(never, { name: 'hangs', phase: 'drain', timeout: 5 });
      expect(exitsOf(await reportOf(container.dispose()))).toEqual(['drain hangs timed-out']);
    });

    test.each<[string, () => unknown]>([
      ['waits', never],
      [
        'is busy',
        () => {
          busy(20);
        },
      ],
    ])(
      'the time of the disposal is spent while it %s: the rest is started, phase by phase',
      async (_what, hook) => {
        const parent = createContainer();
        const child = createContainer({ parent });
        onExit(parent, 'parent exits');
        onDrain(parent, 'parent drains', never);
        onExit(child, 'child exits', never);
        onDrain(child, 'last drain of the child');
        onDrain(child, 'first drain of the child', hook);
        const report = await reportOf(parent.dispose({ timeout: 5 }));
        expect(log).toEqual([
          'first drain of the child',
          'last drain of the child',
          'parent drains',
          'child exits',
          'parent exits',
        ]);
        expect(exitsOf(report).slice(1)).toEqual([
          'drain last drain of the child done',
          'drain parent drains not-awaited',
          'exit child exits not-awaited',
          'exit parent exits done',
        ]);
      },
    );

    test('with a signal that has aborted nothing is awaited, phase by phase', async () => {
      const container = createContainer();
      onExit(container, 'exits', never);
      onDrain(container, 'drains', never);
      const report = await reportOf(container.dispose({ signal: AbortSignal.abort() }));
      expect(exitsOf(report)).toEqual(['drain drains not-awaited', 'exit exits not-awaited']);
    });
  });

  describe('what is not disposed, but goes, drains first', () => {
    @injectable()
    class Worker {
      @OnExit({ phase: 'drain' })
      async drain(): Promise<void> {
        log.push('drains');
        await setImmediate();
      }

      // Declared later: without phases it would be the first.
      @OnExit()
      close(): void {
        log.push('closes');
      }
    }

    test('release()', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      container.bind(Worker).toSelf();
      const worker = container.get(Worker);
      onDrain(container, 'of another');
      await lifecycle.release(worker);
      expect(log).toEqual(['drains', 'closes']);
      await container.dispose();
      expect(log).toEqual(['drains', 'closes', 'of another']);
    });

    test('release() of an adopted value', async () => {
      const lifecycle = createContainer().get(Lifecycle);
      const worker = lifecycle.adopt(new Worker(), () => log.push('callback drains'), {
        phase: 'drain',
      });
      lifecycle.adopt(worker, () => log.push('callback closes'));
      await lifecycle.release(worker);
      expect(log).toEqual(['callback drains', 'drains', 'callback closes', 'closes']);
    });

    test('unbind()', async () => {
      const container = createContainer();
      container.bind(Worker).toSelf().inSingletonScope();
      container.get(Worker);
      await unbindAsync(container, Worker);
      expect(log).toEqual(['drains', 'closes']);
      await container.dispose();
      expect(log).toEqual(['drains', 'closes']);
    });

    test('a synchronous unbind()', () => {
      @injectable()
      class Quick {
        @OnExit({ phase: 'drain' })
        drain(): void {
          log.push('drains');
        }

        @OnExit()
        close(): void {
          log.push('closes');
        }
      }
      const container = createContainer();
      container.bind(Quick).toSelf().inSingletonScope();
      container.get(Quick);
      unbind(container, Quick);
      expect(log).toEqual(['drains', 'closes']);
    });
  });

  test('a synchronous disposal drains first, children included', () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    onExit(parent, 'parent exits');
    onDrain(parent, 'parent drains');
    onExit(child, 'child exits');
    onDrain(child, 'child drains');
    parent[Symbol.dispose]();
    expect(log).toEqual(['child drains', 'parent drains', 'child exits', 'parent exits']);
  });

  test('a synchronous disposal is refused for an async drain hook', () => {
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.bind(Server).toSelf();
    container.get(Server);
    expect(() => {
      container[Symbol.dispose]();
    }).toThrow('Server.drain is an async function');
    expect(log).toEqual([]);
    expect(container.get(Lifecycle).state).toBe('active');
  });

  test('what is marked for it and with @preDestroy is run once, in it', async () => {
    @injectable()
    class Worker {
      @OnExit({ phase: 'drain' })
      @preDestroy()
      stop(): void {
        log.push('stops');
      }
    }
    const container = createContainer();
    container.bind(Worker).toSelf().inSingletonScope();
    container.get(Worker);
    onExit(container, 'exits');
    const report = await reportOf(container.dispose());
    expect(log).toEqual(['stops', 'exits']);
    expect(exitsOf(report)).toEqual(['drain stop done', 'exit exits done']);
  });

  test("Inversify's own teardown comes after it", async () => {
    @injectable()
    class Worker {
      @OnExit({ phase: 'drain' })
      drain(): void {
        log.push('drains');
      }

      @preDestroy()
      destroy(): void {
        log.push('@preDestroy');
      }

      @OnExit()
      close(): void {
        log.push('closes');
      }
    }
    const container = createContainer();
    onDrain(container, 'older drains');
    container
      .bind(Worker)
      .toSelf()
      .inSingletonScope()
      .onDeactivation(() => {
        log.push('onDeactivation');
      });
    container.get(Worker);
    const report = await reportOf(container.dispose());
    expect(log).toEqual(['drains', 'older drains', '@preDestroy', 'onDeactivation', 'closes']);
    expect(report.exits.map(({ phase }) => phase)).toEqual([
      'drain',
      'drain',
      'exit',
      'exit',
      'exit',
    ]);
  });

  test('dispose() in the synchronous part of a drain hook is refused, and later is the shared promise', async () => {
    const container = createContainer();
    let refusal: Promise<unknown> | undefined;
    let shared: unknown;
    onDrain(container, 'drains', async () => {
      refusal = container.dispose();
      await setImmediate();
      shared = container.dispose();
    });
    const disposal = container.dispose();
    await reportOf(disposal);
    await expect(refusal).rejects.toThrow('would wait for itself');
    expect(shared).toBe(disposal);
  });

  describe('a phase that is none is a TypeError', () => {
    const values: [string, unknown][] = [
      ["'late'", 'late'],
      ["'Drain'", 'Drain'],
      ["''", ''],
      ['null', null],
      ['5', 5],
      ['true', true],
      ['Array', ['drain']],
    ];
    const places: [string, (phase: never) => unknown][] = [
      ['@OnExit()', (phase) => OnExit({ phase })],
      [
        'onExit()',
        (phase) =>
          createContainer()
            .get(Lifecycle)
            .onExit(() => undefined, { phase }),
      ],
      [
        'adopt()',
        (phase) =>
          createContainer()
            .get(Lifecycle)
            .adopt({}, () => undefined, { phase }),
      ],
    ];

    test.each(places)('%s', (option, place) => {
      for (const [shown, value] of values) {
        const error = thrownBy(() => place(value as never));
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toContain(option);
        expect((error as Error).message).toContain(shown);
      }
    });

    test('and nothing is half-registered', () => {
      const lifecycle = createContainer().get(Lifecycle);
      thrownBy(() => lifecycle.onExit(() => undefined, { phase: 'late' as never }));
      thrownBy(() => lifecycle.adopt(new Pool(), () => undefined, { phase: 'late' as never }));
      expect(lifecycle.pending()).toEqual([]);
    });
  });
});

describe('P20 The report', () => {
  @injectable()
  class Connection {
    @OnExit()
    end(): void {}

    @OnExit()
    async flush(): Promise<void> {
      await setImmediate();
    }

    @OnExit({ phase: 'drain' })
    async drain(): Promise<void> {
      await setImmediate();
    }

    @OnExit({ phase: 'drain' })
    stop(): void {}
  }

  function idsOf({ exits }: ExitReport): number[] {
    return exits.map(({ id }) => id);
  }

  test('ids are 0, 1, 2, … in its order', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    for (const container of [parent, child]) {
      container.bind(Connection).toSelf();
      container.get(Connection);
      onDrain(container, 'drains');
      onExit(container, 'exits', () => {
        onExit(container, 'late');
      });
    }
    const report = await reportOf(parent.dispose());
    expect(idsOf(report)).toEqual(Array.from({ length: 14 }, (_, index) => index));
    const own = await child.dispose();
    expect(idsOf(own)).toEqual(Array.from({ length: 7 }, (_, index) => index));
  });

  test('events carry the id and the phase of their records', async () => {
    const container = createContainer();
    const [started, settled]: [StartedExit[], ExitRecord[]] = [[], []];
    container.get(Lifecycle).observe({
      started: (exit) => started.push(exit),
      settled: (exit) => settled.push(exit),
    });
    onExit(container, 'exits', async () => setImmediate());
    onDrain(container, 'drains', async () => setImmediate());
    const { exits } = await container.dispose();
    expect(exits).toMatchObject([
      { id: 0, phase: 'drain' },
      { id: 1, phase: 'exit' },
    ]);
    expect(started).toMatchObject(exits.map(({ id, hook }) => ({ id, hook })));
    expect(settled).toEqual(exits);
  });

  test('a later hook of one instance is after the one before it', async () => {
    const container = createContainer();
    container.bind(Connection).toSelf();
    container.get(Connection);
    const { exits } = await container.dispose();
    expect(exits.map(({ hook, after }) => [hook, after])).toEqual([
      ['stop', undefined],
      ['drain', 0],
      // The first after the phase, which `drain` was the last of.
      ['flush', 1],
      ['end', 2],
    ]);
    expect(exits[0]).not.toHaveProperty('after');
  });

  test('the first exit is after the drain hook that settled last', async () => {
    const container = createContainer();
    onExit(container, 'exits');
    onDrain(container, 'second', async () => setImmediate());
    onDrain(container, 'first', async () => setImmediate());
    const { exits } = await container.dispose();
    expect(exits.map(({ hook, after }) => [hook, after])).toEqual([
      ['first', undefined],
      ['second', undefined],
      ['exits', 1],
    ]);
  });

  test('exits that only wait for their turn are after none', async () => {
    const container = createContainer();
    for (const name of ['C', 'B', 'A']) {
      made(
        container,
        closing(name, async () => setImmediate()),
      );
    }
    const { exits } = await container.dispose();
    expect(exits.map(({ service }) => service)).toEqual(['A', 'B', 'C']);
    for (const exit of exits) {
      expect(exit).not.toHaveProperty('after');
    }
  });

  test('the phase, the id and what an exit was after are in its JSON', async () => {
    const container = createContainer();
    onExit(container, 'exits');
    onDrain(container, 'drains');
    const report = await container.dispose();
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      exits: [
        { id: 0, phase: 'drain' },
        { id: 1, phase: 'exit', after: 0 },
      ],
    });
  });
});
