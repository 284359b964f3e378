import 'reflect-metadata';

import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { runs, Shares, timeout } from '../support/property.js';
import {
  HandWrittenTreeCollector,
  TheModule,
  wrongTreeCollectors,
  type TreeCollector,
} from '../support/tree-collectors.js';
import { Play } from '../support/tree-play.js';
import type { TreeWorld } from '../support/tree-world.js';
import { treeArbitrary, type Tree } from '../support/trees.js';

function treeProperty(
  Collector: new (world: TreeWorld) => TreeCollector,
  shares?: Shares,
): fc.IAsyncProperty<[Tree]> {
  return fc.asyncProperty(treeArbitrary, async (tree) => {
    const play = new Play(tree, Collector);
    await play.run();
    shares?.count(play.covered);
  });
}

test(
  'P7 owner › over container trees, each instance is exited once, by its owner, children first',
  async () => {
    const shares = new Shares();
    await fc.assert(treeProperty(TheModule, shares), runs);
    shares.check('trees', 0.001);
  },
  timeout,
);

test(
  'the property over container trees holds for a collector written by hand',
  async () => {
    await fc.assert(treeProperty(HandWrittenTreeCollector), runs);
  },
  timeout,
);

test.each(Object.entries(wrongTreeCollectors))(
  'the property over container trees fails for a wrong collector: %s',
  async (_fault, Wrong) => {
    const result = await fc.check(treeProperty(Wrong), { ...runs, endOnFailure: true });
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toContain('expect(');
  },
  timeout,
);
