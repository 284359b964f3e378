/** Which objects a container has disposed, and which it has taken in before its siblings. */
export class Ownership {
  /** What is not taken in again: what was disposed by itself, and all that a closed registry has held. */
  #disposed: WeakSet<object> | undefined;
  readonly #parent: () => Ownership | undefined;
  // Weak maps cost each garbage collection, and few containers need one.
  #standIns: WeakMap<object, object> | undefined;
  #replaced: WeakMap<object, object> | undefined;
  /** Stands for the container, without keeping it. */
  readonly #mark = {};
  /** The root, from the start of the disposal on: not looked for at each exit, however deep it is nested. */
  #settledRoot: Ownership | undefined;
  /** Of the root: what its descendants have exited. */
  #exited: WeakSet<object> | undefined;
  /** Of the root: which container has taken in what is handed on. */
  #handedOn: WeakMap<object, object> | undefined;

  /** @param parent that of the parent. */
  constructor(parent: () => Ownership | undefined) {
    this.#parent = parent;
  }

  get disposed(): WeakSet<object> {
    return (this.#disposed ??= new WeakSet());
  }

  /** Whether a subject was disposed. */
  hasDisposed(subject: object): boolean {
    return this.#disposed?.has(subject) === true;
  }

  standsIn(standIn: object, subject: object): void {
    this.#standIns ??= new WeakMap();
    this.#standIns.set(standIn, subject);
  }

  subjectOf(instance: object): object {
    return this.#standIns?.get(instance) ?? instance;
  }

  get hasReplacements(): boolean {
    return this.#replaced !== undefined;
  }

  /** A handler has returned it in the place of another, and both exit. */
  replaces(replacement: object, original: object): void {
    this.#replaced ??= new WeakMap();
    this.#replaced.set(replacement, original);
  }

  /** What was made first of what stands in one place; the instance itself, if nothing else does. */
  rootOf(instance: object): object {
    let root = this.subjectOf(instance);
    for (
      let original = this.#replaced?.get(root);
      original !== undefined;
      original = this.#replaced?.get(root)
    ) {
      root = this.subjectOf(original);
    }
    return root;
  }

  isDisposed(subject: object): boolean {
    return this.hasDisposed(subject) || this.#standIns?.has(subject) === true;
  }

  readmit(subject: object): void {
    this.#disposed?.delete(subject);
    this.#root.#exited?.delete(subject);
    this.#standIns?.delete(subject);
  }

  /** Called when the disposal starts: after that of the parent, if it is a part of that. */
  settle(): void {
    this.#settledRoot = this.#root;
  }

  /** Notes that a subject exits, for all containers of the tree that may have it too. */
  exits(subject: object): void {
    const root = this.#root;
    // What the root has exited its descendants find there.
    if (root !== this) {
      root.#exited ??= new WeakSet();
      root.#exited.add(subject);
    }
  }

  /** Whether a subject was exited by another container of the tree. */
  hasExited(subject: object): boolean {
    return this.#root.#exited?.has(subject) === true;
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
    if (this.#settledRoot !== undefined) {
      return this.#settledRoot;
    }
    const parent = this.#parent();
    return parent === undefined ? this : parent.#root;
  }
}
