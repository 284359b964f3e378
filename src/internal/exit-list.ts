/** What one container owns, in the order of activation, and each instance once. */
import type { Exit } from './exit-run.js';

export class ExitList {
  readonly #parent: ExitList | undefined;
  /** What is not taken in again: what was released, and all that a closed list has ever held. */
  readonly #met = new WeakSet();
  readonly #standIns = new WeakMap<object, object>();
  #exits: Exit[] = [];
  #closed = false;

  constructor(parent?: ExitList) {
    this.#parent = parent;
  }

  /** Takes in an entry, last, unless its subject has its place already, or was exited. */
  push(exit: Exit): void {
    const { subject, source } = exit;
    const last = this.#exits.at(-1);
    // One value that is handed out again and again must not fill the list.
    const again = last?.subject === subject && last.source === source;
    if (!again && !this.hasMet(subject)) {
      this.#exits.push(exit);
    }
    if (this.#closed) {
      this.#met.add(subject);
    }
  }

  /** Takes the subject in even if it was released, or stands in for another. */
  readmit(subject: object): void {
    if (!this.#closed) {
      this.#met.delete(subject);
      this.#standIns.delete(subject);
    }
  }

  /** What stands in for a subject, as a proxy does, is not exited beside it. */
  ignore(standIn: object, subject: object): void {
    this.#standIns.set(standIn, subject);
  }

  /** What an object stands in for; itself, if it does not. */
  subjectOf(instance: object): object {
    return this.#standIns.get(instance) ?? instance;
  }

  hasMet(subject: object): boolean {
    return this.#met.has(subject) || this.#standIns.has(subject);
  }

  /** Removes every entry that matches, and returns them. */
  take(matches: (exit: Exit) => boolean): Exit[] {
    const taken = this.#exits.filter(matches);
    if (taken.length > 1) {
      this.#exits = this.#exits.filter((exit) => !matches(exit));
    } else {
      // By far the usual case, and worth not copying the list.
      taken.forEach((exit) => this.remove(exit));
    }
    return taken;
  }

  /** Removes an entry, and tells whether it was there. */
  remove(exit: Exit): boolean {
    const index = this.#exits.lastIndexOf(exit);
    if (index >= 0) {
      this.#exits.splice(index, 1);
    }
    return index >= 0;
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
    this.#closed = true;
    this.#exits = this.owned(this.#exits, this.#met);
  }

  /** Each subject in the place of its first entry, if it was not met, and is not owned above. */
  owned(exits: readonly Exit[] = this.#exits, met = new WeakSet()): Exit[] {
    return exits.filter(({ subject, source }) => {
      const owned = !met.has(subject) && !(source.shared && this.#isOwnedAbove(subject));
      met.add(subject);
      return owned;
    });
  }

  #isOwnedAbove(subject: object): boolean {
    const parent = this.#parent;
    return (
      parent !== undefined &&
      (parent.hasMet(subject) ||
        parent.#exits.some((exit) => exit.subject === subject) ||
        parent.#isOwnedAbove(subject))
    );
  }
}
