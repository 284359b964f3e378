/** The promises about owners and exits, held against the facts of a run. */
import type { Get, Made, TreeWorld } from './tree-world.js';
import type { Bound, Tree } from './trees.js';

/** A value with hooks that some container has to exit. */
interface Owned {
  /** How the containers came to know of it. */
  readonly first: Made;
  /** Those that may exit it, the lowest first. There are several where the promises allow it. */
  readonly owners: readonly number[];
}

export class Model {
  /** What was promised and not kept. */
  readonly faults: string[] = [];
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
      const { binding, value } = first;
      const isOwn = tree.hasModule(binding.at) && !this.#isForeign(value);
      if (isOwn && 'exit' in value && !this.owned.has(value)) {
        this.owned.set(value, { first, owners: this.#ownersOf(first, get, made) });
      }
    }
    for (const value of this.#exits()) {
      if (!this.owned.get(value)?.owners.some((owner) => disposed.has(owner))) {
        this.#blame(value, 'was exited by a get');
      }
    }
    this.#checkNothingLost();
  }

  /** A singleton is exited with its binding. */
  checkUnbinding(binding: Bound): void {
    this.#checkOneAtATime();
    const isGone = (value: object): boolean =>
      binding.scope === 'singleton' && this.owned.get(value)?.first.binding === binding;
    for (const value of this.#exits()) {
      if (!isGone(value)) {
        this.#blame(value, 'was exited with the binding of another');
      }
      this.#byHand.add(value);
    }
    // Of an activation that has failed, Inversify keeps no instance.
    const isHeld = !this.#world.doubtful.has(binding);
    for (const value of this.owned.keys()) {
      if (isHeld && isGone(value) && !this.#exited.has(value)) {
        this.#blame(value, 'was unbound and not exited');
      }
    }
  }

  /** Children first, youngest first, and of each nothing but what is its own. */
  checkDisposal(containers: readonly number[]): void {
    this.#checkOneAtATime();
    const { tree, facts } = this.#world;
    const isSync = !tree.bindings.some(({ turns }) => turns > 0);
    let turn = 0;
    let last = Infinity;
    for (const value of this.#exits()) {
      const { owners = [], first } = this.owned.get(value) ?? {};
      const next = containers.findIndex((each, index) => index >= turn && owners.includes(each));
      if (next === -1) {
        this.#blame(value, `was exited in the turn of ${containers.slice(turn).join(', ')}`);
        continue;
      }
      last = next === turn ? last : Infinity;
      turn = next;
      if (isSync && first !== undefined && owners.length === 1) {
        const place = facts.indexOf(first);
        if (place > last) {
          this.#blame(value, 'was exited after what had been activated before it');
        }
        last = place;
      }
    }
    this.#checkNothingLost();
  }

  /** No dependency is exited before its dependent, unless it was unbound by hand. */
  checkOrder(): void {
    const { exits } = this.#world;
    const started = exits.filter(({ event }) => event === 'started');
    const position = new Map(started.map(({ value }, index) => [value, index]));
    const ended = new Map(exits.map(({ value }, index) => [value, index]));
    for (const [value, { first, owners }] of this.owned) {
      for (const dependency of this.#below(value, owners[0])) {
        const isOrdered =
          dependency !== value &&
          // What is in doubt may be taken for a part of a singleton, and its own parts for none, or
          // the other way round.
          owners.length === 1 &&
          this.owned.get(dependency)?.owners.length === 1 &&
          !this.#byHand.has(dependency) &&
          // It may have been exited before the dependent was made.
          (ended.get(dependency) ?? Infinity) >= first.exits;
        if (isOrdered && (position.get(value) ?? 0) > (position.get(dependency) ?? Infinity)) {
          this.#blame(dependency, `was exited before its dependent ${this.#world.nameOf(value)}`);
        }
      }
    }
  }

