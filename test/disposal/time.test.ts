import 'reflect-metadata';

import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { inject, injectable, preDestroy, Container } from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  Lifecycle,
  LifecycleModule,
  OnExit,
  type ExitContext,
  type LifecycleOptions,
} from 'inversify-onexit';

import { systemClock } from '../../src/shared/clock.js';
import { runFixture } from '../support/child.js';
import { thrownBy } from '../support/closing.js';
import { createContainer, unbindAsync } from '../support/containers.js';
import { Core, never, outcomes, reportOf } from '../support/core.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

afterEach(() => {
  jest.useRealTimers();
});

function createWith(options: LifecycleOptions, parent?: Container): Container {
  const container = new Container(parent === undefined ? {} : { parent });
  container.register(LifecycleModule.with(options));
  return container;
}

/** A hook that never settles, and logs how its signal aborts. */
function waiting(name: string): (context: ExitContext) => Promise<never> {
  return async ({ signal }) => {
    log.push(`${name} started`);
    signal.addEventListener('abort', () => {
      log.push(`${name}: ${String(signal.reason)}`);
    });
    return never();
  };
}

/** A hook that logs whether its signal has aborted when it starts, and never settles. */
function looking(name: string): (context: ExitContext) => Promise<never> {
  return async ({ signal }) => {
    log.push(`${name} aborted: ${String(signal.aborted)}`);
    return never();
  };
}

