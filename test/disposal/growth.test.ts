/** P27: what a disposal does for each container is the same, however many there are, and however deep. */
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { LifecycleOptions } from 'inversify-onexit';

import type { ExitHook } from '../../src/hooks/exit-hook.js';
import type * as Support from '../support/core.js';
import type { Core } from '../support/core.js';
import { Steps } from '../support/steps.js';

type Hook = Omit<ExitHook, 'target'>;

const close: Hook = { name: 'close', timeout: undefined, call: () => undefined };
const closeLater: Hook = { ...close, call: async () => undefined };
const fail: Hook = {
  ...close,
  call: () => {
    throw new Error('lost');
  },
};
const drain: Hook = { ...close, name: 'drain', phase: 'drain' };

interface Tree {
  readonly hooks?: readonly Hook[];
  /** Of the root. */
  readonly options?: LifecycleOptions;
  /** Of each child. */
  readonly childOptions?: LifecycleOptions;
  readonly isObserved?: boolean;
}

/** Opens so many containers, the root first. */
type Shape = (count: number, tree: Tree) => readonly [Core, ...Core[]];

const shapes: Readonly<Record<string, { readonly open: Shape; readonly counts: number[] }>> = {
  'one within the other': {
    open: open((containers) => containers.at(-1)),
    counts: [50, 100, 200, 400],
  },
  'side by side': { open: open(([root]) => root), counts: [100, 1_000, 10_000] },
};

const trees: Readonly<Record<string, Tree>> = {
  'without hooks': { hooks: [] },
  'with hooks': {},
  'with hooks that fail': { hooks: [fail] },
  'with drain hooks': { hooks: [drain, close] },
  'with a timeout of the root': { options: { timeout: 1_000 } },
};

const asked: Readonly<Record<string, (root: Core) => unknown>> = {
  'dispose()': async (root) => {
    await support.reportOf(root.dispose());
  },
  'dispose({ timeout })': async (root) => {
    await support.reportOf(root.dispose({ timeout: 1_000 }));
  },
  'a process that exits': (root) => {
    root.disposer.leave(undefined, new Error('it exits'));
  },
  'pending()': (root) => root.disposer.pending(),
};

let steps: Steps;
let support: typeof Support;

beforeAll(async () => {
  steps = await Steps.begin();
  support = await import('../support/core.js');
});

beforeEach(() => {
  // More than 1,000 children are worth one.
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

afterAll(() => {
  steps.end();
});

describe.each(Object.keys(shapes))('P27 linear in the number of containers, %s', (name) => {
  const shape = shapes[name];

  test.each(Object.keys(trees))('%s', async (tree) => {
    await expectLinear(shape, trees[tree], 'dispose()');
  });

  test.each(Object.keys(asked))('%s', async (what) => {
    await expectLinear(shape, {}, what);
  });
});

describe('P27 linear in the number of containers, side by side', () => {
  test.each<[string, Tree]>([
    ['with async hooks', { hooks: [closeLater] }],
    ['with an observer of the root', { isObserved: true }],
    ['with an observer of the root and drain hooks', { isObserved: true, hooks: [drain, close] }],
    ['with a timeout of each', { childOptions: { timeout: 1_000 } }],
  ])('%s', async (_name, tree) => {
    await expectLinear(shapes['side by side'], tree, 'dispose()');
  });
});

describe('P27 linear in the number of containers, one within the other', () => {
  test.each<[string, Tree]>([
    ['with async hooks', { hooks: [closeLater] }],
    ['with an observer of the root', { isObserved: true }],
    ['with an observer of the root and drain hooks', { isObserved: true, hooks: [drain, close] }],
    ['with a timeout of each', { childOptions: { timeout: 1_000 } }],
  ])('%s', async (_name, tree) => {
    await expectLinear(shapes['one within the other'], tree, 'dispose()');
  });

  test('when a hook of the innermost, called by itself, ends the time of all', async () => {
    const perContainer: number[] = [];
    for (const depth of [8, 12, 16]) {
      const controller = new AbortController();
      const containers = shapes['one within the other']?.open(depth, {}) ?? [];
      // Last in the list is run first: once it was awaited, nothing of the others is on the stack.
      containers.at(-1)?.hook('stop', () => {
        controller.abort();
      });
      containers.at(-1)?.hook('wait', async () => undefined);
      const { signal } = controller;
      perContainer.push((await steps.of(async () => containers[0]?.dispose({ signal }))) / depth);
    }
    expect(Math.max(...perContainer)).toBeLessThan(2 * Math.min(...perContainer));
  });
});

async function expectLinear(
  shape: (typeof shapes)[string] | undefined,
  tree: Tree | undefined,
  what: string,
): Promise<void> {
  const { open, counts } = shape ?? { open: () => [new support.Core()] as const, counts: [] };
  const perContainer: number[] = [];
  for (const count of counts) {
    const [root] = open(count, tree ?? {});
    perContainer.push((await steps.of(() => asked[what]?.(root))) / count);
  }
  // What is done once makes the smallest a little dearer, and the engine tells of branches that were
  // entered equally often as of one. What is quadratic would be 8 here, or 100.
  const [smallest = 0] = perContainer;
  const isLinear = smallest > 1 && perContainer.every((count) => count <= 1.5 * smallest);
  expect({ perContainer, isLinear }).toEqual({
    perContainer,
    isLinear: true,
  });
}

function open(parentOf: (containers: readonly [Core, ...Core[]]) => Core | undefined): Shape {
  return (count, { hooks = [close], options, childOptions, isObserved }) => {
    const containers: [Core, ...Core[]] = [new support.Core(options)];
    while (containers.length < count) {
      containers.push(new support.Core(childOptions, parentOf(containers)));
    }
    for (const container of containers) {
      if (hooks.length > 0) {
        container.owns(hooks);
      }
    }
    if (isObserved === true) {
      containers[0].disposer.observers.add({ started: () => undefined, settled: () => undefined });
    }
    return containers;
  };
}
