/** The order of entries when hooks declare what they use (`@OnExit({ uses })`). */
import type { ExitPhase } from '../hooks/exit-hook.js';
import { warn } from '../shared/warning.js';
import type { Exit } from './exit.js';

/** What is known of the entries of one container. */
export interface ExitGraph {
  /** The entries that the hooks of one declare to use which run in a phase. */
  usedBy(exit: Exit, phase: ExitPhase): Iterable<Exit>;
  /** The entries that one was built from, as far as that is known. */
  dependenciesOf(exit: Exit): Iterable<Exit>;
}

/**
 * Reads the graph of entries.
 *
 * @param repeated entries of the same subjects, under other services.
 */
export type GraphOf = (exits: readonly Exit[], repeated: readonly Exit[]) => ExitGraph;

/** For each entry, those that exit before it. */
type Earlier = ReadonlyMap<Exit, Exit[]>;

/** Puts entries into the order in which the last one exits first. */
export class UseOrder {
  readonly #graphOf: GraphOf;
  // The entries are sorted again whenever one comes; each cycle is worth one warning.
  readonly #warned = new Set<string>();
  #users = new Map<Exit, Exit[]>();

  constructor(graphOf: GraphOf) {
    this.#graphOf = graphOf;
  }

  /** Keeps no entry. */
  end(): void {
    this.#users.clear();
  }

  /** The entries that declare to use one, when they were last sorted. */
  usersOf(exit: Exit): readonly Exit[] {
    return this.#users.get(exit) ?? [];
  }

  /**
   * Keeps the order of activation, but for what is used: its users exit before it, and before them
   * what depends on them.
   */
  sort(exits: readonly Exit[], phase: ExitPhase, repeated: readonly Exit[]): Exit[] {
    const earlier = this.#earlier(exits, phase, this.#graphOf(exits, repeated));
    const exiting: Exit[] = [];
    const seen = new Set<Exit>();
    // With a stack of its own: a chain of users may be longer than the engine's.
    const path: Exit[] = [];
    const visit = (exit: Exit): void => {
      if (!seen.has(exit)) {
        seen.add(exit);
        path.push(exit);
      }
    };
    for (const youngest of exits.slice().reverse()) {
      visit(youngest);
      for (let exit = path.at(-1); exit !== undefined; exit = path.at(-1)) {
        // Taken out, so that none is looked at twice.
        const before = earlier.get(exit)?.pop();
        if (before === undefined) {
          exiting.push(exit);
          path.pop();
        } else {
          visit(before);
        }
      }
    }
    return exiting.reverse();
  }

  #earlier(exits: readonly Exit[], phase: ExitPhase, graph: ExitGraph): Earlier {
    const ages = new Map(exits.map((exit, age) => [exit, age]));
    const age = (exit: Exit): number => ages.get(exit) ?? Infinity;
    const earlier = new Map<Exit, Exit[]>(exits.map((exit) => [exit, []]));
    this.#users = new Map();
    for (const exit of exits) {
      for (const dependency of graph.dependenciesOf(exit)) {
        // What was activated before something was not built from it.
        if (age(dependency) < age(exit)) {
          earlier.get(dependency)?.push(exit);
        }
      }
    }
    // Oldest first, so that of the edges of a cycle that of the youngest instance is left out.
    for (const exit of exits) {
      for (const used of graph.usedBy(exit, phase)) {
        if (used !== exit && earlier.has(used)) {
          this.#addUser(used, exit, earlier);
        }
      }
    }
    for (const used of this.#users.keys()) {
      earlier.get(used)?.sort((one, other) => age(one) - age(other));
    }
    return earlier;
  }

  #addUser(used: Exit, user: Exit, earlier: Earlier): void {
    if (exitsBefore(used, user, earlier)) {
      this.#leaveOut(user, used);
    } else {
      earlier.get(used)?.push(user);
      const users = this.#users.get(used) ?? [];
      this.#users.set(used, users);
      users.push(user);
    }
  }

  #leaveOut(exit: Exit, used: Exit): void {
    const [user, service] = [exit.source.service, used.source.service];
    const edge = `${user} → ${service}`;
    if (!this.#warned.has(edge)) {
      this.#warned.add(edge);
      warn(
        'USES',
        `An exit hook of ${user} declares that it uses ${service}, which exits before ${user}, since ` +
          `it depends on ${user} or its hooks declare that they use it. The declaration is left out: ` +
          `the hook finds ${service} closed. Remove one of the two, or move what needs ${service} ` +
          'into a hook of another service.',
      );
    }
  }
}

/** Whether one entry is known to exit before another, be it by way of others. */
function exitsBefore(exit: Exit, other: Exit, earlier: Earlier): boolean {
  const seen = new Set<Exit>();
  const ahead = [other];
  for (let each = ahead.pop(); each !== undefined; each = ahead.pop()) {
    /* istanbul ignore next -- each entry has its list */
    for (const before of earlier.get(each) ?? []) {
      if (before === exit) {
        return true;
      }
      if (!seen.has(before)) {
        seen.add(before);
        ahead.push(before);
      }
    }
  }
  return false;
}
