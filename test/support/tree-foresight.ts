/** How a `get` has to end, derived from the bindings and from what is built. */
import { ContainerDisposedError } from 'inversify-onexit';

import { serviceOf, type Node } from './nodes.js';
import type { Made, TreeWorld } from './tree-world.js';
import { asksForOthers, type Bound } from './trees.js';

export interface Conflict {
  readonly singleton: Bound;
  readonly injected: Bound;
}

export class Foresight {
  /** A child would exit what would be injected into an ancestor's singleton. */
  conflict: Conflict | undefined;
  /** Something with hooks would be activated for a container that is disposed. */
  refused = false;
  /** On how many ways something can go wrong: conflicts, refusals, failures that were drawn. */
  readonly failures: number;
  /** Singletons that would be built, with the services that they may be built from. */
  readonly attempts = new Map<Bound, ReadonlySet<number>>();
  /** Whether a hook that fails might be run at once, which nobody could await. */
  failsLate = false;
  readonly #world: TreeWorld;
  readonly #container: number;
  readonly #request: string;
  readonly #visited = new Map<string, Visit>();

  constructor(world: TreeWorld, container: number, service: number) {
    this.#world = world;
    this.#container = container;
    this.#request = `get ${String(service)} through container ${String(container)}`;
    this.failures = this.#visit(service, { singleton: undefined, outermost: Infinity }).failures;
    if (!world.isClosed(container)) {
      this.failsLate = false;
    }
  }