describe('P18 time', () => {
  describe('of a hook', () => {
    test('when it has passed, its signal aborts, it is timed-out, and the next one starts', async () => {
      const core = new Core();
      core.hook('next', () => log.push('next'));
      core.hook('slow', waiting('slow'), 50);
      const disposal = core.dispose();
      await core.clock.pass(49);
      expect(log).toEqual(['slow started']);
      await core.clock.pass(1);
      expect(log).toEqual([
        'slow started',
        'slow: TimeoutError: Service.slow was not done within 50 ms',
        'next',
      ]);
      const { exits } = await reportOf(disposal);
      expect(exits).toEqual([
        {
          id: 0,
          service: 'Service',
          hook: 'slow',
          phase: 'exit',
          container: 0,
          startTime: 0,
          duration: 50,
          outcome: 'timed-out',
          error: expect.any(DOMException),
        },
        {
          id: 1,
          service: 'Service',
          hook: 'next',
          phase: 'exit',
          container: 0,
          startTime: 50,
          duration: 0,
          outcome: 'done',
        },
      ]);
      expect(exits[0]?.error).toMatchObject({
        name: 'TimeoutError',
        message: 'Service.slow was not done within 50 ms',
      });
    });

    test('its own goes before hookTimeout, be it less or more', async () => {
      const core = new Core({ hookTimeout: 100 });
      core.hook('unlimited', never, Infinity);
      core.hook('default', never);
      core.hook('more', never, 200);
      core.hook('less', never, 50);
      const disposal = core.dispose();
      await core.clock.pass(10_000);
      void core.dispose({ timeout: 1 });
      await core.clock.pass(1);
      const { exits } = await reportOf(disposal);
      expect(exits.map(({ hook, duration }) => [hook, duration])).toEqual([
        ['less', 50],
        ['more', 200],
        ['default', 100],
        ['unlimited', 9_651],
      ]);
    });

    test('what settles in time is none the worse for having had one', async () => {
      const core = new Core({ timeout: 1_000, hookTimeout: 100 });
      const gates = [createGate(), createGate()] as const;
      core.hook('failing', () => gates[1].passed);
      core.hook('done', () => gates[0].passed);
      const disposal = core.dispose();
      await core.clock.pass(99);
      expect(core.clock.pending).toBe(2);
      gates[0].open();
      await core.clock.pass(99);
      gates[1].break(new Error('in time'));
      expect(outcomes(await reportOf(disposal))).toEqual(['done done', 'failing failed']);
      expect(core.clock.pending).toBe(0);
    });

    test('a synchronous hook never times out, however long it takes', async () => {
      const core = new Core({ hookTimeout: 10 });
      core.hook('long', () => {
        core.clock.block(1_000);
      });
      await expect(core.dispose()).resolves.toMatchObject({
        exits: [{ outcome: 'done', duration: 1_000 }],
      });
    });

    test('how it settles later changes nothing', async () => {
      const core = new Core({ hookTimeout: 10 });
      const gates = [createGate(), createGate()] as const;
      core.hook('resolving', () => gates[0].passed);
      core.hook('rejecting', () => gates[1].passed);
      const disposal = core.dispose();
      await core.clock.pass(20);
      const error = await disposal.catch((reason: unknown) => reason);
      if (!DisposeError.is(error)) {
        throw error;
      }
      const before = JSON.stringify(error.report);
      gates[0].open();
      gates[1].break(new Error('late'));
      await setImmediate();
      expect(JSON.stringify(error.report)).toBe(before);
      expect(outcomes(error.report)).toEqual(['rejecting timed-out', 'resolving timed-out']);
    });

    test('its signal is made when it is first read, and has aborted if that is late', async () => {
      const made = jest.spyOn(globalThis, 'AbortController');
      const contexts: ExitContext[] = [];
      const core = new Core({ hookTimeout: 10 });
      core.hook('slow', async (context) => {
        contexts.push(context);
        return never();
      });
      const disposal = core.dispose();
      await core.clock.pass(10);
      await reportOf(disposal);
      expect(made).not.toHaveBeenCalled();
      made.mockRestore();
      const [context] = contexts;
      expect(context?.signal.reason).toMatchObject({ name: 'TimeoutError' });
      expect(context?.signal.aborted).toBe(true);
      expect(context?.signal).toBe(context?.signal);
    });

    test('the signal of a hook that was done in time does not abort', async () => {
      const contexts: ExitContext[] = [];
      const core = new Core({ timeout: 20, hookTimeout: 10 });
      core.hook('slow', never);
      core.hook('quick', async (context) => contexts.push(context));
      const disposal = core.dispose();
      await core.clock.pass(20);
      await reportOf(disposal);
      expect(contexts[0]?.signal.aborted).toBe(false);
    });

    test('a thenable is asked once, whatever becomes of its time', async () => {
      let asked = 0;
      const query = {
        then: () => {
          asked++;
        },
      };
      const core = new Core({ timeout: 20, hookTimeout: 10 });
      for (const name of ['not awaited', 'out of budget', 'too slow']) {
        core.hook(name, () => query);
      }
      const disposal = core.dispose();
      await core.clock.pass(20);
      expect(outcomes(await reportOf(disposal))).toEqual([
        'too slow timed-out',
        'out of budget timed-out',
        'not awaited not-awaited',
      ]);
      expect(asked).toBe(3);
    });
  });

  describe('of a disposal', () => {
    test('when it is spent, the hook that waits is timed-out; the others are started and not awaited', async () => {
      const core = new Core({ timeout: 1_500 });
      core.hook('last', looking('last'));
      core.hook('throwing', () => {
        log.push('throwing');
        throw new Error('thrown');
      });
      core.hook('sync', ({ signal }) => {
        log.push(`sync aborted: ${String(signal.aborted)}`);
      });
      core.hook('promising', looking('promising'));
      core.hook('slow', waiting('slow'), 5_000);
      core.hook('first', () => log.push('first'));
      const disposal = core.dispose({ reason: 'deploy' });
      await core.clock.pass(1_499);
      expect(log).toEqual(['first', 'slow started']);
      await core.clock.pass(1);
      expect(log).toEqual([
        'first',
        'slow started',
        'slow: TimeoutError: The disposal was not done within 1,500 ms',
        'promising aborted: true',
        'sync aborted: true',
        'throwing',
        'last aborted: true',
      ]);
      const error = await disposal.catch((reason: unknown) => reason);
      if (!DisposeError.is(error)) {
        throw error;
      }
      expect(outcomes(error.report)).toEqual([
        'first done',
        'slow timed-out',
        'promising not-awaited',
        'sync done',
        'throwing failed',
        'last not-awaited',
      ]);
      expect(error.report).toMatchObject({ reason: 'deploy', duration: 1_500 });
      expect(error.message).toBe(
        [
          '4 of 6 exit hooks failed; all were run:',
          '  - Service.slow timed out after 1,500 ms: TimeoutError: The disposal was not done within 1,500 ms',
          '  - Service.promising returned a promise when the time of the disposal had passed: how it ended is lost.',
          '  - Service.throwing failed: Error: thrown',
          '  - Service.last returned a promise when the time of the disposal had passed: how it ended is lost.',
        ].join('\n'),
      );
      expect(error.errors.map(({ outcome }) => outcome)).toEqual([
        'timed-out',
        'not-awaited',
        'failed',
        'not-awaited',
      ]);
      expect(error.errors[0]?.cause).toBe(error.report.exits[1]?.error);
      expect(error.errors[1]).not.toHaveProperty('cause');
      expect(core.clock.pending).toBe(0);
    });

    test('dispose({ timeout }) takes the place of the default of the module', async () => {
      const core = new Core({ timeout: 10 });
      core.hook('slow', never);
      const disposal = core.dispose({ timeout: 100 });
      await core.clock.pass(99);
      expect(core.disposer.state).toBe('disposing');
      await core.clock.pass(1);
      expect(outcomes(await reportOf(disposal))).toEqual(['slow timed-out']);
    });

    test('the hooks that have had their time are those of a hook, until it is spent', async () => {
      const core = new Core({ timeout: 25, hookTimeout: 10 });
      for (const name of ['fourth', 'third', 'second', 'first']) {
        core.hook(name, never);
      }
      const disposal = core.dispose();
      await core.clock.pass(25);
      const { exits } = await reportOf(disposal);
      expect(exits.map(({ outcome, duration }) => [outcome, duration])).toEqual([
        ['timed-out', 10],
        ['timed-out', 10],
        ['timed-out', 5],
        ['not-awaited', 0],
      ]);
      expect(exits.map(({ error }) => (error as Error | undefined)?.message)).toEqual([
        'Service.first was not done within 10 ms',
        'Service.second was not done within 10 ms',
        'The disposal was not done within 25 ms',
        undefined,
      ]);
    });

    test('it passes while hooks are synchronous and no timer can fire', async () => {
      const core = new Core({ timeout: 10 });
      core.hook('next', looking('next'));
      core.owns([
        {
          name: 'blocking',
          call: () => {
            core.clock.block(10);
          },
        },
        { name: 'beside it', call: (_subject, context) => looking('beside it')(context) },
      ]);
      const disposal = core.dispose();
      expect(outcomes(await reportOf(disposal))).toEqual([
        'blocking done',
        'beside it not-awaited',
        'next not-awaited',
      ]);
      expect(log).toEqual(['beside it aborted: true', 'next aborted: true']);
      expect(core.clock.pending).toBe(0);
    });

    test('a signal that aborts spends it, and its reason is what hooks and the report see', async () => {
      const controller = new AbortController();
      const core = new Core();
      core.hook('rest', ({ signal }) => log.push(String(signal.reason)));
      core.hook('slow', waiting('slow'));
      const disposal = core.dispose({ signal: controller.signal });
      await core.clock.pass(1_000);
      controller.abort(new Error('second Ctrl-C'));
      expect(log).toEqual(['slow started', 'slow: Error: second Ctrl-C', 'Error: second Ctrl-C']);
      const error = await disposal.catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        message: [
          '1 of 2 exit hooks failed; all were run:',
          '  - Service.slow timed out after 1,000 ms: Error: second Ctrl-C',
        ].join('\n'),
        errors: [{ cause: new Error('second Ctrl-C') }],
      });
    });

    test('a reason of null is a reason', async () => {
      const controller = new AbortController();
      const core = new Core();
      core.hook('slow', never);
      const disposal = core.dispose({ signal: controller.signal });
      await core.clock.pass(1);
      controller.abort(null);
      await expect(reportOf(disposal)).resolves.toMatchObject({
        exits: [{ outcome: 'timed-out', error: null }],
      });
    });

    test('a signal that has aborted already leaves none', async () => {
      const core = new Core({ timeout: 100 });
      core.hook('last', () => log.push('last'));
      core.hook('first', looking('first'));
      const disposal = core.dispose({ signal: AbortSignal.abort() });
      expect(outcomes(await reportOf(disposal))).toEqual(['first not-awaited', 'last done']);
      expect(log).toEqual(['first aborted: true', 'last']);
      expect(core.clock.pending).toBe(0);
    });

    test('a signal that aborts in a hook waits until that has returned', async () => {
      const controller = new AbortController();
      const core = new Core();
      core.hook('last', looking('last'));
      core.hook('sync', () => {
        log.push('sync');
      });
      core.hook('aborting', async ({ signal }) => {
        controller.abort();
        log.push(`aborting: ${String(signal.aborted)}`);
        await setImmediate();
      });
      const disposal = core.dispose({ signal: controller.signal });
      expect(outcomes(await reportOf(disposal))).toEqual([
        'aborting timed-out',
        'sync done',
        'last not-awaited',
      ]);
      expect(log).toEqual(['aborting: false', 'sync', 'last aborted: true']);
    });

    test('what is started after a synchronous hook has aborted the signal is not awaited', async () => {
      const controller = new AbortController();
      const core = new Core();
      core.hook('last', looking('last'));
      core.hook('aborting', () => {
        controller.abort();
      });
      const disposal = core.dispose({ signal: controller.signal });
      expect(outcomes(await reportOf(disposal))).toEqual(['aborting done', 'last not-awaited']);
      expect(log).toEqual(['last aborted: true']);
    });

    test('a hook that fails in the very moment in which it is spent upsets nothing', async () => {
      for (let turn = 0; turn < 8; turn++) {
        const [gate, controller] = [createGate(), new AbortController()];
        const core = new Core();
        core.hook('last', () => undefined);
        core.hook('failing', () => gate.passed);
        const disposal = core.dispose({ signal: controller.signal });
        await setImmediate();
        gate.break(new Error('failed'));
        for (let waited = 0; waited < turn; waited++) {
          await Promise.resolve();
        }
        controller.abort();
        const { exits } = await reportOf(disposal);
        expect(exits[0]?.outcome).toMatch(/^(failed|timed-out)$/);
        expect(exits[1]?.outcome).toBe('done');
      }
    });

    test('activations in flight are not waited for any longer', async () => {
      const gate = createGate();
      const core = new Core({ timeout: 10, activationTimeout: Infinity });
      core.activating(gate.passed);
      core.hook('pool', () => log.push('pool'));
      const disposal = core.dispose();
      await core.clock.pass(9);
      expect(log).toEqual([]);
      await core.clock.pass(1);
      const report = await reportOf(disposal);
      expect(outcomes(report)).toEqual(['activation timed-out', 'pool done']);
      expect(report.exits[0]?.error).toMatchObject({ name: 'TimeoutError' });
      gate.break(new Error('too late to matter'));
    });

    test('what is being released is started with the rest, before it', async () => {
      const core = new Core({ timeout: 10 });
      core.hook('kept', () => log.push('kept'));
      const released = core.owns([
        { name: 'slow', call: (_subject, context) => waiting('slow')(context) },
        { name: 'rest', call: (_subject, context) => looking('rest')(context) },
      ]);
      const release = core.release(released).catch((error: unknown) => error);
      const disposal = core.dispose();
      await core.clock.pass(10);
      await expect(disposal).resolves.toMatchObject({ exits: [{ hook: 'kept' }] });
      await expect(release).resolves.toMatchObject({
        errors: [{ outcome: 'timed-out' }, { outcome: 'not-awaited' }],
      });
      expect(log).toEqual([
        'slow started',
        'slow: TimeoutError: The disposal was not done within 10 ms',
        'rest aborted: true',
        'kept',
      ]);
    });

    test('no timer and no listener outlives the disposal', async () => {
      const signals = [new AbortController().signal, new AbortController().signal] as const;
      const listeners = (): number[] =>
        signals.map((signal) => getEventListeners(signal, 'abort').length);
      const gate = createGate();
      const core = new Core({ timeout: 1_000, hookTimeout: 100 });
      core.child({ timeout: 500, hookTimeout: 100 }).hook('child', () => gate.passed);
      core.hook('parent', () => gate.passed);
      const disposal = core.dispose({ signal: signals[0] });
      void core.dispose({ signal: signals[0], timeout: 900 });
      void core.dispose({ signal: signals[1] });
      await setImmediate();
      expect(core.clock.pending).toBe(3);
      expect(listeners()).toEqual([1, 1]);
      gate.open();
      await disposal;
      expect(core.clock.pending).toBe(0);
      expect(listeners()).toEqual([0, 0]);
      expect(core.dispose({ signal: signals[0], timeout: 1 })).toBe(disposal);
      expect(core.clock.pending).toBe(0);
      expect(listeners()).toEqual([0, 0]);
    });

    test('nor when it was spent', async () => {
      const { signal } = new AbortController();
      const core = new Core({ timeout: 10, hookTimeout: 5_000 });
      core.hook('slow', never);
      const disposal = core.dispose({ signal });
      await core.clock.pass(10);
      expect(core.clock.pending).toBe(0);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      await reportOf(disposal);
    });
  });

  describe('in a tree', () => {
    test('what a child has of its own limits the child, and the parent goes on awaiting', async () => {
      const parent = new Core({ timeout: 1_000 });
      const gate = createGate();
      parent.hook('parent', () => gate.passed);
      const child = parent.child({ timeout: 10 });
      child.hook('rest', never);
      child.hook('slow', never);
      const disposal = parent.dispose();
      await parent.clock.pass(10);
      expect(child.disposer.state).toBe('disposed');
      expect(parent.disposer.state).toBe('disposing');
      gate.open();
      const error = await disposal.catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        message: [
          '2 of 3 exit hooks failed; all were run:',
          '  - Service.slow timed out after 10 ms: TimeoutError: The disposal was not done within 10 ms',
          '  - Service.rest returned a promise when the time of the disposal had passed: how it ended is lost.',
        ].join('\n'),
      });
      expect(outcomes((error as DisposeError).report)).toEqual([
        'slow timed-out',
        'rest not-awaited',
        'parent done',
      ]);
    });

    test("the parent's is that of its children, at any depth", async () => {
      const parent = new Core({ timeout: 10 });
      parent.hook('parent', looking('parent'));
      parent.child().hook('elder', looking('elder'));
      const younger = parent.child();
      younger.hook('younger', looking('younger'));
      younger.child({ timeout: 500 }).hook('grandchild', waiting('grandchild'));
      const disposal = parent.dispose();
      await parent.clock.pass(10);
      expect(log).toEqual([
        'grandchild started',
        'grandchild: TimeoutError: The disposal was not done within 10 ms',
        'younger aborted: true',
        'elder aborted: true',
        'parent aborted: true',
      ]);
      const report = await reportOf(disposal);
      expect(
        report.exits.map(({ hook, outcome, container }) => [hook, outcome, container]),
      ).toEqual([
        ['grandchild', 'timed-out', 2],
        ['younger', 'not-awaited', 1],
        ['elder', 'not-awaited', 3],
        ['parent', 'not-awaited', 0],
      ]);
      expect(parent.clock.pending).toBe(0);
    });

    test('a child that was disposed by itself, and is in flight, has no more than its parent', async () => {
      const parent = new Core();
      parent.hook('parent', () => log.push('parent'));
      const child = parent.child({ timeout: 1_000 });
      child.hook('rest', looking('rest'));
      child.hook('slow', waiting('slow'));
      const own = reportOf(child.dispose());
      await parent.clock.pass(5);
      const disposal = reportOf(parent.dispose({ timeout: 10 }));
      await parent.clock.pass(10);
      expect(log).toEqual([
        'slow started',
        'slow: TimeoutError: The disposal was not done within 10 ms',
        'rest aborted: true',
        'parent',
      ]);
      expect(outcomes(await own)).toEqual(['slow timed-out', 'rest not-awaited']);
      expect(outcomes(await disposal)).toEqual([
        'slow timed-out',
        'rest not-awaited',
        'parent done',
      ]);
    });

    test.each([
      ['in its first step', false],
      ['in a later one', true],
    ])(
      "a hook of a child that spends its parent's, %s, is still the first",
      async (_step, later) => {
        const controller = new AbortController();
        const parent = new Core();
        parent.hook('parent', () => log.push('parent'));
        const child = parent.child();
        child.hook('last', looking('last'));
        child.hook('sync', ({ signal }) => log.push(`sync aborted: ${String(signal.aborted)}`));
        child.hook('aborting', () => {
          controller.abort();
          log.push('aborting');
        });
        if (later) {
          child.hook('before', async () => setImmediate());
        }
        const disposal = parent.dispose({ signal: controller.signal });
        const report = await reportOf(disposal);
        expect(log).toEqual(['aborting', 'sync aborted: true', 'last aborted: true', 'parent']);
        expect(outcomes(report)).toEqual([
          ...(later ? ['before done'] : []),
          'aborting done',
          'sync done',
          'last not-awaited',
          'parent done',
        ]);
      },
    );

    test("a child's synchronous hooks use up what its parent has", async () => {
      const parent = new Core({ timeout: 10 });
      parent.hook('parent', looking('parent'));
      const child = parent.child();
      child.hook('last', looking('last'));
      child.hook('blocking', () => {
        parent.clock.block(10);
      });
      const disposal = parent.dispose();
      await reportOf(disposal);
      expect(log).toEqual(['last aborted: true', 'parent aborted: true']);
    });

    test('a hook starts when the hooks have run that its start has left no time', async () => {
      const parent = new Core({ timeout: 10 });
      const { clock } = parent;
      const draining = (name: string, call: () => unknown): void => {
        parent.owns([{ name, call, phase: 'drain' }]);
      };
      draining('blocking', () => {
        clock.block(3);
      });
      draining('hanging', never);
      const child = parent.child();
      child.hook('last', () => undefined);
      child.hook('slow', async () => {
        const opened = createGate();
        clock.after(9, () => {
          // The time has passed, and its timer could not fire.
          clock.block(5);
          opened.open();
        });
        await opened.passed;
      });
      const [outer, inner] = [parent.dispose(), child.dispose()];
      await clock.pass(20);

      const { exits } = await reportOf(outer);
      const [blocking, last] = ['blocking', 'last'].map((name) =>
        exits.find(({ hook }) => hook === name),
      );
      expect(blocking?.duration).toBe(3);
      expect(last?.startTime).toBe((blocking?.startTime ?? 0) + 3);
      await reportOf(inner);
    });

    test('children inherit what LifecycleModule.with() has set, and may set their own', async () => {
      // On a busy machine, 1 ms may have passed before the hook is started.
      jest.useFakeTimers();
      const parent = createWith({ timeout: Infinity, hookTimeout: 5 });
      const heir = createContainer({ parent });
      const own = createWith({ hookTimeout: 10 }, parent);
      const impatient = createWith({ timeout: 1, hookTimeout: Infinity }, heir);
      for (const container of [heir, own, impatient]) {
        container.get(Lifecycle).onExit(never, { name: 'slow' });
      }
      const disposal = parent.dispose().catch((reason: unknown) => reason);
      await jest.advanceTimersByTimeAsync(20);
      const error = await disposal;
      expect((error as Error).message.replaceAll(/after \d+ ms/g, 'after … ms')).toBe(
        [
          '3 of 3 exit hooks failed; all were run:',
          '  - callback slow timed out after … ms: TimeoutError: callback slow was not done within 10 ms',
          '  - callback slow timed out after … ms: TimeoutError: The disposal was not done within 1 ms',
          '  - callback slow timed out after … ms: TimeoutError: callback slow was not done within 5 ms',
        ].join('\n'),
      );
    });
  });

  describe('of methods', () => {
    test('the nearest mark says how long an override has; without one, it is that of the base', async () => {
      class Base {
        @OnExit({ timeout: 5 })
        kept(): unknown {
          return never();
        }

        @OnExit({ timeout: 5 })
        changed(): unknown {
          return never();
        }

        @OnExit({ timeout: 5 })
        reset(): unknown {
          return never();
        }
      }
      @injectable()
      class Derived extends Base {
        override kept(): unknown {
          return super.kept();
        }

        @OnExit({ timeout: 6 })
        override changed(): unknown {
          return super.changed();
        }

        @OnExit()
        override reset(): unknown {
          return super.reset();
        }
      }
      const container = createWith({ hookTimeout: 7 });
      container.bind(Derived).toSelf();
      container.get(Derived);
      const { exits } = await reportOf(container.dispose());
      expect(exits.map(({ error }) => (error as Error).message)).toEqual([
        'Derived.reset was not done within 7 ms',
        'Derived.changed was not done within 6 ms',
        'Derived.kept was not done within 5 ms',
      ]);
    });

    test("hookTimeout is that of Inversify's own handlers, too", async () => {
      @injectable()
      class Pool {
        @preDestroy()
        async drain(): Promise<void> {
          return never();
        }
      }
      const container = createWith({ hookTimeout: 5 });
      container
        .bind(Pool)
        .toSelf()
        .inSingletonScope()
        .onDeactivation(async function goodbye() {
          return never();
        });
      container.get(Pool);
      expect(outcomes(await reportOf(container.dispose()))).toEqual([
        'drain timed-out',
        'goodbye timed-out',
      ]);
    });

    test('release() waits no longer than that, and rejects', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const Slow = slowClass();
      container.bind(Slow).toSelf();
      const slow = container.get(Slow);
      await expect(lifecycle.release(slow)).rejects.toMatchObject({
        name: 'DisposeError',
        errors: [{ outcome: 'timed-out', cause: { name: 'TimeoutError' } }],
      });
      expect(lifecycle.pending()).toEqual([]);
    });

    test('nor does the hook of what arrives too late have more, and its error is an uncaught one', async () => {
      const thrown: (() => void)[] = [];
      const core = new Core({ hookTimeout: 10 });
      await core.dispose();
      expect(() => core.hook('late', waiting('late'))).toThrow(ContainerDisposedError);
      const queue = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
        thrown.push(task);
      });
      await core.clock.pass(10);
      queue.mockRestore();
      expect(log).toEqual([
        'late started',
        'late: TimeoutError: Service.late was not done within 10 ms',
      ]);
      expect(thrown).toHaveLength(1);
      expect(thrown[0]).toThrow('Service.late timed out after 10 ms');
    });

    test('nor does Inversify when it removes a binding', async () => {
      const container = createContainer();
      const Slow = slowClass();
      container.bind(Slow).toSelf().inSingletonScope();
      container.get(Slow);
      await expect(unbindAsync(container, Slow)).rejects.toThrow(
        'Slow.close was not done within 5 ms',
      );
      await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
    });

    test('what Inversify removes when the time is spent is started with the rest', async () => {
      const container = createContainer();
      const controller = new AbortController();
      @injectable()
      class Pool {
        @OnExit()
        async close(context: ExitContext): Promise<void> {
          return looking('close')(context);
        }

        @OnExit()
        async drain(context: ExitContext): Promise<void> {
          return waiting('drain')(context);
        }
      }
      container.bind(Pool).toSelf().inSingletonScope();
      container.get(Pool);
      const removal = unbindAsync(container, Pool).catch((error: unknown) => error);
      await setImmediate();
      const disposal = container.dispose({ signal: controller.signal });
      await setImmediate();
      controller.abort(new Error('enough'));
      expect(log).toEqual(['drain started', 'drain: Error: enough', 'close aborted: true']);
      await disposal;
      expect(String(await removal)).toContain('drain timed out');
    });

    test('a hook that spends it while Inversify removes its binding is still before the rest', async () => {
      const [gate, controller] = [createGate(), new AbortController()];
      @injectable()
      class Pool {
        @OnExit()
        async close(context: ExitContext): Promise<void> {
          return looking('close')(context);
        }

        @OnExit()
        abort(): void {
          controller.abort();
          log.push('abort');
        }

        @OnExit()
        async drain(): Promise<void> {
          await gate.passed;
        }
      }
      const container = createContainer();
      container.get(Lifecycle).onExit(() => log.push('callback'), { name: 'callback' });
      container.bind(Pool).toSelf().inSingletonScope();
      container.get(Pool);
      const removal = unbindAsync(container, Pool).catch((error: unknown) => error);
      await setImmediate();
      const disposal = container.dispose({ signal: controller.signal });
      await setImmediate();
      gate.open();
      expect(outcomes(await disposal)).toEqual(['callback done']);
      expect(log).toEqual(['abort', 'close aborted: true', 'callback']);
      expect(String(await removal)).toContain('close returned a promise when the time');
    });
  });

  describe('with the clock of the platform', () => {
    test('a hook that listens to its signal can end in time', async () => {
      const container = createWith({ hookTimeout: 5 });
      container.get(Lifecycle).onExit(
        async ({ signal }) =>
          new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => {
              log.push('gave up');
              resolve();
            });
          }),
        { name: 'drain' },
      );
      const error = await container.dispose().catch((reason: unknown) => reason);
      expect(log).toEqual(['gave up']);
      expect(error).toMatchObject({
        errors: [{ hook: 'drain', outcome: 'timed-out', cause: { name: 'TimeoutError' } }],
      });
    });

    test('a forced finish keeps the order, and runs all', async () => {
      @injectable()
      class Pool {
        @OnExit()
        async close(): Promise<void> {
          log.push('Pool');
        }
      }
      @injectable()
      class Cache {
        constructor(@inject(Pool) readonly pool: Pool) {}

        @OnExit()
        close(): void {
          log.push('Cache');
          throw new Error('no space');
        }
      }
      @injectable()
      class Server {
        constructor(
          @inject(Pool) readonly pool: Pool,
          @inject(Cache) readonly cache: Cache,
        ) {}

        @OnExit()
        async close(): Promise<void> {
          log.push('Server');
          return never();
        }
      }
      const container = createWith({ timeout: 5 });
      for (const type of [Pool, Cache, Server]) {
        container.bind<object>(type).toSelf().inSingletonScope();
      }
      container.get(Pool);
      container.get(Server);
      const { exits } = await reportOf(container.dispose());
      expect(log).toEqual(['Server', 'Cache', 'Pool']);
      expect(exits.map(({ outcome }) => outcome)).toEqual(['timed-out', 'failed', 'not-awaited']);
    });

    test('what arrives after an activation was not waited for is exited at once', async () => {
      const gate = createGate();
      const container = createContainer();
      bindSlowly(container, 'slow', gate.passed);
      const slow = container.getAsync('slow');
      await expect(container.dispose({ timeout: 5 })).rejects.toThrow('slow.activation timed out');
      expect(log).toEqual([]);
      gate.open();
      await expect(slow).rejects.toThrow(ContainerDisposedError);
      expect(log).toEqual(['Pool']);
    });

    test('AbortSignal.timeout() will do for a signal', async () => {
      const container = createContainer();
      container.get(Lifecycle).onExit(never);
      const { exits } = await reportOf(container.dispose({ signal: AbortSignal.timeout(5) }));
      expect(exits).toMatchObject([{ outcome: 'timed-out', error: { name: 'TimeoutError' } }]);
    });

    test('late rejections are no unhandled ones, and timers keep a process alive no longer than needed', async () => {
      await expect(runFixture('late-hooks')).resolves.toEqual({
        code: 0,
        signal: null,
        stdout: [
          'too slow as well: timed-out',
          'too slow: timed-out',
          'in time: done',
          'out of budget: timed-out',
          'not awaited: not-awaited',
          '4 of 5 exit hooks failed; all were run:',
          '  - callback too slow as well timed out after … ms: TimeoutError: callback too slow as well was not done within 1 ms',
          '  - callback too slow timed out after … ms: TimeoutError: callback too slow was not done within 1 ms',
          '  - callback out of budget timed out after … ms: TimeoutError: The disposal was not done within … ms',
          '  - callback not awaited returned a promise when the time of the disposal had passed: how it ended is lost.',
          'true',
          '',
        ].join('\n'),
        stderr: '',
      });
    });

    describe('itself', () => {
      beforeEach(() => {
        jest.useFakeTimers();
      });

      test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 + 0.5, 2 ** 40])(
        'waits for %d ms, whatever a timer can hold',
        (delay) => {
          const callback = jest.fn();
          systemClock.after(delay, callback);
          jest.advanceTimersByTime(Math.floor(delay) - 1);
          expect(callback).not.toHaveBeenCalled();
          jest.advanceTimersByTime(2);
          expect(callback).toHaveBeenCalledTimes(1);
          expect(jest.getTimerCount()).toBe(0);
        },
      );

      test('stops waiting when it is told to', () => {
        const callback = jest.fn();
        const prevent = systemClock.after(2 ** 33, callback);
        jest.advanceTimersByTime(2 ** 32);
        expect(jest.getTimerCount()).toBe(1);
        prevent();
        expect(jest.getTimerCount()).toBe(0);
      });

      test('takes no timer to wait for ever', () => {
        systemClock.after(Infinity, () => undefined)();
        expect(jest.getTimerCount()).toBe(0);
      });
    });
  });

  describe('what is no duration is refused', () => {
    const values: [string, unknown, typeof RangeError | typeof TypeError][] = [
      ['0', 0, RangeError],
      ['-1', -1, RangeError],
      ['NaN', NaN, RangeError],
      ['-Infinity', -Infinity, RangeError],
      ["'5'", '5', TypeError],
      ['null', null, TypeError],
      ['true', true, TypeError],
      ['5n', 5n, TypeError],
      ['Date', new Date(), TypeError],
    ];
    const places: [string, (timeout: never) => unknown][] = [
      ['@OnExit() timeout', (timeout) => OnExit({ timeout })],
      [
        'onExit() timeout',
        (timeout) =>
          createContainer()
            .get(Lifecycle)
            .onExit(() => undefined, { timeout }),
      ],
      ['LifecycleModule.with() timeout', (timeout) => LifecycleModule.with({ timeout })],
      [
        'LifecycleModule.with() hookTimeout',
        (hookTimeout) => LifecycleModule.with({ hookTimeout }),
      ],
    ];

    test.each(places)('%s', (option, place) => {
      for (const [shown, value, Fault] of values) {
        const error = thrownBy(() => place(value as never));
        expect(error).toBeInstanceOf(Fault);
        expect(error).toMatchObject({
          message: `${option} was given ${shown}. It takes milliseconds: a number greater than 0, or Infinity.`,
        });
      }
    });

    test('dispose() timeout', async () => {
      const container = createContainer();
      for (const [shown, value, Fault] of values) {
        const error = await container
          .dispose({ timeout: value as never })
          .catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(Fault);
        expect(error).toMatchObject({
          message: `dispose() timeout was given ${shown}. It takes milliseconds: a number greater than 0, or Infinity.`,
        });
      }
      expect(container.get(Lifecycle).state).toBe('active');
    });

    test('undefined is as if it was not given, and Infinity is one', async () => {
      const container = createWith({ timeout: undefined as never, hookTimeout: Infinity });
      container.get(Lifecycle).onExit(() => undefined, { timeout: undefined as never });
      await container.dispose({ timeout: undefined as never, signal: undefined as never });
    });

    test('and so is a signal that is none', async () => {
      const container = createContainer();
      for (const [shown, value] of [
        ['null', null],
        ['5', 5],
        ['AbortController', new AbortController()],
        ['Object', { aborted: false }],
      ] as const) {
        const error = await container
          .dispose({ signal: value as never })
          .catch((reason: unknown) => reason);
        expect(error).toEqual(
          new TypeError(
            `dispose() signal was given ${shown} where it takes an AbortSignal. Pass the signal of ` +
              'an AbortController, not the controller.',
          ),
        );
      }
      expect(container.get(Lifecycle).state).toBe('active');
    });
  });
});

