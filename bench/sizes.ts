/** What each door adds to a bundle, as size-limit measures it. */
import { spawnSync } from 'node:child_process';

import type { Promised } from './result.js';

export interface Size {
  readonly door: string;
  /** Minified and compressed with gzip, without Inversify and its packages. */
  readonly bytes: number;
  readonly promised?: Promised;
}

const promised: Readonly<Record<string, number>> = {
  'inversify-onexit': 7_000,
  'inversify-onexit/process': 3_000,
};

export function measureSizes(): Size[] {
  // It fails if a size is above its limit of today; that is not what is asked here.
  const { stdout, stderr } = spawnSync('npx', ['size-limit', '--json'], { encoding: 'utf8' });
  if (stdout === '') {
    throw new Error(stderr);
  }
  const doors = JSON.parse(stdout) as { name: string; size: number }[];
  return doors.map(({ name, size }) => {
    const atMost = promised[name];
    return {
      door: name,
      bytes: size,
      ...(atMost === undefined
        ? {}
        : { promised: { promise: 'P29', atMost, isMissed: size > atMost } }),
    };
  });
}
