import { setImmediate } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';
import { Lifecycle, type OnExitCallbackOptions } from 'inversify-onexit';

import type { Exit } from '../../src/disposal/exit.js';
import { exitLink, type ExitLink } from '../../src/disposal/exit-link.js';
import type { ExitGraph } from '../../src/disposal/order.js';
import { TreeNode } from '../../src/disposal/tree.js';
import { arePlain } from '../../src/hooks/exit-hook.js';
import { createContainer } from '../support/containers.js';
import { Core, never, outcomes, reportOf } from '../support/core.js';
import { Traces } from '../support/garbage.js';
import { createGate } from '../support/gate.js';
import { bindSlowly } from '../support/services.js';

describe('P10 Order', () => {
  test('an entry of another container, of which the graph tells, changes nothing', async () => {
    const foreign: Exit = {
      subject: {},
      source: { service: 'Foreign', isShared: false, isPlain: true, hooks: [] },
    };
    class Misled extends Core {
      override graphOf(): ExitGraph {
        return { usedBy: () => [foreign], dependenciesOf: () => [foreign] };
      }
    }
    const core = new Misled();
    core.owns([{ name: 'first', uses: ['Foreign'], call: () => undefined }]);
    core.hook('second', () => undefined);
    expect(outcomes(await core.dispose())).toEqual(['second done', 'first done']);
    expect(arePlain([])).toBe(true);
  });
});

describe('P16 Late arrivals', () => {
  test('the time that only a signal will tell of limits the wait for an activation', async () => {
    const gate = createGate();
    const container = createContainer();
    bindSlowly(container, 'slow', gate.passed);
    container.getAsync('slow').catch(() => undefined);
    const link = Reflect.get(container, exitLink) as () => ExitLink;
    link().expect(20);
    const { signal } = new AbortController();
    const { exits } = await reportOf(container.dispose({ signal }));
    expect(exits).toMatchObject([{ service: 'slow', hook: 'activation', outcome: 'timed-out' }]);
    gate.open();
  });
});

describe('P17 Children', () => {
  test('a parent drops its links to children that were forgotten', async () => {
    const traces = new Traces();
    const parent = new TreeNode({ isScope: false });
    const addMany = (): void => {
      for (let count = 0; count < 1_000; count++) {
        const child = new TreeNode(traces.of('child', { isScope: false }));
        child.parent = parent;
      }
    };
    addMany();
    expect(await traces.left()).toEqual({});
    const last = new TreeNode({ isScope: false });
    last.parent = parent;
    await setImmediate();
    expect(parent.children).toEqual([last]);
  });
});

describe('P19 Synchronous', () => {
  test('a disposal that is asked for by a hook which runs beside it ends when that has returned', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const released = lifecycle.adopt({}, () => {
      container[Symbol.dispose]();
      expect(lifecycle.state).toBe('disposing');
    });
    lifecycle.onExit(() => undefined, { name: 'last' });
    await lifecycle.release(released);
    expect(lifecycle.state).toBe('disposed');
    expect(outcomes(await container.dispose())).toEqual(['last done']);
  });
});

describe('P24 Every ordinary end', () => {
  test('a hook is run though the process exits when an observer hears of its start', async () => {
    const core = new Core();
    const ran: string[] = [];
    core.hook('second', () => ran.push('second'));
    core.hook('first', () => ran.push('first'));
    const why = new Error('the process exits');
    core.disposer.observers.add({
      started: () => {
        core.disposer.leave(undefined, why);
      },
    });
    expect(outcomes(await reportOf(core.dispose()))).toEqual(['first done', 'second done']);
    expect(ran).toEqual(['first', 'second']);
  });
});

describe('P6 Once', () => {
  test('what is registered after a child has looked is found by the next look', () => {
    const [root, middle] = [new Core(), new Core()];
    middle.disposer.parent = root.disposer;
    const child = middle.child();
    expect(child.disposer.registry.isTracked({})).toBe(false);
    const subject = root.hook('close', () => undefined);
    expect(child.disposer.registry.isTracked(subject)).toBe(true);
    expect(child.disposer.isDescendantOf(root.disposer)).toBe(true);
    expect(root.disposer.isDescendantOf(child.disposer)).toBe(false);
  });
});

describe('P5 Not what you made', () => {
  test.each<[string, OnExitCallbackOptions]>([
    ['a name', { name: 'close' }],
    ['none', {}],
  ])('options of adopt() without a callback are refused: %s', (_what, options) => {
    const lifecycle = createContainer().get(Lifecycle);
    expect(() => lifecycle.adopt({ close: never }, undefined, options)).toThrow(
      new TypeError(
        'adopt() was given options and no callback, which they would be for. The hooks of the value have ' +
          'those that @OnExit() gives them.',
      ),
    );
  });
});