describe('P15 single flight', () => {
  test('a later call can only shorten: the least timeout counts, from its own call on', async () => {
    const core = new Core({ timeout: 1_000 });
    core.hook('slow', waiting('slow'));
    const disposal = core.dispose({ reason: 'first' });
    await core.clock.pass(500);
    for (const times of [
      { timeout: 2_000 },
      { timeout: Infinity },
      { timeout: 100 },
      { timeout: 200 },
      {},
    ]) {
      expect(core.dispose({ ...times, reason: 'later' })).toBe(disposal);
    }
    expect(core.clock.pending).toBe(1);
    await core.clock.pass(99);
    expect(core.disposer.state).toBe('disposing');
    await core.clock.pass(1);
    const report = await reportOf(disposal);
    expect(report).toMatchObject({ reason: 'first', duration: 600 });
    expect(log[1]).toBe('slow: TimeoutError: The disposal was not done within 600 ms');
  });

  test('a later call can bring a signal, and what has spent the time first is the reason', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const core = new Core();
    core.hook('last', ({ signal }) => log.push(String(signal.reason)));
    core.hook('rest', async ({ signal }) => {
      second.abort('second');
      log.push(signal.reason as string);
      return never();
    });
    core.hook('slow', waiting('slow'));
    const disposal = core.dispose({ signal: second.signal });
    await core.clock.pass(1);
    void core.dispose({ signal: first.signal });
    first.abort('first');
    expect(log).toEqual(['slow started', 'slow: first', 'first', 'first']);
    await expect(reportOf(disposal)).resolves.toMatchObject({
      exits: [
        { outcome: 'timed-out', error: 'first' },
        { outcome: 'not-awaited' },
        { outcome: 'done' },
      ],
    });
  });

  test('a later call with a signal that has aborted ends it now', async () => {
    const core = new Core();
    core.hook('slow', never);
    const disposal = core.dispose();
    await core.clock.pass(1);
    expect(core.dispose({ signal: AbortSignal.abort() })).toBe(disposal);
    expect(core.disposer.state).toBe('disposed');
    await reportOf(disposal);
  });

  test.each([
    ['its own', { hookTimeout: 10 }],
    ["the disposal's", { timeout: 10 }],
  ])('a hook that awaits dispose() waits until time has passed: %s', async (_whose, times) => {
    const core = new Core(times);
    core.hook('rest', () => log.push('rest'));
    core.hook('waiting', async () => {
      await Promise.resolve();
      await core.dispose();
    });
    const disposal = core.dispose();
    await core.clock.pass(9);
    expect(log).toEqual([]);
    await core.clock.pass(1);
    expect(outcomes(await reportOf(disposal))).toEqual(['waiting timed-out', 'rest done']);
  });
});

