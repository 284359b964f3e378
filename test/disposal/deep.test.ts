/** Trees that are deep or wide: the order is the same, and nothing overflows. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Container } from 'inversify';
import { Lifecycle, type ExitReport } from 'inversify-onexit';

import { createContainer } from '../support/containers.js';
import { never, reportOf } from '../support/limits.js';
import { log } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
  // That there are more than 1,000 children is meant here.
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** Of so many containers a machine that is busy may take its time. */
const patience = 20_000;

type Shape = 'sync' | 'async' | 'never';

function hookOf(shape: Shape): () => unknown {
  switch (shape) {
    case 'sync':
      return () => undefined;
    case 'async':
      return async () => Promise.resolve();
    case 'never':
      return never;
  }
}

function onExit(container: Container, name: string, shape: Shape, phase?: 'drain'): void {
  const hook = hookOf(shape);
  container.get(Lifecycle).onExit(
    () => {
      log.push(name);
      return hook();
    },
    { name, ...(phase && { phase }) },
  );
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${String(index)}`);
}

interface Tree {
  readonly root: Container;
  readonly containers: readonly Container[];
  /** In the order in which they are to be run. */
  readonly hooks: readonly string[];
}

/** Each within the one before. */
function chain(depth: number, shape: Shape, phase?: 'drain'): Tree {
  const containers: Container[] = [];
  const hooks = names('level', depth);
  for (const name of hooks) {
    const parent = containers.at(-1);
    const container = createContainer(parent && { parent });
    onExit(container, name, shape, phase);
    containers.push(container);
  }
  return { root: rootOf(containers), containers, hooks: hooks.reverse() };
}

/** All within one. */
function row(count: number, shape: Shape): Tree {
  const root = createContainer();
  onExit(root, 'root', shape);
  const hooks = names('child', count);
  const children = hooks.map((name) => {
    const child = createContainer({ parent: root });
    onExit(child, name, shape);
    return child;
  });
  return { root, containers: [root, ...children], hooks: [...hooks.reverse(), 'root'] };
}

/** So many within each, and within each of these, so many times. */
function tree(width: number, depth: number, shape: Shape): Tree {
  const containers: Container[] = [];
  const hooks: string[] = [];
  const plant = (name: string, levels: number, parent?: Container): Container => {
    const container = createContainer(parent && { parent });
    containers.push(container);
    onExit(container, name, shape);
    if (levels > 0) {
      for (let index = 0; index < width; index++) {
        plant(`${name}.${String(index)}`, levels - 1, container);
      }
    }
    return container;
  };
  const visit = (name: string, levels: number): void => {
    if (levels > 0) {
      for (let index = width - 1; index >= 0; index--) {
        visit(`${name}.${String(index)}`, levels - 1);
      }
    }
    hooks.push(name);
  };
  const root = plant('0', depth);
  visit('0', depth);
  return { root, containers, hooks };
}

function rootOf(containers: readonly Container[]): Container {
  const [root] = containers;
  if (root === undefined) {
    throw new Error('There is no container');
  }
  return root;
}

function namesOf({ exits }: ExitReport): string[] {
  return exits.map(({ hook }) => hook);
}

const trees: [string, (shape: Shape) => Tree][] = [
  ['400 containers, each within the one before', (shape) => chain(400, shape)],
  ['1,000 children of one', (shape) => row(1_000, shape)],
  ['10 within each of 10 within each of 10', (shape) => tree(10, 3, shape)],
];

describe('P17 Children', () => {
  describe.each(trees)('%s', (_what, plant) => {
    test('dispose() runs each hook once, as pending() has said, and in order', async () => {
      const { root, containers, hooks } = plant('async');
      const lifecycles = containers.map((container) => container.get(Lifecycle));
      const pending = root.get(Lifecycle).pending();
      expect(pending.map(({ hook }) => hook)).toEqual(hooks);
      const report = await root.dispose();
      expect(log).toEqual(hooks);
      expect(namesOf(report)).toEqual(hooks);
      expect(new Set(lifecycles.map(({ state }) => state))).toEqual(new Set(['disposed']));
    });

    test('so it does if none is asynchronous; and all signals abort at once', async () => {
      const { root, containers, hooks } = plant('sync');
      const signals = containers.map((container) => container.get(Lifecycle).signal);
      const disposal = root.dispose({ reason: 'the end' });
      expect(new Set(signals.map(({ reason }) => reason as unknown))).toEqual(new Set(['the end']));
      await disposal;
      expect(log).toEqual(hooks);
    });

    test('so does one that has no time', async () => {
      const { root, hooks } = plant('never');
      const report = await reportOf(
        root.dispose({ signal: AbortSignal.abort() }),
        'The disposal',
        patience,
      );
      expect(log).toEqual(hooks);
      expect(namesOf(report)).toEqual(hooks);
      expect(new Set(report.exits.map(({ outcome }) => outcome))).toEqual(new Set(['not-awaited']));
    });

    test('so does one whose time is spent at the first hook', async () => {
      const stop = new AbortController();
      const { root, hooks } = plant('never');
      const disposal = root.dispose({ signal: stop.signal });
      disposal.catch(() => undefined);
      await setImmediate();
      stop.abort();
      const report = await reportOf(disposal, 'The disposal', patience);
      expect(log).toEqual(hooks);
      expect(namesOf(report)).toEqual(hooks);
    });

    test('so does a synchronous one', () => {
      const { root, hooks } = plant('sync');
      root[Symbol.dispose]();
      expect(log).toEqual(hooks);
    });
  });

  test('10,000 children of one', async () => {
    const { root, hooks } = row(10_000, 'async');
    const report = await root.dispose();
    expect(log).toEqual(hooks);
    expect(namesOf(report)).toEqual(hooks);
  }, 60_000);

  test('10,000 children of one that has no time', async () => {
    const { root, hooks } = row(10_000, 'never');
    const report = await reportOf(
      root.dispose({ signal: AbortSignal.abort() }),
      'The disposal',
      patience,
    );
    expect(log).toEqual(hooks);
    expect(namesOf(report)).toEqual(hooks);
  }, 60_000);

  test('each of 400 that are disposed from within is disposed alone', async () => {
    const { containers, hooks } = chain(400, 'async');
    for (const container of [...containers].reverse()) {
      const { exits } = await container.dispose();
      expect(exits).toHaveLength(1);
    }
    expect(log).toEqual(hooks);
  });

  test('400 disposals in flight, each within the next, are one after the other', async () => {
    const { root, containers, hooks } = chain(400, 'async');
    const disposals = [...containers].reverse().map(async (container) => container.dispose());
    await Promise.all(disposals);
    expect(log).toEqual(hooks);
    expect(namesOf(await root.dispose())).toEqual(hooks);
  });

  test('400 observers, one at each level, are told of all that is below', async () => {
    const { root, containers, hooks } = chain(400, 'sync');
    const told = containers.map(() => 0);
    for (const [index, container] of containers.entries()) {
      container.get(Lifecycle).observe({
        settled: () => {
          told[index] = (told[index] ?? 0) + 1;
        },
      });
    }
    await root.dispose();
    expect(told).toEqual(hooks.map((_, index) => 400 - index));
  });

  test('the numbers of the containers tell them apart', async () => {
    const { root } = tree(10, 3, 'sync');
    const { exits } = await root.dispose();
    const numbers = new Set(exits.map(({ container }) => container));
    expect(numbers.size).toBe(exits.length);
    expect(exits.at(-1)?.container).toBe(0);
  });
});

describe('P30 Phases', () => {
  test('400 containers, each within the one before, drain from within', async () => {
    const { root, containers, hooks } = chain(400, 'async', 'drain');
    for (const container of containers) {
      onExit(container, 'exits', 'sync');
    }
    await root.dispose();
    expect(log).toEqual([...hooks, ...hooks.map(() => 'exits')]);
  });
});
