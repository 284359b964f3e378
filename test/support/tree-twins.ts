/** Plays a drawn tree twice, with and without the module, and compares what users get to see. */
import { expect } from '@jest/globals';
import { Container } from 'inversify';

import { optionsOf, Plain, TheModule } from './tree-collectors.js';
import { endsProcess, failingHooks } from './tree-failures.js';
import { expectationOf, Model, type Expectation } from './tree-model.js';
import { TreeWorld } from './tree-world.js';
import { describeStep, nameOf, type Bound, type Request, type Tree } from './trees.js';

/** Inversify alone. */
class WithoutModule extends Plain {
  createContainer(index: number, parent: Container | undefined): Container {
    return new Container(optionsOf(this.world, index, parent));
  }
}

type Users = WithoutModule | TheModule;

class Twin {
  readonly world: TreeWorld;
  readonly users: Users;
  readonly #numbers = new Map<unknown, number>();

  constructor(tree: Tree, Users: new (world: TreeWorld) => Users) {
    this.world = new TreeWorld(tree);
    this.users = new Users(this.world);
    for (const [index, { parent }] of tree.sites.entries()) {
      const { containers } = this.world;
      const container = this.users.createContainer(
        index,
        parent === undefined ? undefined : containers[parent],
      );
      containers.push(container);
      this.world.bindTo(container, this.world.boundIn(index));
    }
  }

  /** What was returned or thrown, and what was made and activated. */
  async get(request: Request): Promise<Record<string, unknown>> {
    const { facts, activations } = this.world;
    const [factsBefore, activationsBefore] = [facts.length, activations.length];
    const outcome = await this.users.get(request).then(
      (value) => ({ returned: this.#describe(value) }),
      (error: unknown) => ({ thrown: describeError(error) }),
    );
    await this.world.settled();
    const made = facts.slice(factsBefore).map(({ binding }) => nameOf(binding));
    const activated = activations.slice(activationsBefore);
    // Which of several comes first that are awaited is left open.
    const isAsync = this.world.isAsync(request.service);
    return {
      ...outcome,
      made: isAsync ? made.sort() : made,
      activated: isAsync ? activated.sort() : activated,
    };
  }

  async unbind(binding: Bound): Promise<boolean> {
    const bindings = this.world.boundWith(binding);
    return this.users.unbind(binding).then(
      () => {
        bindings.forEach((each) => this.world.unbound.add(each));
        return true;
      },
      () => false,
    );
  }

  /** By what it was made, and from what; each object is numbered as it is first met. */
  #describe(value: unknown): unknown {
    if (Array.isArray(value)) {
      return value.map((each) => this.#describe(each));
    }
    const fact = this.world.facts.find((each) => each.value === value);
    const known = this.#numbers.get(value);
    if (fact === undefined || known !== undefined) {
      return known;
    }
    const number = this.#numbers.size;
    this.#numbers.set(value, number);
    return [
      `${nameOf(fact.binding)}#${String(number)}`,
      ...fact.dependencies.map((each) => this.#describe(each)),
    ];
  }
}

/** What is compared, and what the rules of P7 change. */
export class Twins {
  readonly covered = {
    resolved: false,
    thrown: false,
    async: false,
    "a parent's singleton through a child": false,
    'through kept contexts': false,
    activations: false,
    'refused by P7': false,
  };
  readonly #tree: Tree;
  readonly #with: Twin;
  readonly #without: Twin;
  readonly #model: Model;
  /** Whether they may differ from here on. */
  #isOver = false;

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#with = new Twin(tree, TheModule);
    this.#without = new Twin(tree, WithoutModule);
    this.#model = new Model(this.#with.world);
  }

  async run(): Promise<void> {
    for (const step of this.#tree.steps) {
      if (this.#isOver) {
        return;
      }
      switch (step.act) {
        case 'get':
        case 'use':
          await this.#get(step);
          break;
        case 'unbind':
          await this.#unbind(step.binding);
          break;
        default:
      }
    }
  }

  async #unbind(binding: Bound): Promise<void> {
    const { world } = this.#with;
    const bindings = world.boundWith(binding);
    const mayLeaveRejections =
      bindings.length > 1 && bindings.some(({ hook }) => failingHooks.includes(hook));
    // Without a binding of its own it would be that of a parent, of which P14 has other rules than Inversify.
    if (world.unbound.has(binding) || mayLeaveRejections) {
      return;
    }
    // A hook that fails keeps it bound, and Inversify has no hooks.
    this.#isOver = !(await this.#with.unbind(binding));
    if (!this.#isOver) {
      expect(await this.#without.unbind(binding)).toBe(true);
    }
  }

  async #get(request: Request): Promise<void> {
    const { world } = this.#with;
    const expected = expectationOf(this.#model, world, request);
    // What is unclear depends on which plans Inversify has kept.
    const isUnclear = expected === undefined || expected.isUnclear;
    if (isUnclear || this.#isChanged(expected) || endsProcess(world, expected)) {
      return;
    }
    const before = world.facts.length;
    const result = await this.#with.get(request);
    this.#model.settle(expected, world.facts.slice(before), 'thrown' in result);
    const without = await this.#without.get(request);
    const step = describeStep(request);
    if ('thrown' in result && expected.failures.some(({ why }) => why === 'missing')) {
      // A singleton is planned when it is built: what comes before it has been made by then, and may
      // be there from here on.
      expect({ step, thrown: result.thrown }).toEqual({ step, thrown: without.thrown });
      this.#isOver = true;
      return;
    }
    expect({ step, ...result }).toEqual({ step, ...without });
    this.#recordCases(request, expected, result);
  }

  /** Captive dependencies are refused, and a singleton has a request of its own. */
  #isChanged({ failures, sharesRequest }: Expectation): boolean {
    const isRefused = failures.some(({ why }) => why === 'captive');
    this.covered['refused by P7'] ||= isRefused;
    return isRefused || sharesRequest;
  }

  #recordCases(request: Request, { parts }: Expectation, result: Record<string, unknown>): void {
    const { covered } = this;
    const { made, activated } = result as { made: unknown[]; activated: unknown[] };
    const hasMade = made.length > 0;
    covered.resolved ||= 'returned' in result && hasMade;
    covered.thrown ||= 'thrown' in result;
    covered.activations ||= activated.length > 0;
    covered['through kept contexts'] ||= request.act === 'use' && hasMade;
    for (const { binding, asker } of parts) {
      covered.async ||= hasMade && binding.turns > 0;
      covered["a parent's singleton through a child"] ||= hasMade && asker.singleton === binding;
    }
  }
}

/** The rest of a message tells the path on which Inversify came to it. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) {
    return error;
  }
  const [message] = error.message.split('\n');
  return { class: error.constructor.name, kind: Reflect.get(error, 'kind') as unknown, message };
}