describe('P19 synchronous', () => {
  test('a child that the hook of another has disposed is told of, and not exited again', async () => {
    const parent = new Core();
    const elder = parent.child();
    elder.hook('elder', () => log.push('elder'));
    parent.child().hook('younger', () => {
      elder.disposer.disposeNow();
    });
    expect(outcomes(await parent.dispose())).toEqual(['younger done', 'elder done']);
    expect(log).toEqual(['elder']);
  });

  test('a synchronous disposal has no time to spend, and leaves no timer', async () => {
    const core = new Core({ timeout: 10, hookTimeout: 5 });
    core.child({ timeout: 5 }).hook('child', looking('child'));
    core.hook('parent', looking('parent'));
    const error = thrownBy(() => {
      core.disposer.disposeNow();
    });
    expect(log).toEqual(['child aborted: false', 'parent aborted: false']);
    expect(outcomes((error as DisposeError).report)).toEqual([
      'child not-awaited',
      'parent not-awaited',
    ]);
    expect(core.clock.pending).toBe(0);
    await expect(core.dispose({ timeout: 1, signal: AbortSignal.abort() })).rejects.toBe(error);
  });
});

function slowClass(): new () => object {
  @injectable()
  class Slow {
    @OnExit({ timeout: 5 })
    async close(): Promise<void> {
      return never();
    }
  }
  return Slow;
}
