/** What one container owns, in the order of activation, and each instance once. */
import type { ExitHook, ExitPhase } from '../hooks/exit-hook.js';
import type { Exit, ExitSource, Task } from './exit.js';
import { UseOrder, type GraphOf } from './order.js';
import { Ownership } from './ownership.js';

/** With so many entries a registry is first looked through for those that it holds twice. */
const manyEntries = 1_000;

const noExits: readonly Exit[] = [];

/** That of the container around. */
export interface OuterRegistry {
  /** Not there, if no container around is of this copy of the package. */
  readonly ownership: Ownership | undefined;
  /** Whether a subject has an owner there, or further up, or had one. */
  isTracked(subject: object): boolean;
}

export class Registry {
  readonly #parent: () => OuterRegistry | undefined;
  readonly ownership: Ownership;
  readonly #graphOf: GraphOf;
  /** Of its entries, once hooks declare what they use. */
  #useOrder: UseOrder | undefined;
  #exits: Exit[] = [];
  /** The first entry of each subject, from the first time that one is looked up. */
  #index: Map<object, Exit> | undefined;
  /** What it held when it was closed, with the entries whose subjects it held twice. */
  #repeated: readonly Exit[] = [];
  #isClosed = false;
  #lateArrivals = 0;
  #deduplicateAt = manyEntries;
  /** Those with hooks that do not run in the exit phase, and those whose such hooks have run. */
  #draining: Exit[] = [];
  #drained: Set<Exit> | undefined;
  /** Whether the entries stand in that order. */
  #isOrdered = false;

  /**
   * @param parent that of the parent, which may own what is handed on here.
   * @param graphOf reads what is known of its entries, if hooks declare what they use.
   */
  constructor(parent: () => OuterRegistry | undefined, graphOf: GraphOf) {
    this.#parent = parent;
    this.ownership = new Ownership(() => parent()?.ownership);
    this.#graphOf = graphOf;
  }

  get size(): number {
    return this.#exits.length;
  }

  /** How many have come since it was closed: entries, and children that may have some. */
  get lateArrivals(): number {
    return this.#lateArrivals;
  }

  /** Whether there is anything to exit, as things are now. */
  get isOccupied(): boolean {
    return this.#exits.some(({ source }) => source.isIdle !== true);
  }

  get hasDrainHooks(): boolean {
    return this.#draining.length > 0;
  }

  /** Takes in an entry, last, unless its subject has its place already, or was disposed. */
  push(exit: Exit): void {
    const { subject, source } = exit;
    // What has no hooks cannot have them run twice, and most containers need no record of it.
    const isTaken =
      source.isIdle !== true &&
      (this.isDisposed(subject) || (source.isShared && this.ownership.isTakenBySibling(subject)));
    if (hasWork(source, isTaken) && !this.#isRepeated(exit)) {
      if (source.isShared && this.#exits.length >= this.#deduplicateAt) {
        this.deduplicate();
      }
      this.#add(exit);
    }
    if (this.#isClosed) {
      this.ownership.disposed.add(subject);
      this.#lateArrivals++;
    }
  }

  /** A child has come, in which something may be registered. */
  childArrived(): void {
    this.#lateArrivals++;
  }

  /** Takes the subject in even if it was released, or stands in for another. */
  readmit(subject: object): void {
    if (!this.#isClosed) {
      this.ownership.readmit(subject);
    }
  }

  /** What stands in for a subject, as a proxy does, is not exited beside it. */
  standsIn(standIn: object, subject: object): void {
    this.ownership.standsIn(standIn, subject);
  }

  /** A handler has returned it in the place of another, and both exit. */
  replaces(replacement: object, original: object): void {
    this.ownership.replaces(replacement, original);
  }

  /** What was made first of what stands in one place; the instance itself, if nothing else does. */
  rootOf(instance: object): object {
    return this.ownership.rootOf(instance);
  }

  isDisposed(subject: object): boolean {
    return this.ownership.isDisposed(subject);
  }

  /** The first entry of a subject. */
  entryOf(subject: object): Exit | undefined {
    if (this.#index === undefined) {
      this.#index = new Map();
      for (const exit of this.#exits) {
        if (!this.#index.has(exit.subject)) {
          this.#index.set(exit.subject, exit);
        }
      }
    }
    return this.#index.get(subject);
  }

  /** The entry of a subject that is to exit here and not in an ancestor. */
  ownedEntry(subject: object): Exit | undefined {
    const entry = this.entryOf(subject);
    return entry !== undefined && entry.source.isIdle !== true && this.owns(subject)
      ? entry
      : undefined;
  }

