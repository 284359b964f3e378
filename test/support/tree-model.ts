/** The promises about owners and exits, told from the facts of a run. */
import { expect } from '@jest/globals';

import type { Bound, Get, Made, Tree, TreeWorld } from './trees.js';

/** A value with hooks that some container has to exit. */
interface Owned {
  /** How the containers came to know of it. */
  readonly first: Made;
  /** Those that may exit it. There are several where the promises allow it. */
  readonly owners: readonly number[];
}

export class Model {
  readonly owned = new Map<object, Owned>();
  readonly #exited = new Set<object>();
  readonly #byHand = new Set<object>();
  readonly #facts = new Map<object, Made[]>();
  readonly #world: TreeWorld;
  #factsSeen = 0;
  #exitsSeen = 0;

  constructor(world: TreeWorld) {
    this.#world = world;
  }

  /** What has arrived for a container that is disposed is exited at once, and nothing else is. */
  checkGet(get: Get): void {
    const { facts, tree, disposed } = this.#world;
    const made = facts.slice(this.#factsSeen);
    this.#factsSeen = facts.length;
    for (const fact of made) {
      this.#facts.set(fact.value, [...(this.#facts.get(fact.value) ?? []), fact]);
    }
    for (const first of made) {
      if (
        tree.hasModule(first.binding.at) &&
        'exit' in first.value &&
        !this.owned.has(first.value)
      ) {
        this.owned.set(first.value, { first, owners: this.#ownersOf(first, get, made) });
      }
    }
    for (const value of this.#exits()) {
      const owners = this.owned.get(value)?.owners ?? [];
      expect({
        exited: this.#name(value),
        late: owners.some((each) => disposed.has(each)),
      }).toEqual({
        exited: this.#name(value),
        late: true,
      });
    }
    this.#checkNothingLost();
  }

  /** A singleton is exited with its binding. */
  checkUnbinding(binding: Bound): void {
    this.#checkOneAtATime();
    const gone = [...this.owned].filter(
      ([value, { first }]) =>
        first.binding === binding && binding.scope === 'singleton' && !this.#exited.has(value),
    );
    const exits = this.#exits();
    expect(exits.map((value) => this.#name(value))).toEqual(
      gone.map(([value]) => this.#name(value)),
    );
    exits.forEach((value) => this.#byHand.add(value));
  }

  /** Children first, youngest first, and of each nothing but what is its own. */
  checkDisposal(containers: readonly number[]): void {
    this.#checkOneAtATime();
    const { tree } = this.#world;
    const strict = !tree.bindings.some(({ turns }) => turns > 0);
    let turn = 0;
    let last = Infinity;
    for (const value of this.#exits()) {
      const { owners = [], first = undefined } = this.owned.get(value) ?? {};
      const next = containers.findIndex((each, index) => index >= turn && owners.includes(each));
      if (next === -1) {
        const whose = owners.length === 0 ? 'nobody' : owners.join(' or ');
        const turnOf = containers.slice(turn).join(', ');
        expect(`${this.#name(value)} of ${whose}, in the turn of ${turnOf}`).toBe('not exited');
      }
      last = next === turn ? last : Infinity;
      turn = next;
      if (strict && first !== undefined && owners.length === 1) {
        const place = this.#world.facts.indexOf(first);
        expect(place).toBeLessThan(last);
        last = place;
      }
    }
    this.#checkNothingLost();
  }

  /** No dependency is exited before its dependent, unless it was unbound by hand. */
  checkOrder(): void {
    const started = this.#world.exits.filter(({ event }) => event === 'started');
    const position = new Map(started.map(({ value }, index) => [value, index]));
    const event = new Map(this.#world.exits.map(({ value }, index) => [value, index]));
    for (const [value, { first, owners }] of this.owned) {
      for (const dependency of this.#below(value, owners[0])) {
        const isExempt =
          dependency === value ||
          !this.owned.has(dependency) ||
          this.#byHand.has(dependency) ||
          // It may have been exited before the dependent was made.
          (event.get(dependency) ?? Infinity) < first.exits;
        const inOrder = (position.get(value) ?? Infinity) < (position.get(dependency) ?? -1);
        const pair = `${this.#name(value)} before ${this.#name(dependency)}`;
        expect({ [pair]: isExempt || inOrder }).toEqual({ [pair]: true });
      }
    }
  }

  #checkOneAtATime(): void {
    const exits = this.#world.exits.slice(this.#exitsSeen);
    const log = exits.map(({ value, event }) => `${event} ${this.#name(value)}`);
    const started = exits.filter(({ event }) => event === 'started');
    expect(log).toEqual(
      started.flatMap(({ value }) => [
        `started ${this.#name(value)}`,
        `ended ${this.#name(value)}`,
      ]),
    );
  }

  /** The values whose hooks a step has run, each once. */
  #exits(): object[] {
    const exits = this.#world.exits.slice(this.#exitsSeen);
    this.#exitsSeen = this.#world.exits.length;
    const started = exits.filter(({ event }) => event === 'started').map(({ value }) => value);
    for (const value of started) {
      expect({ exited: this.#name(value), again: this.#exited.has(value) }).toEqual({
        exited: this.#name(value),
        again: false,
      });
      this.#exited.add(value);
    }
    return started;
  }

  #checkNothingLost(): void {
    const { disposed } = this.#world;
    const lost = [...this.owned].filter(
      ([value, { owners }]) =>
        !this.#exited.has(value) && owners.every((owner) => disposed.has(owner)),
    );
    expect(lost.map(([value]) => this.#name(value))).toEqual([]);
  }

  /** The first is the lowest of them. */
  #ownersOf({ binding, value }: Made, get: Get, made: readonly Made[]): number[] {
    const { tree } = this.#world;
    if (binding.scope === 'singleton') {
      return [binding.at];
    }
    let [owner] = tree.pathOf(get.container).filter((each) => tree.hasModule(each));
    const isShared = this.#facts.get(value)?.[0]?.binding.scope === 'singleton';
    const others = new Set<number | undefined>();
    for (const { singleton, within } of this.#wholesOf(value, made)) {
      const above = tree.nearest(singleton.at);
      // One of a container without the module has no owner, though it will outlive the child; and
      // what is handed on of such a container may be somebody else's, too.
      if (within && !isShared && above === singleton.at && isAbove(tree, above, owner)) {
        owner = above;
      }
      others.add(above);
    }
    for (const [singleton, services] of get.attempts) {
      // While it is being activated, or when it never was, its parts may look like the child's own,
      // and the child's own like its parts.
      const parting = get.failed || tree.isAsync(singleton.service);
      if (parting && services.has(binding.service) && !isMadeBefore(singleton, value, made)) {
        others.add(tree.nearest(singleton.at));
      }
    }
    return [owner, ...[...others].filter((other) => isAbove(tree, other, owner))].filter(
      (each) => each !== undefined,
    );
  }

  /** The singletons that it is part of, through what is no singleton or otherwise. */
  *#wholesOf(
    value: unknown,
    made: readonly Made[],
    through = true,
  ): Iterable<{ singleton: Bound; within: boolean }> {
    let within = through;
    for (const holder of made.filter(({ dependencies }) => dependencies.includes(value))) {
      const isAlias = holder.value === value;
      const isSingleton = holder.binding.scope === 'singleton';
      if (isSingleton) {
        yield { singleton: holder.binding, within };
      }
      if (!isAlias) {
        yield* this.#wholesOf(holder.value, made, within && !isSingleton);
      } else if (isSingleton) {
        // Others may have got the value from this one.
        within = false;
      }
    }
  }

  /** What it is built from, as far as an order of exits can be kept. */
  #below(value: object, owner: number | undefined, below = new Set<object>()): Set<object> {
    const { tree } = this.#world;
    const facts = this.#facts.get(value) ?? [];
    // A singleton that nobody exits, or that is exited with a child: so may be what it is built from.
    const singleton = facts.find(({ binding }) => binding.scope === 'singleton')?.binding;
    const isLost =
      singleton !== undefined &&
      !(
        tree.hasModule(singleton.at) &&
        owner !== undefined &&
        tree.pathOf(owner).includes(singleton.at)
      );
    if (!isLost && !below.has(value)) {
      below.add(value);
      for (const dependency of facts[0]?.dependencies ?? []) {
        this.#below(dependency as object, owner, below);
      }
    }
    return below;
  }

  #name(value: object): string {
    return this.#world.nameOf(value);
  }
}

function isAbove(tree: Tree, other: number | undefined, owner: number | undefined): boolean {
  return other !== undefined && owner !== undefined && tree.isBelow(owner, other);
}

function isMadeBefore(singleton: Bound, value: object, made: readonly Made[]): boolean {
  const before = made.slice(
    0,
    made.findIndex((each) => each.value === value),
  );
  return before.some(({ binding }) => binding === singleton);
}
