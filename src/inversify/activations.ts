/** The collected activations of one singleton and of its clones, the latest first. */

/** One activation. They form a linked list, since nearly all singletons have only one. */
interface Activation<Exit extends Activation<Exit>> {
  /** The previous activation of the singleton. */
  earlier: Exit | undefined;
  /** The list to which it was added. */
  among: Activations<Exit> | undefined;
}

export class Activations<Exit extends Activation<Exit>> implements Iterable<Exit> {
  #latest: Exit | undefined;

  *[Symbol.iterator](): Iterator<Exit> {
    for (let exit = this.#latest; exit !== undefined; exit = exit.earlier) {
      yield exit;
    }
  }

  find(matches: (exit: Exit) => boolean): Exit | undefined {
    for (let exit = this.#latest; exit !== undefined; exit = exit.earlier) {
      if (matches(exit)) {
        return exit;
      }
    }
    return undefined;
  }

  has(exit: Exit): boolean {
    return exit.among === this;
  }

  add(exit: Exit): void {
    exit.among = this;
    exit.earlier = this.#latest;
    this.#latest = exit;
  }

  delete(exit: Exit): void {
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
