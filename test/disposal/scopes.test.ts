/** Scopes: child containers for one unit of work each, which whoever opened them closes. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Container, inject, injectable, type Newable } from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  Lifecycle,
  LifecycleModule,
  OnExit,
  type ExitContext,
  type ExitReport,
} from 'inversify-onexit';

import type { LinkObserver } from '../../src/disposal/exit-link.js';
import { ContainerLifecycle } from '../../src/inversify/container-lifecycle.js';
import { closing, closingAsync, made, thrownBy } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { Core, never, outcomes, reportOf } from '../support/core.js';
import { createGate, type Gate } from '../support/gate.js';
import { soon } from '../support/limits.js';
import { log } from '../support/services.js';

let core: Core;
let warnings: jest.SpiedFunction<typeof process.emitWarning>;

beforeEach(() => {
  log.length = 0;
  core = new Core();
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

afterEach(() => {
  warnings.mockRestore();
});

function logs(owner: Core, name: string, hook: () => unknown = () => undefined): object {
  return owner.hook(name, () => {
    log.push(name);
    return hook();
  });
}

function logsDrain(owner: Core, name: string, hook: () => unknown = () => undefined): void {
  owner.owns([
    {
      name,
      phase: 'drain',
      call: () => {
        log.push(name);
        return hook();
      },
    },
  ]);
}

/** Logs what its hook is told. */
function logsContext(owner: Core, name: string): void {
  owner.hook(name, ({ completed, reason }) =>
    log.push(`${name} ${String(completed)} ${String(reason)}`),
  );
}

/** What has settled by now has been handled. */
async function turn(): Promise<void> {
  await core.clock.pass(0);
}

/** A class whose hook logs whether the work has completed, and why it is disposed. */
@injectable()
class Unit {
  @OnExit()
  end({ completed, reason }: ExitContext): void {
    log.push(`${completed ? 'commit' : 'roll back'} ${String(reason)}`);
  }
}

function bindUnit(): Container {
  const container = createContainer();
  container.bind(Unit).toSelf().inRequestScope();
  return container;
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return soon(
    promise.then(
      () => 'no error',
      (error: unknown) => error,
    ),
    'The promise',
  );
}

describe('P30 Phases', () => {
  describe('scopes that run are awaited', () => {
    test('after the drain hooks, and before any exit', async () => {
      logs(core, 'pool');
      logsDrain(core, 'server');
      const child = core.child();
      logs(child, 'child');
      const scope = core.scope();
      logs(scope, 'unit');
      const disposal = core.dispose();
      await turn();
      expect(log).toEqual(['server']);
      expect(core.disposer.state).toBe('disposing');
      expect([child.disposer.state, scope.disposer.state]).toEqual(['active', 'active']);
      await scope.dispose();
      await disposal;
      expect(log).toEqual(['server', 'unit', 'child', 'pool']);
    });

    test('also if nothing else is to be done', async () => {
      const scope = core.scope();
      const disposal = core.dispose();
      await turn();
      expect(core.disposer.state).toBe('disposing');
      await scope.dispose();
      expect((await disposal).exits).toEqual([]);
    });

    test('and opened in the drain phase', async () => {
      logs(core, 'pool');
      let scope: Core | undefined;
      logsDrain(core, 'server', () => {
        scope = core.scope();
        logs(scope, 'unit');
      });
      const disposal = core.dispose();
      await turn();
      expect(log).toEqual(['server']);
      await scope?.dispose();
      await disposal;
      expect(log).toEqual(['server', 'unit', 'pool']);
    });

    test('before each exit, those that run at that moment, and not those opened meanwhile', async () => {
      const closed = createGate();
      let first: Core | undefined;
      logs(core, 'pool');
      logs(core, 'server', async () => {
        first = core.scope();
        logs(first, 'first');
        await closed.passed;
      });
      const disposal = core.dispose();
      await turn();
      closed.open();
      await turn();
      expect(log).toEqual(['server']);
      const second = core.scope();
      logs(second, 'second');
      await first?.dispose();
      await turn();
      expect(log).toEqual(['server', 'first', 'pool']);
      await second.dispose();
      await disposal;
      expect(log).toEqual(['server', 'first', 'pool', 'second']);
    });

    test('not those opened meanwhile, also if what is next has drained and has nothing left', async () => {
      logs(core, 'pool');
      logsDrain(core, 'server');
      const first = core.scope();
      const disposal = core.dispose();
      await turn();
      const second = core.scope();
      await first.dispose();
      await turn();
      expect(log).toEqual(['server', 'pool']);
      await second.dispose();
      await disposal;
    });

    test('before each child that exits, too', async () => {
      let scope: Core | undefined;
      const older = core.child();
      logs(older, 'older');
      const younger = core.child();
      logs(younger, 'younger', () => {
        scope = core.scope();
        logs(scope, 'unit');
      });
      const disposal = core.dispose();
      await turn();
      expect(log).toEqual(['younger']);
      await scope?.dispose();
      await disposal;
      expect(log).toEqual(['younger', 'unit', 'older']);
    });

    test('of a child, before its exits', async () => {
      const child = core.child();
      logs(child, 'child');
      const scope = child.scope();
      const disposal = core.dispose();
      await turn();
      expect(log).toEqual([]);
      await scope.dispose();
      await disposal;
      expect(log).toEqual(['child']);
    });

    test('though others are opened without end', async () => {
      let scope = core.scope();
      const next = (): void => {
        const last = scope;
        scope = core.scope();
        logs(scope, 'unit');
        void last.dispose();
      };
      logs(core, 'pool');
      logs(core, 'server');
      const disposal = core.dispose();
      for (let count = 0; count < 6; count++) {
        await turn();
        if (!core.disposer.isClosed) {
          next();
        }
      }
      await disposal;
      expect(log.filter((name) => name !== 'unit')).toEqual(['server', 'pool']);
      expect(scope.disposer.state).toBe('disposed');
    });
  });

  test('drain hooks of a running scope, and within it, run when it closes', async () => {
    logs(core, 'pool');
    logsDrain(core, 'server');
    const scope = core.scope();
    logsDrain(scope, 'scope drains');
    logs(scope, 'scope');
    const within = scope.child();
    logsDrain(within, 'child of the scope drains');
    const disposal = core.dispose();
    await turn();
    expect(log).toEqual(['server']);
    await scope.dispose();
    await disposal;
    expect(log).toEqual(['server', 'child of the scope drains', 'scope drains', 'scope', 'pool']);
  });

  test('signals abort in scopes, within them, and in those that are opened later', async () => {
    const scope = core.scope();
    const within = scope.child();
    const signals = [scope, within].map(({ disposer }) => disposer.signal);
    const disposal = core.dispose({ reason: 'SIGTERM' });
    expect(signals.map(({ aborted, reason }) => [aborted, reason as unknown])).toEqual([
      [true, 'SIGTERM'],
      [true, 'SIGTERM'],
    ]);
    const late = core.scope();
    expect(late.disposer.signal.aborted).toBe(true);
    await Promise.all([scope.dispose(), late.dispose(), disposal]);
  });
});

