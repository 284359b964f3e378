import 'reflect-metadata';

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ContainerDisposedError } from 'inversify-onexit';

import { serviceOf } from '../support/nodes.js';
import {
  HandWrittenTreeCollector,
  TheModule,
  wrongTreeCollectors,
  type TreeCollector,
} from '../support/tree-collectors.js';
import { Foresight } from '../support/tree-foresight.js';
import { Model } from '../support/tree-model.js';
import { treeArbitrary, TreeWorld, type Get, type Step, type Tree } from '../support/trees.js';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 1_000);
const timeout = 60_000 + numRuns * 20;

/** One run of a program: what it met is counted, so that the generator cannot go stale. */
class Play {
  readonly met = new Set<string>();
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
    while (this.#world.containers.length < first) {
      this.#create();
    }
    for (const step of steps) {
      await this.#take(step);
    }
    for (const container of this.#tree.topmost()) {
      await this.#dispose(container);
    }
    this.#model.checkOrder();
    this.#meet(
      'three levels',
      sites.some(({ depth }) => depth === 2),
    );
    this.#meet(
      'without the module',
      sites.some(({ module }) => !module),
    );
  }

  async #take(step: Step): Promise<void> {
    switch (step.act) {
      case 'create':
        this.#create();
        break;
      case 'get':
        await this.#get(this.#existing(step.container), step.service);
        break;
      case 'unbind':
        await this.#unbind(step.binding);
        break;
      case 'dispose': {
        const exits = this.#world.exits.length;
        await this.#dispose(this.#existing(step.container));
        this.#meet('early disposals', this.#world.exits.length > exits);
        break;
      }
    }
  }

  #existing(container: number): number {
    return container % this.#world.containers.length;
  }

  #create(): void {
    const index = this.#world.containers.length;
    const site = this.#tree.sites[index];
    if (site !== undefined && !this.#world.isClosed(index)) {
      const parent = site.parent === undefined ? undefined : this.#world.containers[site.parent];
      const container = this.#collector.createContainer(index, parent);
      this.#world.containers.push(container);
      this.#world.bindTo(container, index, this.#collector.observe);
    }
  }

  async #get(container: number, service: number): Promise<void> {
    const world = this.#world;
    const foresight = new Foresight(world, container, service);
    const { attempts, outcome, failures, failsLate } = foresight;
    // Where something fails while something else is in flight that fails, too, Inversify leaves the
    // rejection of that unhandled; and the failure of a hook that is run at once is uncaught. Both
    // would end this process.
    if ((world.isAsync(service) && failures > 1) || failsLate) {
      return;
    }
    this.met.add(`outcome ${outcome}`);
    const get: Get = { container, service, attempts, failed: false };
    world.current = get;
    const before = world.facts.length;
    const ended = await this.#collector.get(container, service).then(
      () => 'resolved',
      (error: unknown) => error,
    );
    get.failed = ended !== 'resolved';
    await world.settled();
    this.#checkOutcome(foresight, ended, before);
    this.#model.checkGet(get);
    const facts = world.facts.slice(before);
    const above = facts.filter(({binding}) => binding.scope === 'singleton' && this.#tree.hasModule(binding.at) && this.#tree.isBelow(this.#tree.nearest(container) ?? 0, binding.at));
    this.#meet('through child', above.length > 0);
    this.#meet('attributed', facts.some(({value, binding}) => {
      const o = this.#model.owned.get(value);
      return binding.scope !== 'singleton' && o?.first.binding === binding && o.owners[0] !== this.#tree.nearest(container);
    }));
    this.#meet('ambiguous', facts.some(({value, binding}) => {
      const o = this.#model.owned.get(value);
      return (o?.owners.length ?? 0) > 1;
    }));
    this.#meet('async', facts.some(({binding}) => binding.turns > 0));
    this.#meet('failed get', get.failed);
    this.#meet('drawn fail', String(ended).includes('drawn'));
    this.#meet('missing', String(ended).includes('o bindings found'));
    world.doubtFailed(get, before);
  }

  #checkOutcome({ outcome, conflict, failures }: Foresight, ended: unknown, before: number): void {
    const made = this.#world.facts.slice(before);
    switch (outcome) {
      case 'closed':
        expect(ended).toBeInstanceOf(ContainerDisposedError);
        expect(made).toEqual([]);
        break;
      case 'conflict':
        expect(ended).toBeInstanceOf(Error);
        expect(made.filter(({ binding }) => binding === conflict?.singleton)).toEqual([]);
        if (failures === 1 && conflict !== undefined) {
          expect(String(ended)).toContain(serviceOf(conflict.singleton.service));
          expect(String(ended)).toContain(serviceOf(conflict.injected.service));
        }
        break;
      case 'refused':
        expect(ended).toBeInstanceOf(Error);
        break;
      case 'resolved':
        expect(ended).toBe('resolved');
        break;
    }
  }

  async #unbind(index: number): Promise<void> {
    const world = this.#world;
    const { bindings } = this.#tree;
    const binding = bindings[index % bindings.length];
    if (binding === undefined || world.unbound.has(binding) || !(binding.at in world.containers)) {
      return;
    }
    const exits = world.exits.length;
    await this.#collector.unbind(binding).then(
      () => world.unbound.add(binding),
      // A hook that was drawn to fail, or an activation that has failed: Inversify keeps it.
      () => undefined,
    );
    this.#model.checkUnbinding(binding);
    this.#meet('unbound and exited', world.exits.length > exits);
  }

  async #dispose(container: number): Promise<void> {
    const world = this.#world;
    if (!this.#tree.hasModule(container) || !(container in world.containers)) {
      return;
    }
    const containers = this.#tree
      .disposedWith(container)
      .filter((each) => each in world.containers && !world.disposed.has(each));
    await this.#collector.dispose(container);
    containers.forEach((each) => world.disposed.add(each));
    this.#model.checkDisposal(containers);
  }

  #meet(kind: string, met = true): void {
    if (met) {
      this.met.add(kind);
    }
  }
}

async function check(
  Collector: new (world: TreeWorld) => TreeCollector,
  run: (met: ReadonlySet<string>) => void = () => undefined,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(treeArbitrary, async (tree) => {
      const play = new Play(tree, Collector);
      await play.run();
      run(play.met);
    }),
    { numRuns, unbiased: true },
  );
}

test(
  'the property over container trees holds for a collector written by hand',
  async () => {
    const met = new Map<string, number>();
    await check(HandWrittenTreeCollector, (kinds) => {
      kinds.forEach((kind) => met.set(kind, (met.get(kind) ?? 0) + 1));
    });
    const shares = [...met].map(
      ([kind, count]) => `${kind} ${((100 * count) / numRuns).toFixed(0)} %`,
    );
    process.stdout.write(`${String(numRuns)} trees: ${shares.join(', ')}\n`);
  },
  timeout,
);

test(
  'P7 owner › over container trees',
  async () => {
    await check(TheModule);
  },
  timeout,
);

test.each(Object.entries(wrongTreeCollectors))(
  'the property over container trees fails for a wrong collector: %s',
  async (_fault, Wrong) => {
    const result = await fc.check(
      fc.asyncProperty(treeArbitrary, async (tree) => {
        await new Play(tree, Wrong).run();
      }),
      { numRuns, unbiased: true, endOnFailure: true },
    );
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toContain('expect(');
  },
  timeout,
);
