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

  /** How many of each name no garbage collection frees. */
  async left(): Promise<Record<string, number>> {
    let left: Record<string, number> = {};
    // Several, since the compiler, beside us, may hold for a while what it has compiled.
    for (let round = 0; round < 20; round++) {
      // A WeakRef holds its target until the end of the job in which it was made or read.
      await setImmediate();
      collect();
      left = this.#alive();
      if (Object.keys(left).length === 0) {
        break;
      }
    }
    return left;
  }

  #alive(): Record<string, number> {
    const alive: Record<string, number> = {};
    for (const { name, ref } of this.#refs) {
      if (ref.deref() !== undefined) {
        alive[name] = (alive[name] ?? 0) + 1;
      }
    }
    return alive;
  }
}