  /** Undefined: it may end either way. */
  get outcome(): 'closed' | 'conflict' | 'refused' | 'resolved' | undefined {
    const { disposed } = this.#world;
    if (disposed.has(this.#container)) {
      return 'closed';
    }
    if (this.conflict !== undefined) {
      // The plans of a container without the module are shown to nobody: what is built already is
      // injected unseen; and so is what a value in request scope hands on a second time.
      const isSeen =
        this.#world.tree.hasModule(this.#container) &&
        ![...this.attempts.values()].some((services) => this.#world.tree.mayHandOnAgain(services));
      return isSeen ? 'conflict' : undefined;
    }
    if (this.refused) {
      return 'refused';
    }
    // What a value hands on may have been made by a container that nobody watches: then it is that of
    // the child which has it first, and not to be held by a singleton further up.
    const { tree } = this.#world;
    const isUnseen =
      !tree.pathOf(this.#container).every((each) => tree.hasModule(each)) &&
      [...this.attempts].some(
        ([{ kind }, services]) => kind !== 'class' || tree.mayHandOn(services),
      );
    return this.failures > 0 || isUnseen || this.#world.isClosed(this.#container)
      ? undefined
      : 'resolved';
  }

  /** What is wrong with how it ended, given what was made. */
  faults(failure: unknown, made: readonly Made[]): string[] {
    const ended = failure === undefined ? 'was resolved' : 'failed';
    const fault = `${this.#request} is to be ${this.outcome ?? ''}, and ${ended}`;
    switch (this.outcome) {
      case 'closed':
        return ContainerDisposedError.is(failure) && made.length === 0 ? [] : [fault];
      case 'conflict': {
        const { singleton, injected } = this.conflict ?? {};
        const isBuilt = made.some(({ binding }) => binding === singleton);
        // If singletons are nested, any of them may be named.
        const singletons = [singleton, ...this.attempts.keys()];
        const names = (each: Bound | undefined): boolean =>
          failure instanceof Error && failure.message.includes(serviceOf(each?.service ?? 0));
        const isTold = names(injected) && singletons.some(names);
        return !isBuilt && (isTold || this.failures > 1) && failure !== undefined ? [] : [fault];
      }
      case 'refused':
        return failure === undefined ? [fault] : [];
      case 'resolved':
        return failure === undefined ? [] : [fault];
      default:
        return [];
    }
  }

  #visit(service: number, within: Within): Visit {
    const { singleton, outermost, built } = within;
    const key = [service, singleton?.at, singleton?.service, outermost, built].join();
    let visit = this.#visited.get(key);
    if (visit === undefined) {
      visit = this.#look(service, within);
      this.#visited.set(key, visit);
    }
    return visit;
  }

  #look(service: number, within: Within): Visit {
    const world = this.#world;
    const binding = world.lookUp(this.#container, service);
    if (binding === undefined) {
      return { failures: 1, services: new Set() };
    }
    const singleton = binding.scope === 'singleton';
    const built = within.built === true || world.isBuilt(binding);
    let failures = Number(!within.built && this.#clashes(binding, within));
    failures += Number(world.doubtful.has(binding));
    let inner = within;
    if (built) {
      // Inversify plans what it is built from, though it will not build it.
      inner = { ...within, built };
    } else {
      failures += Number(binding.fails);
      failures += Number(this.#isRefused(binding, within));
      if (singleton) {
        inner = this.#within(binding, within);
      }
    }
    const services = new Set([service]);
    if (asksForOthers(binding)) {
      // What a function will ask its context for, nobody can know.
      world.tree.bindings.forEach((each) => services.add(each.service));
    }
    for (const dependency of binding.dependencies) {
      const below = this.#visit(dependency, inner);
      failures += below.failures;
      below.services.forEach((each) => services.add(each));
    }
    if (singleton && !built) {
      this.attempts.set(binding, services);
    }
    return { failures, services };
  }

  #within(binding: Bound, { outermost }: Within): Within {
    const { tree } = this.#world;
    return tree.hasModule(binding.at)
      ? { singleton: binding, outermost: Math.min(outermost, tree.depthOf(binding.at)) }
      : { singleton: undefined, outermost };
  }

  /** Whether that is certain is noted separately. */
  #clashes(binding: Bound, { singleton, outermost }: Within): boolean {
    const { tree, doubtful } = this.#world;
    if (!this.#isCollected(binding) || tree.depthOf(binding.at) <= outermost) {
      return false;
    }
    if (
      singleton !== undefined &&
      tree.isBelow(binding.at, singleton.at) &&
      !doubtful.has(singleton) &&
      // What a function will return is not known before it has returned it.
      binding.kind === 'class'
    ) {
      this.conflict ??= { singleton, injected: binding };
    }
    return true;
  }

  #isRefused(binding: Bound, { outermost }: Within): boolean {
    const { tree, disposed } = this.#world;
    if (!this.#isCollected(binding)) {
      return false;
    }
    this.failsLate = this.failsLate || ['throws', 'rejects'].includes(this.#hookOf(binding));
    const owner = binding.scope === 'singleton' ? binding.at : tree.nearest(this.#container);
    if (owner === undefined || !disposed.has(owner)) {
      return false;
    }
    // It may be part of an ancestor's singleton, or hand on what is owned, and that ancestor be alive.
    this.refused ||=
      binding.kind !== 'alias' && (binding.scope === 'singleton' || outermost === Infinity);
    return true;
  }

  #isCollected(binding: Bound): boolean {
    return this.#world.tree.hasModule(binding.at) && this.#hookOf(binding) !== 'none';
  }

  #hookOf(binding: Bound): Node['hook'] {
    const [target] = binding.kind === 'alias' ? binding.dependencies : [];
    if (target === undefined) {
      return binding.hook;
    }
    const found = this.#world.lookUp(this.#container, target);
    return found === undefined ? 'none' : this.#hookOf(found);
  }
}

interface Visit {
  readonly failures: number;
  /** All that it may be built from, and itself. */
  readonly services: ReadonlySet<number>;
}

/** Where in a plan one is. */
interface Within {
  /** The innermost singleton that is being built there, if its container has the module. */
  readonly singleton: Bound | undefined;
  /** The depth of the topmost container with the module for one of whose singletons it is. */
  readonly outermost: number;
  /** Below something that is built. */
  readonly built?: boolean;
}
