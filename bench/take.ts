/** What takes the samples. */
import { isPromise } from 'node:util/types';

import type { Take } from './case.js';

export interface Timed<T> {
  /** How many times `run` does what is measured. */
  readonly count: number;
  readonly before: () => T | Promise<T>;
  readonly run: (prepared: T) => unknown;
  /** Checks that it was done. */
  readonly after?: (prepared: T) => unknown;
}

/** In ns, for each. */
export function timed<T>({ count, before, run, after }: Timed<T>): Take {
  return async () => {
    // No garbage collection before it: with what it frees it drops code that was compiled for it.
    const prepared = await before();
    const start = performance.now();
    const result = run(prepared);
    if (isPromise(result)) {
      await result;
    }
    const time = performance.now() - start;
    await after?.(prepared);
    return (time * 1e6) / count;
  };
}

async function collectGarbage(): Promise<void> {
  await globalThis.gc?.({ type: 'major', execution: 'async' });
}

/** By how many bytes the heap has grown, for each. */
export async function bytesFor(count: number, fill: () => unknown): Promise<number> {
  await collectGarbage();
  await collectGarbage();
  const before = process.memoryUsage().heapUsed;
  await fill();
  await collectGarbage();
  await collectGarbage();
  return (process.memoryUsage().heapUsed - before) / count;
}