describe('P31 Scopes', () => {
  describe('createScope()', () => {
    test('gives a child container with the module, of which its Lifecycle is the own one', async () => {
      const container = createContainer();
      made(container, closing('Pool'));
      const lifecycle = container.get(Lifecycle);
      const scope = lifecycle.createScope();
      expect(scope.get('Pool')).toBe(container.get('Pool'));
      expect(scope.get(Lifecycle)).not.toBe(lifecycle);
      made(scope, closing('Unit'));
      await scope.dispose();
      expect(log).toEqual(['Unit']);
      expect(container.get(Lifecycle).state).toBe('active');
      await container.dispose();
      expect(log).toEqual(['Unit', 'Pool']);
    });

    test('takes the options of a container', () => {
      const lifecycle = createContainer().get(Lifecycle);
      const scope = lifecycle.createScope({ defaultScope: 'Singleton' });
      scope.bind(Unit).toSelf();
      expect(scope.get(Unit)).toBe(scope.get(Unit));
    });

    test('has the options of the module around it', async () => {
      const container = new Container();
      container.register(LifecycleModule.with({ hookTimeout: 1 }));
      const scope = container.get(Lifecycle).createScope();
      scope.get(Lifecycle).onExit(never, { name: 'hangs' });
      const error = await errorOf(scope.dispose());
      expect(DisposeError.is(error) && outcomes(error.report)).toEqual(['hangs timed-out']);
    });

    test("makes a container of Inversify's own class", () => {
      class Special extends Container {
        constructor(readonly name: string) {
          super();
        }

        override register(...parameters: Parameters<Container['register']>): void {
          super.register(...parameters);
        }
      }
      const container = new Special('special');
      container.register(LifecycleModule);
      const scope = container.get(Lifecycle).createScope();
      expect(scope).toBeInstanceOf(Container);
      expect(scope).not.toBeInstanceOf(Special);
    });

    test('refuses options that are no object, and another parent', () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      expect(thrownBy(() => lifecycle.createScope(5 as never))).toEqual(
        new TypeError(
          "createScope() was given 5 where it takes an object: the options of Inversify's Container.",
        ),
      );
      expect(thrownBy(() => lifecycle.createScope({ parent: new Container() }))).toEqual(
        new TypeError(
          'createScope() was given another parent. The parent of a scope is the container of the ' +
            'Lifecycle that opens it: leave the option out, or call createScope() of the other container.',
        ),
      );
      expect(lifecycle.createScope({ parent: container }).get(Lifecycle).state).toBe('active');
    });

    test('says of what was done by hand whether it has completed', async () => {
      const container = bindUnit();
      const lifecycle = container.get(Lifecycle);
      for (const options of [{ completed: true }, { completed: false, reason: 'why' }, {}]) {
        const scope = lifecycle.createScope();
        scope.get(Unit);
        const disposal = scope.dispose(options);
        void scope.dispose({ completed: true });
        await disposal;
      }
      expect(log).toEqual(['commit undefined', 'roll back why', 'roll back undefined']);
    });

    test('completed takes true or false, and nothing has happened if it was given something else', async () => {
      const container = bindUnit();
      const error = await errorOf(container.dispose({ completed: 'yes' as never }));
      expect(error).toEqual(
        new TypeError(
          "dispose() completed was given 'yes'. It takes true, if the unit of work of a scope has done " +
            'what it was for, or false.',
        ),
      );
      expect(container.get(Lifecycle).state).toBe('active');
    });

    test('a hook that no disposal runs has not completed anything', async () => {
      const container = bindUnit();
      await container.get(Lifecycle).release(container.get(Unit));
      container.get(Unit);
      await container.dispose();
      expect(log).toEqual(['roll back undefined', 'roll back undefined']);
    });
  });

  describe('withScope()', () => {
    test('opens a scope, works at once, disposes it, and gives the result', async () => {
      const container = bindUnit();
      const gate = createGate();
      let scope: Container | undefined;
      const done = container.get(Lifecycle).withScope(async (opened) => {
        scope = opened;
        opened.get(Unit);
        log.push('works');
        await gate.passed;
        return 'result';
      });
      expect(log).toEqual(['works']);
      gate.open();
      expect(await done).toBe('result');
      expect(log).toEqual(['works', 'commit undefined']);
      expect(scope?.isCurrentBound(Lifecycle)).toBe(true);
      expect(() => scope?.get(Unit)).toThrow(ContainerDisposedError);
    });

    test('takes work that is synchronous, and options', async () => {
      const lifecycle = createContainer().get(Lifecycle);
      const work = (scope: Container): boolean => {
        scope.bind(Unit).toSelf();
        return scope.get(Unit) === scope.get(Unit);
      };
      expect(await lifecycle.withScope(work, { defaultScope: 'Singleton' })).toBe(true);
    });

    test('rejects with what the work has thrown, which hooks see as the reason', async () => {
      const lifecycle = bindUnit().get(Lifecycle);
      const failure = new Error('failure');
      for (const fail of [
        () => {
          throw failure;
        },
        async () => Promise.reject(failure),
      ]) {
        const done = lifecycle.withScope((scope) => {
          scope.get(Unit);
          return fail();
        });
        expect(await errorOf(done)).toBe(failure);
      }
      expect(log).toEqual(['roll back Error: failure', 'roll back Error: failure']);
    });

    test('rejects with the DisposeError of a disposal that failed', async () => {
      const lifecycle = createContainer().get(Lifecycle);
      const done = lifecycle.withScope((scope) => {
        made(
          scope,
          closingAsync('Unit', async () => Promise.reject(new Error('no commit'))),
        );
      });
      const error = await errorOf(done);
      expect(DisposeError.is(error) && outcomes(error.report)).toEqual(['close failed']);
    });

    describe('rejects with both, the later one first', () => {
      const platform = globalThis as { SuppressedError?: unknown };
      const native = platform.SuppressedError;

      class Platforms extends Error {
        constructor(
          readonly error: unknown,
          readonly suppressed: unknown,
          message: string,
        ) {
          super(message);
        }
      }

      afterEach(() => {
        platform.SuppressedError = native;
        if (native === undefined) {
          delete platform.SuppressedError;
        }
      });

      const failing = async (): Promise<unknown> =>
        errorOf(
          createContainer()
            .get(Lifecycle)
            .withScope((scope) => {
              made(
                scope,
                closing('Unit', () => {
                  throw new Error('no rollback');
                }),
              );
              throw new Error('failure');
            }),
        );

      const message =
        'The work in a scope failed, and so did the disposal of the scope.\n' +
        '  - work (suppressed): Error: failure\n' +
        '  - disposal (error): DisposeError: 1 of 1 exit hooks failed; all were run:';

      test('in a class of the same name and shape where the platform has none', async () => {
        delete platform.SuppressedError;
        const error = (await failing()) as Platforms;
        expect(error).toBeInstanceOf(Error);
        expect([error.name, error.message]).toEqual(['SuppressedError', message]);
        expect(DisposeError.is(error.error)).toBe(true);
        expect(error.suppressed).toEqual(new Error('failure'));
        expect(Object.keys(error)).toEqual([]);
        expect(String(error)).toMatch(/^SuppressedError: The work/);
      });

      test("in the platform's", async () => {
        platform.SuppressedError = Platforms;
        const error = (await failing()) as Platforms;
        expect(error).toBeInstanceOf(Platforms);
        expect(error.message).toBe(message);
        expect(DisposeError.is(error.error)).toBe(true);
        expect(error.suppressed).toEqual(new Error('failure'));
      });
    });

    describe('never gives the result of work whose scope was disposed before it returned', () => {
      test('but a ContainerDisposedError', async () => {
        const container = bindUnit();
        const done = container.get(Lifecycle).withScope(async (scope) => {
          scope.get(Unit);
          await scope.dispose();
          return 'result';
        });
        const error = await errorOf(done);
        expect(error).toBeInstanceOf(ContainerDisposedError);
        expect(error).toMatchObject({
          service: 'scope',
          message:
            'Cannot complete the work in a scope: the scope was disposed before the work returned, so ' +
            'its result is void. Most likely the disposal of a container around it had no time left: ' +
            'give that more time, or have the work stop once Lifecycle.signal has aborted. Do not ' +
            'dispose the scope within the work.',
        });
        expect(log).toEqual(['roll back undefined']);
      });

      test('or the DisposeError of that disposal, which it awaits', async () => {
        const gate = createGate();
        const lifecycle = createContainer().get(Lifecycle);
        const done = lifecycle.withScope((scope) => {
          made(
            scope,
            closingAsync('Unit', async () => gate.passed),
          );
          void scope.dispose().catch(() => undefined);
          return 'result';
        });
        gate.break(new Error('no rollback'));
        expect(DisposeError.is(await errorOf(done))).toBe(true);
      });

      test('and what it has thrown, if it has', async () => {
        const lifecycle = createContainer().get(Lifecycle);
        const failure = new Error('failure');
        const done = lifecycle.withScope(async (scope) => {
          await scope.dispose();
          throw failure;
        });
        expect(await errorOf(done)).toBe(failure);
      });
    });

    test('refuses what is no function, and calls nothing', async () => {
      const lifecycle = createContainer().get(Lifecycle);
      expect(await errorOf(lifecycle.withScope(5 as never))).toEqual(
        new TypeError(
          'withScope() was given number where it takes a function to do the work in the scope. Pass the ' +
            'function itself, not the result of calling it.',
        ),
      );
      const work = jest.fn();
      expect(await errorOf(lifecycle.withScope(work, 'options' as never))).toBeInstanceOf(
        TypeError,
      );
      expect(work).not.toHaveBeenCalled();
    });
  });

  describe('opened while the container is being disposed', () => {
    test('it works with what is still open, by class and by withScope()', async () => {
      const container = bindUnit();
      made(container, closing('Pool'));
      const lifecycle = container.get(Lifecycle);
      lifecycle.onExit(
        async () => {
          await lifecycle.withScope((scope) => {
            scope.get('Pool');
            scope.get(Unit);
          });
          const scope = lifecycle.createScope();
          scope.get(Unit);
          await scope.dispose({ completed: true });
        },
        { name: 'server' },
      );
      await soon(container.dispose(), 'The disposal');
      expect(log).toEqual(['commit undefined', 'commit undefined', 'Pool']);
    });

    test('once it is disposed it is refused', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      await container.dispose();
      const refusal = new ContainerDisposedError('open a scope', 'scope');
      expect(thrownBy(() => lifecycle.createScope())).toEqual(refusal);
      const work = jest.fn();
      expect(await errorOf(lifecycle.withScope(work))).toEqual(refusal);
      expect(work).not.toHaveBeenCalled();
    });

    test('once its time is spent, too', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      let refused: unknown;
      lifecycle.onExit(() => {
        refused = thrownBy(() => lifecycle.createScope());
      });
      lifecycle.onExit(never, { name: 'hangs' });
      await errorOf(container.dispose({ signal: AbortSignal.abort() }));
      expect(ContainerDisposedError.is(refused)).toBe(true);
      expect(String(refused)).toMatch('Cannot open a scope: the time of the container');
    });
  });

  describe('when the time of the disposal is spent', () => {
    test('it disposes them as children are, youngest first, and by then', async () => {
      logs(core, 'pool');
      const [first, child, last] = [core.scope(), core.child(), core.scope()];
      for (const [name, container] of Object.entries({ first, child, last })) {
        logsContext(container, name);
      }
      const disposal = core.dispose({ timeout: 100, reason: 'end', completed: true });
      await core.clock.pass(99);
      expect(log).toEqual([]);
      await core.clock.pass(1);
      expect(log).toEqual(['last false end', 'child true end', 'first false end', 'pool']);
      const report = await reportOf(disposal);
      expect(outcomes(report)).toEqual(['last done', 'child done', 'first done', 'pool done']);
      expect(core.clock.pending).toBe(0);
      expect(first.disposer.state).toBe('disposed');
    });

    test('in the drain phase, or by a hook that runs while they do', async () => {
      for (const phase of ['drain', 'exit'] as const) {
        const root = new Core();
        log.length = 0;
        let scope: Core | undefined;
        logs(root, 'pool');
        root.owns([
          {
            name: 'server',
            phase,
            call: async () => {
              scope = root.scope();
              logs(scope, 'unit');
              return never();
            },
          },
        ]);
        const disposal = root.dispose({ timeout: 100 });
        await root.clock.pass(100);
        expect(log).toEqual(['unit', 'pool']);
        expect(outcomes(await reportOf(disposal))).toEqual([
          'server timed-out',
          'unit done',
          'pool done',
        ]);
      }
    });

    test('between the children, without a turn for anything else', async () => {
      const abort = new AbortController();
      logs(core, 'pool');
      logs(core.child(), 'older');
      let scope: Core | undefined;
      logs(core.child(), 'younger', () => {
        scope = core.scope();
        logs(scope, 'unit');
        abort.abort();
      });
      const disposal = core.dispose({ signal: abort.signal });
      await turn();
      expect(log).toEqual(['younger', 'unit', 'older', 'pool']);
      await disposal;
    });

    test('also those whose disposal is in flight, and their children', async () => {
      logs(core, 'pool');
      const scope = core.scope();
      logs(scope, 'unit');
      logs(scope, 'hangs', never);
      logs(scope.child(), 'child');
      const nested = scope.scope();
      logs(nested, 'nested');
      const closing = scope.dispose({ completed: true });
      await turn();
      const disposal = core.dispose({ timeout: 100 });
      await core.clock.pass(100);
      expect(log).toEqual(['nested', 'child', 'hangs', 'unit', 'pool']);
      expect(outcomes(await reportOf(closing))).toContain('hangs not-awaited');
      expect(outcomes(await reportOf(disposal))).toContain('hangs not-awaited');
      expect(core.clock.pending).toBe(0);
    });

    test('work that awaits the disposal of its parent has only that to end it', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const work = async (): Promise<ExitReport> => lifecycle.dispose({ timeout: 1 });
      const error = await errorOf(lifecycle.withScope(work));
      expect(ContainerDisposedError.is(error)).toBe(true);
    });
  });

  describe('a synchronous disposal', () => {
    test('cannot await them, and disposes them as children are', () => {
      logs(core, 'pool');
      const scope = core.scope();
      logsContext(scope, 'unit');
      logsDrain(core, 'server', () => {
        logs(core.scope(), 'late');
      });
      core.disposer.disposeNow();
      expect(log).toEqual(['server', 'late', 'unit false undefined', 'pool']);
      expect(core.disposer.state).toBe('disposed');
    });

    test('refuses before anything is run if a hook of one is an async function', () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const scope = lifecycle.createScope();
      made(scope, closingAsync('Unit'));
      const error = thrownBy(() => {
        container[Symbol.dispose]();
      });
      expect(String(error)).toMatch('Unit.close is an async function');
      expect([lifecycle.state, scope.get(Lifecycle).state]).toEqual(['active', 'active']);
    });

    test('throws while one is being closed', async () => {
      const scope = core.scope();
      const closed = scope.dispose();
      expect(() => {
        core.disposer.disposeNow();
      }).toThrow('A child of the container is being disposed already');
      await closed;
    });
  });

  test('the process that exits disposes them, within whatever runs', async () => {
    logs(core, 'pool');
    const scope = core.scope();
    logs(scope, 'open');
    const closing = core.scope();
    logs(closing, 'rest');
    logs(closing, 'exits', () => {
      core.disposer.leave('exit', new Error('The process exits'));
    });
    const closed = closing.dispose();
    await turn();
    expect(log).toEqual(['exits', 'rest', 'open', 'pool']);
    await reportOf(closed);
  });

  describe('what the disposal of the parent reports', () => {
    test('those that close meanwhile, in flight or not, and what has waited for them', async () => {
      const gate = createGate();
      logs(core, 'pool');
      const [closing, open] = [core.scope(), core.scope()];
      logs(closing, 'closing', async () => gate.passed);
      logs(open, 'open');
      void closing.dispose({ reason: 'closed' });
      await turn();
      const disposal = core.dispose({ reason: 'end' });
      await turn();
      await open.dispose();
      gate.open();
      const { exits, reason } = await disposal;
      expect(reason).toBe('end');
      expect(exits.map(({ hook, container, after }) => [hook, container, after])).toEqual([
        ['closing', 1, undefined],
        ['open', 2, undefined],
        ['pool', 0, 0],
      ]);
    });

    test('those that end in the drain phase', async () => {
      const [drained, closed] = [createGate(), createGate()];
      logsDrain(core, 'server', async () => drained.passed);
      const scope = core.scope();
      logs(scope, 'unit', async () => closed.passed);
      const closing = scope.dispose();
      await turn();
      const disposal = core.dispose();
      await turn();
      closed.open();
      await closing;
      drained.open();
      expect(outcomes(await disposal)).toEqual(['unit done', 'server done']);
    });

    test('their failures', async () => {
      const scope = core.scope();
      logs(scope, 'unit', () => {
        throw new Error('no commit');
      });
      const disposal = core.dispose();
      await expect(scope.dispose()).rejects.toThrow('no commit');
      await expect(disposal).rejects.toThrow('no commit');
    });

    test('what a child of a scope does by itself is not part of it, and does not close the scope', async () => {
      const scope = core.scope();
      const child = scope.child();
      logs(child, 'child');
      const disposal = core.dispose();
      await turn();
      await child.dispose();
      expect(scope.disposer.state).toBe('active');
      await scope.dispose();
      expect((await disposal).exits).toEqual([]);
      expect(log).toEqual(['child']);
    });

    test('a scope of a child that is closing already is, though the child is disposed later', async () => {
      const closed = createGate();
      const child = core.child();
      logsDrain(core, 'server', async () => closed.passed);
      const scope = child.scope();
      logs(scope, 'unit', async () => closed.passed);
      const closing = scope.dispose();
      await turn();
      const disposal = core.dispose();
      closed.open();
      await closing;
      expect(outcomes(await disposal)).toEqual(['unit done', 'server done']);
    });

    test('a scope within one that runs is not, and does not close that', async () => {
      const outer = core.scope();
      const inner = outer.scope();
      logs(inner, 'inner');
      const closing = inner.dispose();
      const disposal = core.dispose();
      await closing;
      expect(outer.disposer.state).toBe('active');
      await outer.dispose();
      expect(outcomes(await disposal)).toEqual([]);
    });

    test('a scope of a child, before that is disposed itself, is', async () => {
      const scope = core.child().scope();
      logs(scope, 'unit');
      const disposal = core.dispose();
      await scope.dispose();
      expect(outcomes(await disposal)).toEqual(['unit done']);
    });
  });

  describe('nested', () => {
    test('each waits for those within it', async () => {
      const outer = core.scope();
      const inner = outer.scope();
      for (const [name, container] of Object.entries({ core, outer, inner })) {
        logsContext(container, name);
      }
      const disposals = [core.dispose(), outer.dispose({ completed: true })];
      await turn();
      expect(log).toEqual([]);
      disposals.push(inner.dispose());
      await Promise.all(disposals);
      expect(log).toEqual([
        'inner false undefined',
        'outer true undefined',
        'core false undefined',
      ]);
    });

    test('containers within a scope complete with it; a scope that it does not await does not', async () => {
      const scope = core.scope();
      logsContext(scope.child(), 'child');
      logsContext(scope.child().child(), 'grandchild');
      await scope.dispose({ completed: true });
      expect(log.splice(0)).toEqual(['grandchild true undefined', 'child true undefined']);

      const hurried = core.scope();
      const inner = hurried.scope();
      logsContext(inner, 'inner');
      logsContext(inner.child(), 'within');
      const disposal = hurried.dispose({ completed: true, timeout: 10 });
      await core.clock.pass(10);
      await disposal;
      expect(log).toEqual(['within false undefined', 'inner false undefined']);
    });
  });

  describe('when everything else has exited', () => {
    test('those that were opened during the last wait are disposed, and no others opened', async () => {
      const first = core.scope();
      const disposal = core.dispose();
      await turn();
      const second = core.scope();
      const gate = createGate();
      logs(second, 'second', async () => gate.passed);
      await first.dispose();
      await turn();
      expect(log).toEqual(['second']);
      expect(core.disposer.isClosed).toBe(true);
      gate.open();
      expect(outcomes(await disposal)).toEqual(['second done']);
      expect(second.disposer.state).toBe('disposed');
    });
  });

  describe('a disposal that waits for long', () => {
    const codes = (): unknown[] => warnings.mock.calls.map(([, options]) => options);
    const code = { type: 'LifecycleWarning', code: 'INVERSIFY_ONEXIT_SCOPES' };

    test('warns once after 5 s, with the number of scopes', async () => {
      const scopes = [core.scope(), core.scope(), core.scope()];
      logs(core, 'pool', () => {
        scopes.push(core.scope());
      });
      logs(core, 'server');
      const disposal = core.dispose();
      await core.clock.pass(1_000);
      await scopes.shift()?.dispose();
      await core.clock.pass(3_999);
      expect(warnings).not.toHaveBeenCalled();
      await core.clock.pass(1);
      expect(codes()).toEqual([code]);
      expect(warnings.mock.calls[0]?.[0]).toBe(
        'A disposal has waited for 2 scopes for 5 s, and waits on: until each is closed, or its own ' +
          'time limit. A scope that nobody closes, and work that awaits the disposal of the container ' +
          'around it, hold it up for ever. Use withScope(), or dispose what createScope() returns in ' +
          'every case; give the disposal a timeout.',
      );
      await Promise.all(scopes.splice(0).map(async (scope) => scope.dispose()));
      await turn();
      expect(log).toEqual(['server', 'pool']);
      await core.clock.pass(60_000);
      await scopes.pop()?.dispose();
      await disposal;
      expect(warnings).toHaveBeenCalledTimes(1);
    });

    test('of one scope, in the singular; and leaves no timer behind', async () => {
      const scope = core.scope();
      const disposal = core.dispose();
      await core.clock.pass(5_000);
      expect(String(warnings.mock.calls[0]?.[0])).toMatch(
        /^A disposal has waited for 1 scope for 5 s/,
      );
      await scope.dispose();
      await disposal;
      const quick = new Core();
      const closed = quick.scope();
      const ended = quick.dispose();
      await quick.clock.pass(4_999);
      await closed.dispose();
      await ended;
      expect(quick.clock.pending).toBe(0);
      expect(warnings).toHaveBeenCalledTimes(1);
    });
  });

  test('its observers hear of its start first, also if that ends the time of what is around it', async () => {
    const abort = new AbortController();
    const child = core.child();
    const scope = child.scope();
    logs(scope, 'unit');
    logsDrain(core, 'server', never);
    const disposal = core.dispose({ signal: abort.signal });
    await turn();
    child.disposer.observers.add({
      disposing: () => {
        abort.abort();
      },
    });
    scope.disposer.observers.add({
      disposing: () => log.push('disposing'),
      started: ({ hook }) => log.push(`started ${hook}`),
      disposed: () => log.push('disposed'),
    });
    await scope.dispose();
    await reportOf(disposal);
    expect(log).toEqual(['server', 'disposing', 'started unit', 'unit', 'disposed']);
  });

  test('its observers hear of its start first, also if that leaves no time to itself', async () => {
    const abort = new AbortController();
    const child = core.child();
    const scope = child.scope();
    logs(scope, 'unit');
    const drained = createGate();
    logsDrain(core, 'server', async () => drained.passed);
    const disposal = core.dispose();
    await turn();
    child.disposer.observers.add({
      disposing: () => {
        void scope.dispose({ signal: abort.signal });
        abort.abort();
      },
    });
    scope.disposer.observers.add({
      disposing: () => log.push('disposing'),
      started: ({ hook }) => log.push(`started ${hook}`),
    });
    await scope.dispose();
    drained.open();
    await disposal;
    expect(log).toEqual(['server', 'disposing', 'started unit', 'unit']);
  });

  describe('what is waited for is named', () => {
    const observed = (owner: Core): (readonly unknown[])[] => {
      const events: (readonly unknown[])[] = [];
      const observer: LinkObserver = {
        waiting: (waited) => {
          events.push(waited);
        },
      };
      lifecycleOf(owner).observe(observer);
      return events;
    };
    const lifecycleOf = ({ disposer }: Core): ContainerLifecycle =>
      new ContainerLifecycle(disposer, () => {
        throw new Error('not opened here');
      });
    const named = { service: 'scope', hook: 'work' };

    test('to those who observe it, again when one has closed, and here what holds a child up', async () => {
      const events = observed(core);
      const child = core.child();
      const scopes = [child.scope(), child.scope()];
      const disposal = core.dispose();
      await turn();
      expect(events.splice(0)).toEqual([[named]]);
      await scopes.pop()?.dispose();
      expect(events.splice(0)).toEqual([[named]]);
      await scopes.pop()?.dispose();
      await disposal;
      expect(events).toEqual([[]]);
    });

    test('by pending(), between drain hooks and exits; not the hooks of the scopes', async () => {
      logs(core, 'pool');
      logsDrain(core, 'server');
      const [scope, other] = [core.scope(), core.scope()];
      logs(scope, 'unit');
      const hook = (name: string): object => ({ service: 'Service', hook: name });
      const { disposer } = core;
      expect(disposer.pending()).toEqual([hook('server'), named, named, hook('pool')]);
      const disposal = core.dispose({ timeout: 100 });
      await turn();
      expect(disposer.pending()).toEqual([named, named, hook('pool')]);
      await other.dispose();
      expect(disposer.pending()).toEqual([named, hook('pool')]);
      let last: unknown;
      logs(scope, 'late', () => {
        last = disposer.pending();
      });
      await core.clock.pass(100);
      await disposal;
      expect(last).toEqual([hook('unit'), hook('pool')]);
    });

    test('an observer may leave the disposal no time when it hears of it', async () => {
      const abort = new AbortController();
      logs(core, 'pool');
      logs(core.scope(), 'unit');
      const events: (readonly unknown[])[] = [];
      lifecycleOf(core).observe({
        waiting: (waited) => {
          events.push(waited);
          abort.abort();
        },
      });
      await core.dispose({ signal: abort.signal });
      expect(log).toEqual(['unit', 'pool']);
      expect(events).toEqual([[named], []]);
    });
  });

  describe('a unit of work while the application is disposed uses nothing that was closed', () => {
    @injectable()
    class Pool {
      isOpen = true;

      query(): void {
        log.push(this.isOpen ? 'query' : 'USED AFTER CLOSE');
      }

      @OnExit()
      close(): void {
        this.isOpen = false;
        log.push('pool closed');
      }
    }

    @injectable()
    class Transaction {
      constructor(@inject(Pool) readonly pool: Pool) {}

      @OnExit()
      async end({ completed }: ExitContext): Promise<void> {
        await setImmediate();
        this.pool.query();
        log.push(completed ? 'commit' : 'roll back');
      }
    }

    /** Accepts requests until it is closed; each of them works in a scope until its gate opens. */
    interface TestServer {
      readonly lifecycle: Lifecycle;
      request(gate: Gate): Promise<string> | undefined;
    }

    function serverClosingIn(phase: 'drain' | 'exit'): Newable<TestServer> {
      @injectable()
      class Server implements TestServer {
        readonly requests: Promise<unknown>[] = [];
        #isOpen = true;

        constructor(
          readonly lifecycle: Lifecycle,
          @inject(Pool) readonly pool: Pool,
        ) {}

        request(gate: Gate): Promise<string> | undefined {
          if (!this.#isOpen) {
            return undefined;
          }
          const answer = this.lifecycle.withScope(async (scope) => {
            const transaction = scope.get(Transaction);
            await gate.passed;
            transaction.pool.query();
            return 'answer';
          });
          this.requests.push(answer.catch(() => undefined));
          return answer;
        }

        @OnExit({ phase })
        async close(): Promise<void> {
          this.#isOpen = false;
          log.push('server stops');
          await Promise.all(this.requests);
        }
      }
      return Server;
    }

    const start = (ServerClass: Newable<TestServer>) => {
      const container = createContainer();
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind(Transaction).toSelf().inRequestScope();
      container.bind(ServerClass).toSelf().inSingletonScope();
      return { container, server: container.get(ServerClass) };
    };

    describe.each([
      ['a server that closes in the drain phase', serverClosingIn('drain')],
      ['a server that depends on what its scopes use', serverClosingIn('exit')],
    ])('%s', (_name, ServerClass) => {
      const ends = [
        [
          'ends',
          (gate: Gate) => {
            gate.open();
          },
          'answer',
          ['query', 'query', 'commit'],
        ],
        [
          'fails',
          (gate: Gate) => {
            gate.break(new Error('failure'));
          },
          new Error('failure'),
          ['query', 'roll back'],
        ],
      ] as const;

      test.each(ends)('work that %s before the disposal', async (_end, end, result, done) => {
        const { container, server } = start(ServerClass);
        const gate = createGate();
        const answer = server.request(gate)?.catch((error: unknown) => error);
        end(gate);
        expect(await answer).toEqual(result);
        await soon(container.dispose(), 'The disposal');
        expect(log).toEqual([...done, 'server stops', 'pool closed']);
        expect(() => server.lifecycle.createScope()).toThrow(ContainerDisposedError);
      });

      test.each(ends)('work that %s during it', async (_end, end, result, done) => {
        const { container, server } = start(ServerClass);
        const gate = createGate();
        const answer = server.request(gate)?.catch((error: unknown) => error);
        const disposal = container.dispose();
        await setImmediate();
        end(gate);
        expect(await answer).toEqual(result);
        await soon(disposal, 'The disposal');
        expect(log.filter((line) => line !== 'server stops')).toEqual([...done, 'pool closed']);
      });

      test.each(ends)(
        'work that %s in the turn in which it begins',
        async (_end, end, result, done) => {
          const { container, server } = start(ServerClass);
          const gate = createGate();
          const answer = server.request(gate)?.catch((error: unknown) => error);
          end(gate);
          const disposal = container.dispose();
          expect(await answer).toEqual(result);
          await soon(disposal, 'The disposal');
          expect(log.filter((line) => line !== 'server stops')).toEqual([...done, 'pool closed']);
        },
      );

      test.each(ends)('work that %s after its time was spent', async (_end, end, result, _done) => {
        const { container, server } = start(ServerClass);
        const gate = createGate();
        const answer = server.request(gate)?.catch((error: unknown) => error);
        const report = await reportOf(container.dispose({ timeout: 1 }));
        // It was told so, and its transaction was started before the pool was closed.
        expect(report.exits.at(-1)).toMatchObject({ service: 'Pool', hook: 'close' });
        end(gate);
        if (result === 'answer') {
          expect(DisposeError.is(await answer)).toBe(true);
        } else {
          expect(await answer).toMatchObject({ suppressed: result });
        }
        // What could not be awaited ends by itself.
        await setImmediate();
      });
    });
  });
});
