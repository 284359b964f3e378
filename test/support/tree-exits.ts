/** The promises about exits, held against the facts of a run and the owners of the model. */
import type { Model } from './tree-model.js';
import type { Made, TreeWorld } from './tree-world.js';
import type { Bound } from './trees.js';

/** A value with hooks that some container has to exit. */
interface Owned {
  /** How the containers came to know of it. */
  readonly first: Made;
  readonly owner: number;
}

export class Exits {
  /** What was promised and not kept. */
  readonly faults: string[] = [];
  readonly owned = new Map<object, Owned>();
  readonly #exited = new Set<object>();
  readonly #byHand = new Set<object>();
  readonly #world: TreeWorld;
  readonly #model: Model;
  #exitsSeen = 0;

  constructor(world: TreeWorld, model: Model) {
    this.#world = world;
    this.#model = model;
  }

  /** What has arrived for a container that is disposed is exited at once, and nothing else is. */
  checkGet(made: readonly Made[]): void {
    for (const first of made) {
      const { binding, value } = first;
      const part = this.#model.partOf(first);
      if (part === undefined) {
        this.#blame(value, 'was not expected to be made');
      }
      const owner = part?.owner;
      const isCollected = this.#world.tree.hasModule(binding.at) && !this.#isForeign(value);
      if (isCollected && owner !== undefined && !this.owned.has(value)) {
        this.owned.set(value, { first, owner });
      }
    }
    for (const value of this.#exits()) {
      if (!this.#world.disposed.has(this.owned.get(value)?.owner ?? -1)) {
        this.#blame(value, 'was exited by a get');
      }
    }
    this.#checkNothingLost();
  }

  /** A singleton is exited with its binding. */
  checkUnbinding(bindings: readonly Bound[]): void {
    if (bindings.length === 1) {
      this.#checkOneAtATime();
    }
    const isGone = (value: object): boolean => {
      const binding = this.owned.get(value)?.first.binding;
      return binding?.scope === 'singleton' && bindings.includes(binding);
    };
    for (const value of this.#exits()) {
      if (!isGone(value)) {
        this.#blame(value, 'was exited with the binding of another');
      }
      this.#byHand.add(value);
    }
    for (const [value, { first }] of this.owned) {
      // Of an activation that has failed, Inversify keeps no instance.
      const isHeld = this.#model.partOf(first)?.isRefused === false;
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
      const { owner, first } = this.owned.get(value) ?? {};
      const next = containers.findIndex((each, index) => index >= turn && owner === each);
      if (next === -1) {
        this.#blame(value, `was exited in the turn of ${containers.slice(turn).join(', ')}`);
        continue;
      }
      last = next === turn ? last : Infinity;
      turn = next;
      if (isSync && first !== undefined) {
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
    const { exits, facts, tree } = this.#world;
    const started = exits.filter(({ event }) => event === 'started');
    const position = new Map(started.map(({ value }, index) => [value, index]));
    const ended = new Map(exits.map(({ value }, index) => [value, index]));
    for (const [value, { first, owner }] of this.owned) {
      const path = tree.pathOf(owner);
      for (const dependency of this.#below(value)) {
        const known = this.owned.get(dependency);
        const isOrdered =
          dependency !== value &&
          // What a descendant has that has no hooks may hold more of the descendant's.
          known !== undefined &&
          path.includes(known.owner) &&
          // What a container without the module has made is known when another hands it on.
          facts.indexOf(known.first) < facts.indexOf(first) &&
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
    const { tree, facts } = this.#world;
    const first = facts.find((each) => each.value === value);
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
    for (const [value, { owner }] of this.owned) {
      if (!this.#exited.has(value) && this.#world.disposed.has(owner)) {
        this.#blame(value, 'was lost');
      }
    }
  }

  /** What the value is built from. */
  #below(value: object, below = new Set<object>()): Set<object> {
    const made = this.#world.facts.find((each) => each.value === value);
    for (const dependency of (made?.dependencies ?? []) as object[]) {
      if (!below.has(dependency)) {
        below.add(dependency);
        this.#below(dependency, below);
      }
    }
    return below;
  }

  #blame(value: object, fault: string): void {
    const owner = this.owned.get(value)?.owner ?? 'nobody';
    this.faults.push(`${this.#world.nameOf(value)}, owned by ${String(owner)}, ${fault}`);
  }
}
