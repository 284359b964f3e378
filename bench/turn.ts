/** The process of one variant: it warms up, and takes a sample whenever it is its turn. */
import 'reflect-metadata';

import type { Take } from './case.js';
import { cases } from './cases.js';

const warmUpTime = 400;

async function warmUp(take: Take): Promise<void> {
  const start = performance.now();
  for (let times = 0; times < 3 || performance.now() - start < warmUpTime; times++) {
    await take();
  }
}

const [, , caseName, variantName] = process.argv;
const found = cases.find(({ name }) => name === caseName);
const variant = found?.variants.find(({ name }) => name === variantName);
if (found === undefined || variant === undefined) {
  throw new Error(`There is no ${String(variantName)} in ${String(caseName)}`);
}

const take = await variant.prepare();
if (found.samples > 1) {
  await warmUp(take);
}
process.on('message', () => {
  void Promise.resolve(take()).then((sample) => process.send?.(sample));
});
process.send?.('ready');
