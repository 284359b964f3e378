/** Real garbage collection, and what it has left. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Objects that nothing should hold any more when they are looked for. */
export class Traces {
  readonly #refs: { readonly name: string; readonly ref: WeakRef<object> }[] = [];

  /** Remembers an object weakly, and gives it back. */
  of<T extends object>(name: string, object: T): T {
    this.#refs.push({ name, ref: new WeakRef(object) });
    return object;
  }

  /** How many of each name are alive after a garbage collection. */
  async left(): Promise<Record<string, number>> {
    // A WeakRef holds its target until the end of the job in which it was made or read; what is
    // freed may hold, in another generation of the heap, what the next collection frees.
    for (let round = 0; round < 2; round++) {
      await setImmediate();
      collect();
    }
    const left: Record<string, number> = {};
    for (const { name, ref } of this.#refs) {
      if (ref.deref() !== undefined) {
        left[name] = (left[name] ?? 0) + 1;
      }
    }
    return left;
  }
}
