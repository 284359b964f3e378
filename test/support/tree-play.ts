/** Plays a drawn tree with one collector, and holds the model against what happens. */
import { expect } from '@jest/globals';

import type { TreeCollector } from './tree-collectors.js';
import { Exits } from './tree-exits.js';
import { endsProcess, failingHooks, failureFault } from './tree-failures.js';
import { expectationOf, Model, type Expectation } from './tree-model.js';
import { TreeWorld, type Made } from './tree-world.js';
import { describeStep, isCached, type Bound, type Request, type Step, type Tree } from './trees.js';

/** Takes the steps that a tree was drawn with, and after each asks the model what was promised. */
export class Play {
  readonly covered = {
    'three levels': false,
    'without the module': false,
    "a parent's singleton through a child": false,
    'with parts of its own': false,
    'of nested singletons': false,
    'asked for late': false,
    'through kept contexts': false,
    'through those of a disposed child': false,
    'with a request of its own': false,
    'captive dependencies': false,
    'failed activations': false,
    async: false,
    unbindings: false,
    'early disposals': false,
    'requested when disposed': false,
  };
  readonly #tree: Tree;
  readonly #world: TreeWorld;
  readonly #model: Model;
  readonly #exits: Exits;
  readonly #collector: TreeCollector;

  constructor(tree: Tree, Collector: new (world: TreeWorld) => TreeCollector) {
    this.#tree = tree;
    this.#world = new TreeWorld(tree);
    this.#model = new Model(this.#world);
    this.#exits = new Exits(this.#world, this.#model);
    this.#collector = new Collector(this.#world);
  }

  async run(): Promise<void> {
    const { sites, first, steps } = this.#tree;
    this.covered['three levels'] = sites.some(({ depth }) => depth === 2);
    this.covered['without the module'] = sites.some(({ module }) => !module);
    while (this.#world.containers.length < first) {
      this.#create();
    }
    for (const step of steps) {
      await this.#take(step);
      // What follows from a fault is no fault of its own.
      expect(this.#exits.faults).toEqual([]);
    }
    for (const container of this.#tree.topmost()) {
      await this.#dispose(container);
    }
    this.#exits.checkOrder();
    expect(this.#exits.faults).toEqual([]);
  }

  async #take(step: Step): Promise<void> {
    const { containers, exits } = this.#world;
    const before = exits.length;
    switch (step.act) {
      case 'create':
        this.#create();
        break;
      case 'get':
      case 'use':
        await this.#get(step);
        break;
      case 'unbind':
        await this.#unbind(step.binding);
        this.covered.unbindings ||= exits.length > before;
        break;
      case 'dispose':
        await this.#dispose(step.container % containers.length);
        this.covered['early disposals'] ||= exits.length > before;
        break;
    }
  }

  #create(): void {
    const { containers } = this.#world;
    const index = containers.length;
    const site = this.#tree.sites[index];
    if (site !== undefined && !this.#world.isClosed(index)) {
      const parent = site.parent === undefined ? undefined : containers[site.parent];
      const container = this.#collector.createContainer(index, parent);
      containers.push(container);
      this.#world.bindTo(container, this.#world.boundIn(index));
    }
  }

  async #get(step: Request): Promise<void> {
    const world = this.#world;
    const expected = expectationOf(this.#model, world, step);
    if (expected === undefined || !this.#isPlayable(expected, step)) {
      return;
    }
    const before = world.facts.length;
    const failure = await this.#collector.get(step).then(
      () => undefined,
      (error: unknown) => error ?? 'unknown',
    );
    await world.settled();
    const made = world.facts.slice(before);
    this.#model.settle(expected, made, failure !== undefined);
    const request = describeStep(step);
    const fault = failureFault(world, expected, this.#containerOf(step), failure);
    this.#exits.faults.push(...(fault === undefined ? [] : [`${request}: ${fault}`]));
    this.#exits.checkGet(made);
    this.#recordCases(step, expected, failure, made);
  }

  /** What cannot be foretold, and what would end this process, is not played. */
  #isPlayable(expected: Expectation, step: Request): boolean {
    const { isUnclear, sharesRequest, parts } = expected;
    const { disposed } = this.#world;
    const container = this.#containerOf(step);
    if (container !== undefined && disposed.has(container)) {
      return true;
    }
    const isBeyondHand =
      sharesRequest || parts.some(({ binding }) => isCached(binding) && disposed.has(binding.at));
    return !(
      isUnclear ||
      endsProcess(this.#world, expected) ||
      (isBeyondHand && this.#collector.isByHand === true)
    );
  }

  #containerOf(step: Request): number | undefined {
    return step.act === 'get' ? step.container % this.#world.containers.length : undefined;
  }

  #recordCases(
    step: Request,
    expected: Expectation,
    failure: unknown,
    made: readonly Made[],
  ): void {
    const tree = this.#tree;
    const { covered } = this;
    const fails = (why: string): boolean =>
      failure !== undefined && expected.failures.some((each) => each.why === why);
    covered['captive dependencies'] ||= fails('captive');
    covered['requested when disposed'] ||= fails('disposed');
    covered['failed activations'] ||= String(failure).includes('drawn to fail');
    covered['with a request of its own'] ||= expected.sharesRequest && made.length > 0;
    for (const fact of made) {
      const { binding } = fact;
      const { asker, owner } = this.#model.partOf(fact) ?? {};
      const { singleton, container = binding.at } = asker ?? {};
      const isPart = singleton !== undefined && singleton !== binding && owner !== undefined;
      covered.async ||= binding.turns > 0;
      covered["a parent's singleton through a child"] ||= singleton === binding;
      covered['with parts of its own'] ||= isPart;
      covered['asked for late'] ||= isPart && singleton.asksLate && singleton.turns > 0;
      covered['of nested singletons'] ||=
        singleton !== undefined && isCached(binding) && tree.isBelow(binding.at, singleton.at);
      covered['through kept contexts'] ||= isPart && step.act === 'use';
      covered['through those of a disposed child'] ||=
        isPart && step.act === 'use' && this.#world.isClosed(container);
    }
  }

  async #unbind(binding: Bound): Promise<void> {
    const { containers, unbound } = this.#world;
    if (unbound.has(binding) || !(binding.at in containers)) {
      return;
    }
    const bindings = this.#world.boundWith(binding);
    if (bindings.length > 1 && bindings.some(({ hook }) => failingHooks.includes(hook))) {
      // Inversify exits several at once: how far it comes, and what it keeps, is left open.
      return;
    }
    await this.#collector.unbind(binding).then(
      () => {
        bindings.forEach((each) => unbound.add(each));
      },
      // Inversify keeps the binding of a hook, or of an activation, that has failed.
      () => {
        this.#model.forgetExited(bindings);
      },
    );
    this.#exits.checkUnbinding(bindings);
  }

  async #dispose(container: number): Promise<void> {
    const { containers, disposed } = this.#world;
    if (this.#tree.hasModule(container) && container in containers) {
      const live = this.#tree
        .disposedWith(container)
        .filter((each) => each in containers && !disposed.has(each));
      await this.#collector.dispose(container);
      live.forEach((each) => disposed.add(each));
      this.#model.forgetSingletons(live);
      this.#exits.checkDisposal(live);
    }
  }
}