  #checkOneAtATime(): void {
    const exits = this.#world.exits.slice(this.#exitsSeen);
    for (const [index, { event, value }] of exits.entries()) {
      const next = exits[index + 1];
      if (event === 'started' && (next?.event !== 'ended' || next.value !== value)) {
        this.#blame(value, 'had not ended when the next was started');
      }
    }
  }

  /** Made by a container without the module, and handed on to several that have no one above them. */
  #isForeign(value: object): boolean {
    const { tree } = this.#world;
    const [first] = this.#facts.get(value) ?? [];
    return first !== undefined && !tree.hasModule(first.binding.at) && !tree.hasModule(0);
  }

  /** The values whose hooks a step has run, each once. */
  #exits(): object[] {
    const exits = this.#world.exits.slice(this.#exitsSeen);
    this.#exitsSeen = this.#world.exits.length;
    const started = exits
      .filter(({ event, value }) => event === 'started' && !this.#isForeign(value))
      .map(({ value }) => value);
    for (const value of started) {
      if (this.#exited.has(value)) {
        this.#blame(value, 'was exited again');
      }
      this.#exited.add(value);
    }
    return started;
  }

  /** No owner that is disposed has left anything. */
  #checkNothingLost(): void {
    for (const [value, { owners }] of this.owned) {
      if (!this.#exited.has(value) && owners.every((owner) => this.#world.disposed.has(owner))) {
        this.#blame(value, 'was lost');
      }
    }
  }

  #ownersOf({ binding, value }: Made, get: Get, made: readonly Made[]): number[] {
    const { tree } = this.#world;
    if (binding.scope === 'singleton') {
      return [binding.at];
    }
    let owner = tree.nearest(get.container);
    const others = new Set<number | undefined>();
    // Of a container without the module, and handed on by one that has it.
    const isForeign = this.#facts.get(value)?.[0]?.binding.scope === 'singleton';
    for (const { singleton, within } of this.#wholesOf(value, made)) {
      const above = tree.nearest(singleton.at);
      // A singleton of a container without the module has no owner, but will outlive the child.
      if (within && !isForeign && above === singleton.at && isAbove(tree, above, owner)) {
        owner = above;
      }
      others.add(above);
    }
    for (const [singleton, services] of get.attempts) {
      // While it was being activated, or if it never was, what the child itself has requested could
      // not be distinguished from its parts; nor, until it is, from those that both share in one request.
      const isUnclear = get.failed || tree.isAsync(singleton.service) || tree.mayBeShared(services);
      const isOpen = tree.isAsync(singleton.service) || !isMadeBefore(singleton, value, made);
      // The plans of a container without the module are shown to nobody.
      const isUnseen = !tree.hasModule(get.container);
      // One that has failed is not seen to have ended before the tick does, in which a value that
      // asks for several things at once may be given the others.
      const isUnended = get.failed && tree.bindings.some(({ kind }) => kind === 'dynamic');
      if (isOpen && (isUnseen || isUnended || (isUnclear && services.has(binding.service)))) {
        others.add(tree.nearest(singleton.at));
      }
    }
    const above = [...others].filter((other) => isAbove(tree, other, owner));
    return [owner, ...above].filter((each) => each !== undefined);
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

  /** The value, and what it is built from, as far as an order of exits can be kept. */
  #below(value: object, owner: number | undefined, below = new Set<object>()): Set<object> {
    const { tree } = this.#world;
    const facts = this.#facts.get(value) ?? [];
    const singleton = facts.find(({ binding }) => binding.scope === 'singleton')?.binding;
    // What nobody exits, or a child, may be built from what is exited with a child.
    const isCaptive =
      singleton !== undefined &&
      !(
        tree.hasModule(singleton.at) &&
        owner !== undefined &&
        tree.pathOf(owner).includes(singleton.at)
      );
    if (!isCaptive && !below.has(value)) {
      below.add(value);
      for (const dependency of facts[0]?.dependencies ?? []) {
        this.#below(dependency as object, owner, below);
      }
    }
    return below;
  }

  #blame(value: object, fault: string): void {
    const owners = this.owned.get(value)?.owners.join(' or ') ?? 'nobody';
    this.faults.push(`${this.#world.nameOf(value)}, owned by ${owners}, ${fault}`);
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
