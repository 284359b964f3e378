/** Plays a drawn tree with one collector, and holds the model against what happens. */
import { expect } from '@jest/globals';

import type { TreeCollector } from './tree-collectors.js';
import { Foresight } from './tree-foresight.js';
import { Model } from './tree-model.js';
import { TreeWorld, type Get, type Made } from './tree-world.js';
import type { Bound, Step, Tree } from './trees.js';

/** Takes the steps that a tree was drawn with, and after each asks the model what was promised. */
export class Play {
  readonly covered = {
    'three levels': false,
    'without the module': false,
    "a parent's singleton through a child": false,
    'with transients of its own': false,
    conflicts: false,
    'failed activations': false,
    async: false,
    unbindings: false,
    'early disposals': false,
    'requested when disposed': false,
  };
  readonly #tree: Tree;
  readonly #world: TreeWorld;
  readonly #model: Model;
  readonly #collector: TreeCollector;

  constructor(tree: Tree, Collector: new (world: TreeWorld) => TreeCollector) {
    this.#tree = tree;
    this.#world = new TreeWorld(tree);
    this.#model = new Model(this.#world);
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
      expect(this.#model.faults).toEqual([]);
    }
    for (const container of this.#tree.topmost()) {
      await this.#dispose(container);
    }
    this.#model.checkOrder();
    expect(this.#model.faults).toEqual([]);
  }

  async #take(step: Step): Promise<void> {
    const { containers, exits } = this.#world;
    const before = exits.length;
    switch (step.act) {
      case 'create':
        this.#create();
        break;
      case 'get':
        await this.#get(step.container % containers.length, step.service);
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
      this.#world.bindTo(container, index, this.#collector.observe);
    }
  }

  async #get(container: number, service: number): Promise<void> {
    const world = this.#world;
    const foresight = new Foresight(world, container, service);
    // Where one thing fails while another that will fail is in flight, Inversify leaves the other's
    // rejection unhandled; and nobody awaits what is exited at once. Either would end this process.
    const failsTwice =
      foresight.failures > 1 ||
      // A value that asks for several things may be refused several.
      [...foresight.attempts].some(([attempt, services]) => {
        const parts = this.#tree.bindings.filter((each) => services.has(each.service));
        return (
          parts.some((each) => each.hook !== 'none' && this.#tree.isBelow(each.at, attempt.at)) &&
          [attempt, ...parts].some(({ kind }) => kind !== 'class')
        );
      });
    if ((world.isAsync(service) && failsTwice) || foresight.failsLate) {
      return;
    }
    const get: Get = { container, service, attempts: foresight.attempts, failed: false };
    world.current = get;
    const before = world.facts.length;
    const failure = await this.#collector.get(container, service).then(
      () => undefined,
      (error: unknown) => error ?? 'unknown',
    );
    get.failed = failure !== undefined;
    await world.settled();
    const made = world.facts.slice(before);
    this.#model.faults.push(...foresight.faults(failure, made));
    this.#model.checkGet(get);
    world.doubtFailed(get, made);
    this.#recordCases(container, foresight, failure, made);
  }

  #recordCases(
    container: number,
    { outcome }: Foresight,
    failure: unknown,
    made: readonly Made[],
  ): void {
    const tree = this.#tree;
    const own = tree.nearest(container);
    this.covered.conflicts ||= outcome === 'conflict';
    this.covered['requested when disposed'] ||= outcome === 'closed' || outcome === 'refused';
    this.covered['failed activations'] ||= String(failure).includes('drawn to fail');
    for (const fact of made) {
      const { scope, at, turns } = fact.binding;
      const { first, owners } = this.#model.owned.get(fact.value) ?? {};
      this.covered.async ||= turns > 0;
      this.covered["a parent's singleton through a child"] ||=
        scope === 'singleton' && tree.hasModule(at) && own !== undefined && tree.isBelow(own, at);
      this.covered['with transients of its own'] ||=
        scope !== 'singleton' && first === fact && owners?.[0] !== own;
    }
  }

  async #unbind(binding: Bound): Promise<void> {
    const { containers, unbound } = this.#world;
    if (unbound.has(binding) || !(binding.at in containers)) {
      return;
    }
    await this.#collector.unbind(binding).then(
      () => unbound.add(binding),
      // Inversify keeps the binding of a hook, or of an activation, that has failed.
      () => undefined,
    );
    this.#model.checkUnbinding(binding);
  }

  async #dispose(container: number): Promise<void> {
    const { containers, disposed } = this.#world;
    if (this.#tree.hasModule(container) && container in containers) {
      const live = this.#tree
        .disposedWith(container)
        .filter((each) => each in containers && !disposed.has(each));
      await this.#collector.dispose(container);
      this.#world.dispose(live);
      this.#model.checkDisposal(live);
    }
  }
}
