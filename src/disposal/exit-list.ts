/** What one container owns, in the order of activation, and each instance once. */
import type { Exit, ExitSource } from './exit.js';

export class ExitList {
  readonly #above: () => ExitList | undefined;
  /** What is not taken in again: what was exited by itself, and all that a closed list has held. */
  readonly #met = new WeakSet();
  // Weak maps cost each garbage collection, and few containers need one.
  #standIns: WeakMap<object, object> | undefined;
  #exits: Exit[] = [];
  #closed = false;
  /** With so many entries it is looked through for those that it holds twice. */
  #tidyAt = 1_000;
  /** Stands for this list, without keeping it. */
  readonly #mark = {};
  /** Of the topmost list: which list has taken in what is handed on. */
  #handedOn: WeakMap<object, object> | undefined;

  /** @param above the list of the container around, which may own what is handed on here. */
  constructor(above: () => ExitList | undefined) {
    this.#above = above;
  }

  get size(): number {
    return this.#exits.length;
  }

  /** Takes in an entry, last, unless its subject has its place already, or was exited. */
  push(exit: Exit): void {
    const { subject, source } = exit;
    const isTaken = this.hasMet(subject) || (source.shared && this.#isTakenElsewhere(subject));
    if (hasWork(source, isTaken) && !this.#isAgain(exit)) {
      if (source.shared && this.#exits.length >= this.#tidyAt) {
        this.tidy();
      }
      this.#exits.push(exit);
      if (source.tally !== undefined) {
        source.tally.live++;
      }
    }
    if (this.#closed) {
      this.#met.add(subject);
    }
  }

  /** Takes the subject in even if it was released, or stands in for another. */
  readmit(subject: object): void {
    if (!this.#closed) {
      this.#met.delete(subject);
      this.#standIns?.delete(subject);
    }
  }

  /** What stands in for a subject, as a proxy does, is not exited beside it. */
  ignore(standIn: object, subject: object): void {
    this.#standIns ??= new WeakMap();
    this.#standIns.set(standIn, subject);
  }

  /** What an object stands in for; itself, if it does not. */
  subjectOf(instance: object): object {
    return this.#standIns?.get(instance) ?? instance;
  }

  hasMet(subject: object): boolean {
    return this.#met.has(subject) || this.#standIns?.has(subject) === true;
  }

  /** The entry of a subject that is to be exited here and not further up. */
  ownedEntry(subject: object): Exit | undefined {
    const entry = this.#exits.find((exit) => exit.subject === subject);
    return entry === undefined || this.isOwnedAbove(subject) ? undefined : entry;
  }

  /** Whether a subject has an owner, here or further up, or had one. */
  knows(subject: object): boolean {
    return this.hasMet(subject) || this.#holds(subject) || this.isOwnedAbove(subject);
  }

  /** Whether an entry's subject is exited in another place than this one. */
  isElsewhere({ subject, source }: Exit): boolean {
    // What a closed list still holds was told so when it was closed.
    return (
      !this.#closed &&
      source.shared &&
      (this.#met.has(subject) ||
        this.#exits.find((exit) => exit.subject === subject)?.source !== source ||
        this.isOwnedAbove(subject))
    );
  }

  /** Drops what is there again. To look for that each time would cost more than to take it in. */
  tidy(): void {
    const seen = new Map<ExitSource, Set<object>>();
    this.#exits = this.#exits.filter((exit) => {
      const { subject, source } = exit;
      if (source.tally === undefined || !source.shared) {
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
    this.#tidyAt = Math.max(this.#tidyAt, 2 * this.#exits.length);
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
    taken.forEach(uncount);
    return taken;
  }

  /** Removes the last entry, and returns it. */
  pop(): Exit | undefined {
    return this.#exits.pop();
  }

  /** Notes that these are exited, and need not be taken in again. */
  meet(exits: readonly Exit[]): void {
    for (const { subject } of exits) {
      this.#met.add(subject);
    }
  }

  /** From here on nothing that it holds, or held, is taken in once more. */
  close(): void {
    // What it holds twice is met the first time.
    this.#exits = this.owned(this.#exits, this.#met);
    this.#closed = true;
  }

  /** Each subject in the place of its first entry, if it was not exited, and is not owned above. */
  owned(
    exits: readonly Exit[] = this.#exits,
    seen: Set<object> | WeakSet<object> = new Set(),
  ): Exit[] {
    return exits.filter(({ subject, source }) => {
      const isElsewhere =
        seen.has(subject) ||
        (!this.#closed && this.#met.has(subject)) ||
        (source.shared && this.isOwnedAbove(subject));
      seen.add(subject);
      return hasWork(source, isElsewhere);
    });
  }

  isOwnedAbove(subject: object): boolean {
    return this.#above()?.knows(subject) === true;
  }

  /** One value that containers side by side hand on is that one's which has it first. */
  #isTakenElsewhere(subject: object): boolean {
    const topmost = this.#topmost;
    if (topmost !== this) {
      topmost.#handedOn ??= new WeakMap();
    }
    // Not asked for by those below, it need not be known to them what the topmost one has: they look.
    const first = topmost.#handedOn?.get(subject);
    if (first === undefined) {
      topmost.#handedOn?.set(subject, this.#mark);
    }
    return first !== undefined && first !== this.#mark;
  }

  get #topmost(): ExitList {
    const above = this.#above();
    return above === undefined ? this : above.#topmost;
  }

  #holds(subject: object): boolean {
    return this.#exits.some((exit) => exit.subject === subject);
  }

  /** One value that is handed out again and again must not fill the list. */
  #isAgain({ subject, source }: Exit): boolean {
    const last = this.#exits.at(-1);
    return last?.subject === subject && last.source === source;
  }
}

function hasWork(source: ExitSource, isElsewhere: boolean): boolean {
  return !isElsewhere || source.apart?.() === true;
}

function uncount({ source: { tally } }: Exit): void {
  if (tally !== undefined) {
    tally.live--;
  }
}
