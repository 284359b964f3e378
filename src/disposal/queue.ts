/** What is taken in order, without a copy of the rest for each. */
export class Queue<T> {
  #items: readonly T[] = [];
  #taken = 0;

  get first(): T | undefined {
    return this.#items[this.#taken];
  }

  fill(items: readonly T[]): void {
    this.#items = items;
    this.#taken = 0;
  }

  drop(): void {
    this.#taken++;
    if (this.#taken === this.#items.length) {
      // The last one must not be kept by a place in a list.
      this.fill([]);
    }
  }
}
