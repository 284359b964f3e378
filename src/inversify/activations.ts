/** The activations of one singleton that were collected, and those of its clones, the latest first. */
import type { SingletonExit } from './singleton.js';

/** Linked to each other, since nearly all singletons have only one. */
export class Activations implements Iterable<SingletonExit> {
  #latest: SingletonExit | undefined;

  *[Symbol.iterator](): Iterator<SingletonExit> {
    for (let exit = this.#latest; exit !== undefined; exit = exit.earlier) {
      yield exit;
    }
  }

  find(matches: (exit: SingletonExit) => boolean): SingletonExit | undefined {
    for (let exit = this.#latest; exit !== undefined; exit = exit.earlier) {
      if (matches(exit)) {
        return exit;
      }
    }
    return undefined;
  }

  has(exit: SingletonExit): boolean {
    return exit.among === this;
  }

  add(exit: SingletonExit): void {
    exit.among = this;
    exit.earlier = this.#latest;
    this.#latest = exit;
  }

  delete(exit: SingletonExit): void {
    const kept = [...this].filter((each) => each !== exit).reverse();
    exit.among = undefined;
    this.clear();
    kept.forEach((each) => {
      this.add(each);
    });
  }

  clear(): void {
    this.#latest = undefined;
  }
}
