/** Which objects a container has disposed, and which it has taken in before its siblings. */
export class Ownership {
  /** What is not taken in again: what was disposed by itself, and all that a closed registry has held. */
  readonly disposed = new WeakSet();
  readonly #parent: () => Ownership | undefined;
  // Weak maps cost each garbage collection, and few containers need one.
  #standIns: WeakMap<object, object> | undefined;
  /** Stands for the container, without keeping it. */
  readonly #mark = {};
  /** Of the root: which container has taken in what is handed on. */
  #handedOn: WeakMap<object, object> | undefined;

  /** @param parent that of the parent. */
  constructor(parent: () => Ownership | undefined) {
    this.#parent = parent;
  }

  standsIn(standIn: object, subject: object): void {
    this.#standIns ??= new WeakMap();
    this.#standIns.set(standIn, subject);
  }

  subjectOf(instance: object): object {
    return this.#standIns?.get(instance) ?? instance;
  }

  isDisposed(subject: object): boolean {
    return this.disposed.has(subject) || this.#standIns?.has(subject) === true;
  }

  readmit(subject: object): void {
    this.disposed.delete(subject);
    this.#standIns?.delete(subject);
  }

  /** One value that siblings hand on is that one's which has it first. */
  isTakenBySibling(subject: object): boolean {
    const root = this.#root;
    if (root !== this) {
      root.#handedOn ??= new WeakMap();
    }
    // Descendants look into the root's registry: only without them it need not note what it has.
    const first = root.#handedOn?.get(subject);
    if (first === undefined) {
      root.#handedOn?.set(subject, this.#mark);
    }
    return first !== undefined && first !== this.#mark;
  }

  get #root(): Ownership {
    const parent = this.#parent();
    return parent === undefined ? this : parent.#root;
  }
}