  /** Whether a subject has its place here and not in an ancestor, be there anything to exit or not. */
  owns(subject: object): boolean {
    return this.#hasPlace(subject) && !this.isOwnedByAncestor(subject);
  }

  /** Whether a callback belongs to a value. */
  isAdopted(value: unknown): boolean {
    return this.#exits.some(({ source }) => 'adopted' in source && source.adopted === value);
  }

  /** Whether a subject has an owner, here or further up, or had one. */
  isTracked(subject: object): boolean {
    return this.isDisposed(subject) || this.#hasPlace(subject) || this.isOwnedByAncestor(subject);
  }

  isOwnedByAncestor(subject: object): boolean {
    return this.#parent()?.isTracked(subject) === true;
  }

  #hasPlace(subject: object): boolean {
    const entry = this.entryOf(subject);
    return entry !== undefined && entry.source.isElsewhere !== true;
  }

  /** Whether an entry's subject exits in another place than this one. */
  isOwnedElsewhere({ subject, source }: Exit): boolean {
    // What a closed registry still holds was found so when it was closed.
    return (
      !this.#isClosed &&
      source.isShared &&
      (this.ownership.hasDisposed(subject) ||
        this.entryOf(subject)?.source !== source ||
        this.isOwnedByAncestor(subject))
    );
  }

  /** Drops what is there again. To look for that each time would cost more than to take it in. */
  deduplicate(): void {
    const seen = new Map<ExitSource, Set<object>>();
    this.#exits = this.#exits.filter((exit) => {
      const { subject, source } = exit;
      if (source.live === undefined || !source.isShared) {
        return true;
      }
      const subjects = seen.get(source) ?? new Set();
      const isAgain = subjects.has(subject);
      if (isAgain) {
        uncount(exit);
      } else {
        seen.set(source, subjects.add(subject));
      }
      return !isAgain;
    });
    this.#deduplicateAt = Math.max(this.#deduplicateAt, 2 * this.#exits.length);
  }

  /** Whether an entry matches that has something to exit. */
  hasOccupied(matches: (exit: Exit) => boolean): boolean {
    return this.#exits.some((exit) => matches(exit) && exit.source.isIdle !== true);
  }

  /** Removes every entry that matches, and returns them. */
  take(matches: (exit: Exit) => boolean): Exit[] {
    const taken = this.#exits.filter(matches);
    const [only, ...others] = taken;
    if (only !== undefined && others.length === 0) {
      // By far the usual case, and worth not copying the list.
      this.#exits.splice(this.#exits.lastIndexOf(only), 1);
    } else if (only !== undefined) {
      this.#exits = this.#exits.filter((exit) => !matches(exit));
    }
    if (only !== undefined) {
      this.#index = undefined;
      this.#draining = this.#draining.filter((exit) => !taken.includes(exit));
    }
    taken.forEach(uncount);
    return taken;
  }

  /** Removes the entry whose drain hooks run next. */
  nextToDrain(): Task | undefined {
    if (this.#useOrder !== undefined && this.#draining.length > 1) {
      this.#draining = this.#useOrder.sort(this.#draining, 'drain', this.#repeated);
    }
    const exit = this.#draining.pop();
    if (exit === undefined) {
      return undefined;
    }
    this.#drained ??= new Set();
    this.#drained.add(exit);
    return { exit, hooks: inPhase(exit.source.hooks, 'drain') };
  }

  /** The entry that exits next. */
  get last(): Exit | undefined {
    if (this.#useOrder !== undefined && !this.#isOrdered) {
      this.#isOrdered = true;
      this.#exits = this.#useOrder.sort(this.#exits, 'exit', this.#repeated);
    }
    return this.#exits.at(-1);
  }

  /** Removes the entry that exits next. */
  pop(): Task | undefined {
    const exit = this.last;
    if (exit === undefined) {
      return undefined;
    }
    this.#exits.pop();
    const { subject, source } = exit;
    if (source.isElsewhere !== true) {
      if (this.ownership.hasExited(subject) && source.handlersOnly?.() !== true) {
        return this.pop();
      }
      this.ownership.exits(subject);
    }
    source.exiting?.();
    const task = { exit, hooks: this.hooksOf(exit) };
    if (!exit.source.isPlain) {
      this.#draining = this.#draining.filter((each) => each !== exit);
    }
    return task;
  }

  /** The hooks of an entry that have not run, first those that drain. */
  hooksOf(exit: Exit, hooks: readonly ExitHook[] = exit.source.hooks): readonly ExitHook[] {
    if (exit.source.isPlain) {
      return hooks;
    }
    const isDrained = this.#drained?.has(exit) === true;
    return [...(isDrained ? [] : inPhase(hooks, 'drain')), ...inPhase(hooks, 'exit')];
  }

  /** What a disposal would run, in that order: with what has no entry yet, which exits last. */
  tasks(others: readonly Exit[]): { readonly drain: Task[]; readonly exit: Task[] } {
    const ordered = (exits: Exit[], phase: ExitPhase): Exit[] =>
      (this.#useOrder?.sort(exits, phase, repeated) ?? exits).slice().reverse();
    const draining = new Set(this.#draining);
    const repeated = this.#isClosed ? this.#repeated : this.#exits;
    return {
      drain: ordered([...draining], 'drain').map((exit) => ({
        exit,
        hooks: inPhase(exit.source.hooks, 'drain'),
      })),
      exit: ordered([...others, ...this.owned()], 'exit')
        .map((exit) => ({
          exit,
          hooks: draining.has(exit) ? inPhase(exit.source.hooks, 'exit') : this.hooksOf(exit),
        }))
        .filter(({ hooks }) => hooks.length > 0),
    };
  }

  /** The entries that declare to use one, as far as they were put into order with it. */
  usersOf(exit: Exit): readonly Exit[] {
    return this.#useOrder?.usersOf(exit) ?? noExits;
  }

  /** Notes that these are disposed, and need not be taken in again. */
  markDisposed(exits: readonly Exit[]): void {
    for (const { subject } of exits) {
      this.ownership.disposed.add(subject);
      this.ownership.exits(subject);
    }
  }

  /** From here on nothing that it holds, or held, is taken in once more. */
  close(): void {
    this.ownership.settle();
    // What it holds twice counts the first time.
    const exits = this.owned(this.#exits, this.ownership.disposed);
    if (exits.length < this.#exits.length) {
      this.#repeated = this.#exits;
    }
    this.#exits = exits;
    this.#isClosed = true;
    this.#lateArrivals = 0;
    this.#index = undefined;
    if (this.#draining.length > 0) {
      const held = new Set(this.#exits);
      this.#draining = this.#draining.filter((exit) => held.has(exit));
    }
  }

  /** Nothing is left to exit: keeps no entry that it has held. */
  end(): void {
    this.#repeated = [];
    this.#drained = undefined;
    this.#index = undefined;
    this.#useOrder?.end();
  }

  /** Each subject in the place of its first entry, if it was not disposed, and no ancestor owns it. */
  owned(
    exits: readonly Exit[] = this.#exits,
    seen: Set<object> | WeakSet<object> = new Set(),
  ): Exit[] {
    return exits.filter(({ subject, source }) => {
      const isElsewhere =
        source.isElsewhere === true ||
        seen.has(subject) ||
        (!this.#isClosed && this.ownership.hasDisposed(subject)) ||
        (source.isShared && this.isOwnedByAncestor(subject));
      if (!isElsewhere) {
        seen.add(subject);
      }
      return hasWork(source, isElsewhere);
    });
  }

  #add(exit: Exit): void {
    const { subject, source } = exit;
    this.#exits.push(exit);
    if (this.#index !== undefined && !this.#index.has(subject)) {
      this.#index.set(subject, exit);
    }
    if (source.live !== undefined) {
      source.live.count++;
    }
    if (!source.isPlain) {
      const { hooks } = source;
      if (hooks.some(({ phase }) => phase === 'drain')) {
        this.#draining.push(exit);
      }
      if (hooks.some(({ uses }) => uses !== undefined && uses.length > 0)) {
        this.#useOrder ??= new UseOrder(this.#graphOf);
      }
    }
    this.#isOrdered = false;
  }

  /** One value that is handed out again and again must not fill the registry. */
  #isRepeated({ subject, source }: Exit): boolean {
    const last = this.#exits.at(-1);
    return last?.subject === subject && last.source === source;
  }
}

function hasWork(source: ExitSource, isElsewhere: boolean): boolean {
  return !isElsewhere || source.handlersOnly?.() === true;
}

function inPhase(hooks: readonly ExitHook[], phase: ExitPhase): readonly ExitHook[] {
  return hooks.filter((hook) => (hook.phase ?? 'exit') === phase);
}

function uncount({ source: { live } }: Exit): void {
  if (live !== undefined) {
    live.count--;
  }
}
