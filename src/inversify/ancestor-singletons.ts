/** The singletons of ancestors that will be built through a container, according to its plans. */
import { isPromise } from '../shared/promise.js';
import type { Binding, PlanServiceNode } from '@inversifyjs/core';

import { isCaching, isMaking, type CachingBinding } from './binding-watch.js';
import { cachedIn, type Constructions } from './construction.js';
import { identifierName } from '../shared/inspect.js';
import { walkPlan } from './plan-walk.js';

/** The part of a container scope that this file needs. */
interface PlanScope<Scope extends PlanScope<Scope>> {
  /** The constructions of its singletons through descendants. */
  readonly constructions: Constructions;
  isDescendantOf(other: Scope): boolean;
  /** The container that holds the binding: this one, or an ancestor with the module. */
  holderOf(binding: Binding): Scope | undefined;
  /** Whether the values of the binding have exit hooks, and its container would run them. */
  hasExitHooks(binding: Binding): boolean;
}

/** A singleton of an ancestor, and its parts. */
export interface PlannedSingleton<Scope extends PlanScope<Scope>> {
  readonly owner: Scope;
  readonly binding: CachingBinding;
  /** Its parts, by the ids of their bindings. */
  readonly parts: Set<number>;
  /** The parts in request scope, which one `get` shares between it and other services. */
  readonly shared: Set<number>;
  /** Whether it has parts that are in no plan. */
  hasUnknownParts: boolean;
  /** Whether some of these are shared. */
  sharesUnknownParts: boolean;
}

interface Place<Scope extends PlanScope<Scope>> {
  readonly within?: PlannedSingleton<Scope> | undefined;
  readonly isShared?: boolean;
}

/** The place of everything that a built singleton depends on. */
const insideBuilt = {};

