import 'reflect-metadata';

import { test } from '@jest/globals';
import fc from 'fast-check';

import { runs, Shares, timeout } from '../support/property.js';
import { Twins } from '../support/tree-twins.js';
import { treeArbitrary } from '../support/trees.js';

test(
  'P7 owner › the module changes neither what get returns nor what it throws',
  async () => {
    const shares = new Shares();
    await fc.assert(
      fc.asyncProperty(treeArbitrary, async (tree) => {
        const twins = new Twins(tree);
        await twins.run();
        shares.count(twins.covered);
      }),
      runs,
    );
    shares.check('trees, played twice', 0.02);
  },
  timeout,
);
