import type * as onexit from 'inversify-onexit';

import { buildFixture, removeFixture } from './child.js';

/** One copy of the package. */
export type Copy = typeof onexit;

/** Loads another copy of the package, on the same Inversify, as a dependency that has bundled it does. */
export async function loadSecondCopy(): Promise<Copy> {
  const program = await buildFixture('second-copy');
  try {
    return (await import(program)) as Copy;
  } finally {
    await removeFixture(program);
  }
}