export class AncestorSingletons<Scope extends PlanScope<Scope>> {
  readonly #scope: Scope;
  /** They were not built yet when they were last planned. */
  readonly #planned = new Map<CachingBinding, PlannedSingleton<Scope>>();
  #isNested = false;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  get size(): number {
    return this.#planned.size;
  }

  /**
   * Searches a plan of the container for singletons of its ancestors. Returns whether the plan is
   * complete: a singleton that is planned as a part of another may not be built together with it.
   *
   * @param within the singleton under construction, for which the plan was made.
   * @throws Error if an instance owned by a descendant would be injected into a singleton.
   */
  inspectPlan(root: PlanServiceNode, within: PlannedSingleton<Scope> | undefined): boolean {
    this.#isNested = false;
    const requested = new Map<number, Set<PlannedSingleton<Scope> | undefined>>();
    walkPlan<Place<Scope>>(root, { within }, (binding, around) => {
      if (isCaching(binding) && binding.scope === 'Request') {
        const places = requested.get(binding.id) ?? new Set();
        requested.set(binding.id, places.add(around.within));
      }
      return this.#place(binding, around);
    });
    const places = [...requested.values()];
    for (const planned of new Set(places.flatMap((each) => [...each]))) {
      if (planned !== undefined && places.every((each) => !each.has(planned) || each.size === 1)) {
        planned.shared.forEach((id) => planned.parts.add(id));
        planned.shared.clear();
        planned.sharesUnknownParts = false;
      }
    }
    return !this.#isNested;
  }

  /** Adds a singleton that is in no plan. */
  add(owner: Scope, binding: CachingBinding): PlannedSingleton<Scope> {
    const planned = unknownSingleton(owner, binding);
    this.#planned.set(binding, planned);
    return planned;
  }

  find(binding: CachingBinding): PlannedSingleton<Scope> | undefined {
    return this.#planned.get(binding);
  }

  /**
   * The owner of a singleton that may have this binding's instance as a part although it is not running:
   * since it awaits something, or shares the instance. An uncertain instance belongs to the ancestor,
   * and to the farthest of several: it is disposed late, but not while the singleton uses it.
   */
  ownerOfPart({ id }: CachingBinding, isRunning: boolean): Scope | undefined {
    let farthest: Scope | undefined;
    for (const [binding, planned] of this.#planned) {
      const { owner, parts, shared, hasUnknownParts, sharesUnknownParts } = planned;
      const isShared = shared.has(id) || sharesUnknownParts;
      // An instance created while another singleton is running is a part of that one.
      const isPart = !isRunning && (hasUnknownParts || parts.has(id));
      if (this.#isBuilt(planned)) {
        this.#planned.delete(binding);
      } else if (
        (isShared || (isPart && owner.constructions.of(binding)?.isWaiting === true)) &&
        farthest?.isDescendantOf(owner) !== false
      ) {
        farthest = owner;
      }
    }
    return farthest;
  }

  /** Forgets the singletons that are not being built. Returns whether some of them were left unbuilt. */
  forget(): boolean {
    let wasLeft = false;
    for (const [binding, { owner }] of this.#planned) {
      const cached = cachedIn(binding);
      wasLeft ||= cached === undefined;
      if (!isPromise(cached?.value) || owner.constructions.of(binding) === undefined) {
        this.#planned.delete(binding);
      }
    }
    return wasLeft;
  }

  #isBuilt({ owner, binding }: PlannedSingleton<Scope>): boolean {
    const cached = cachedIn(binding);
    return (
      cached !== undefined &&
      (owner.constructions.of(binding) === undefined || !isPromise(cached.value))
    );
  }

  #isUnbuiltInAncestor(binding: CachingBinding, holder: Scope | undefined): holder is Scope {
    return (
      holder !== undefined &&
      holder !== this.#scope &&
      isMaking(binding) &&
      binding.scope === 'Singleton' &&
      cachedIn(binding) === undefined
    );
  }

  #place(binding: Binding, around: Place<Scope>): Place<Scope> {
    const holder = this.#scope.holderOf(binding);
    const { within, isShared = false } = around;
    if (
      within !== undefined &&
      holder?.isDescendantOf(within.owner) === true &&
      holder.hasExitHooks(binding)
    ) {
      throw captiveDependency(identifierName(binding.serviceIdentifier), within.binding);
    }
    if (!isCaching(binding)) {
      return around;
    }
    const isInAncestor = this.#isUnbuiltInAncestor(binding, holder);
    if (around === insideBuilt) {
      if (isInAncestor && this.find(binding) === undefined) {
        this.add(holder, binding).hasUnknownParts = false;
      }
      return insideBuilt;
    }
    if (binding.scope === 'Singleton' && cachedIn(binding) !== undefined) {
      // Built, so its dependencies are not resolved now; but Inversify caches their plans.
      return insideBuilt;
    }
    const isDynamic = binding.type === 'DynamicValue';
    // A singleton of a descendant is a part of the one into which it is injected.
    const isNested = isInAncestor && within !== undefined && holder.isDescendantOf(within.owner);
    this.#isNested ||= isNested;
    if (isInAncestor && !isNested) {
      const planned = this.add(holder, binding);
      planned.hasUnknownParts = isDynamic;
      return { within: planned };
    }
    if (within === undefined) {
      return around;
    }
    const sharesParts = isShared || binding.scope === 'Request';
    (sharesParts ? within.shared : within.parts).add(binding.id);
    if (isDynamic) {
      within.owner.constructions.expectUnknownParts(within.binding);
      // What a singleton of a descendant resolves is a part of that singleton.
      if (binding.scope !== 'Singleton' || holder?.isDescendantOf(within.owner) !== true) {
        within.hasUnknownParts = true;
        within.sharesUnknownParts ||= sharesParts;
      }
    }
    return sharesParts && !isShared ? { within, isShared: true } : around;
  }
}

/** A singleton with unknown parts. */
export function unknownSingleton<Scope extends PlanScope<Scope>>(
  owner: Scope,
  binding: CachingBinding,
): PlannedSingleton<Scope> {
  return {
    owner,
    binding,
    parts: new Set(),
    shared: new Set(),
    hasUnknownParts: true,
    sharesUnknownParts: false,
  };
}

/** The error for a captive dependency: a singleton would hold a part that a descendant disposes. */
export function captiveDependency(part: string, { serviceIdentifier }: Binding): Error {
  const singleton = identifierName(serviceIdentifier);
  return new Error(
    `Cannot build ${singleton} through a child container: it is a singleton of an ancestor, and ` +
      `would be given ${part} of the child, which is disposed with the child while ${singleton} lives ` +
      `on. Bind ${part} where ${singleton} is bound, or resolve ${singleton} in the container that ` +
      'binds it before a child does.',
  );
}
