/** The singletons of containers above that are to be built through a container, as its plans tell. */
import { isPromise } from '@inversifyjs/common';
import type { Binding, PlanServiceNode } from '@inversifyjs/core';

import { isCaching, isMaking, type CachingBinding } from './binding-watch.js';
import { cachedIn } from './construction.js';
import { identifierName } from '../shared/inspect.js';
import type { Owner } from './owner.js';
import { walkPlan } from './plan-walk.js';

/** Such a singleton, and what it is built from. */
export interface Planned {
  readonly owner: Owner;
  readonly binding: CachingBinding;
  /** Its parts, by the id of their bindings. */
  readonly parts: Set<number>;
  /** Those that one `get` shares between it and others, since they stand in request scope. */
  readonly shared: Set<number>;
  /** Whether it has parts that no plan tells of; and whether some of these are shared. */
  hasUnknownParts: boolean;
  sharesUnknownParts: boolean;
}

interface Place {
  readonly within?: Planned | undefined;
  readonly isShared?: boolean;
}

const elsewhere: Place = {};

export class PlannedAbove {
  readonly #owner: Owner;
  /** Not built yet, when last seen. */
  readonly #planned = new Map<CachingBinding, Planned>();
  #isNested = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  get size(): number {
    return this.#planned.size;
  }

  /**
   * Looks through a plan of the container. Tells whether that was all there is to know of it: what
   * is planned as a part of another singleton may not be built with it.
   *
   * @param within the singleton that is being built, for which it is planned.
   * @throws Error if a singleton would be given what a container below its own exits.
   */
  look(root: PlanServiceNode, within: Planned | undefined): boolean {
    this.#isNested = false;
    const requested = new Map<number, Set<Planned | undefined>>();
    walkPlan<Place>(root, { within }, (binding, around) => {
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

  /** Takes in a singleton of which no plan tells. */
  add(owner: Owner, binding: CachingBinding): Planned {
    const planned = unplanned(owner, binding);
    this.#planned.set(binding, planned);
    return planned;
  }

  find(binding: CachingBinding): Planned | undefined {
    return this.#planned.get(binding);
  }

  /**
   * The owner of a singleton that may have this binding's instance as a part, though it is not running:
   * since it waits for something, or shares the instance. What cannot be told apart is the
   * ancestor's, the farthest if there are several: it is exited late, but not while that uses it.
   */
  ownerOfPart({ id }: CachingBinding, isRunning: boolean): Owner | undefined {
    let farthest: Owner | undefined;
    for (const [binding, planned] of this.#planned) {
      const { owner, parts, shared, hasUnknownParts, sharesUnknownParts } = planned;
      const isShared = shared.has(id) || sharesUnknownParts;
      // What is made while another is running is a part of that.
      const isPart = !isRunning && (hasUnknownParts || parts.has(id));
      if (this.#isBuilt(planned)) {
        this.#planned.delete(binding);
      } else if (
        (isShared || (isPart && owner.constructions.of(binding)?.isWaiting === true)) &&
        farthest?.isBelow(owner) !== false
      ) {
        farthest = owner;
      }
    }
    return farthest;
  }

  /** Forgets what is not being built, and tells whether some of that was left unbuilt. */
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

  #isBuilt({ owner, binding }: Planned): boolean {
    const cached = cachedIn(binding);
    return (
      cached !== undefined &&
      (owner.constructions.of(binding) === undefined || !isPromise(cached.value))
    );
  }

  #isUnbuiltAbove(binding: CachingBinding, holder: Owner | undefined): holder is Owner {
    return (
      holder !== undefined &&
      holder !== this.#owner &&
      isMaking(binding) &&
      binding.scope === 'Singleton' &&
      cachedIn(binding) === undefined
    );
  }

  #place(binding: Binding, around: Place): Place {
    const holder = this.#owner.holderOf(binding);
    const { within, isShared = false } = around;
    if (within !== undefined && holder?.isBelow(within.owner) === true && holder.exits(binding)) {
      throw captured(identifierName(binding.serviceIdentifier), within.binding);
    }
    if (!isCaching(binding)) {
      return around;
    }
    const isAbove = this.#isUnbuiltAbove(binding, holder);
    if (around === elsewhere) {
      if (isAbove && this.find(binding) === undefined) {
        this.add(holder, binding).hasUnknownParts = false;
      }
      return elsewhere;
    }
    if (binding.scope === 'Singleton' && cachedIn(binding) !== undefined) {
      // Built. What is planned below it is not asked for now, but the plans of that are kept.
      return elsewhere;
    }
    const isDynamic = binding.type === 'DynamicValue';
    // One further down is a part of the one that is given it.
    const isNested = isAbove && within !== undefined && holder.isBelow(within.owner);
    this.#isNested ||= isNested;
    if (isAbove && !isNested) {
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
      within.owner.constructions.expectMore(within.binding);
      // What a singleton of a container below asks for is that one's part.
      if (binding.scope !== 'Singleton' || holder?.isBelow(within.owner) !== true) {
        within.hasUnknownParts = true;
        within.sharesUnknownParts ||= sharesParts;
      }
    }
    return sharesParts && !isShared ? { within, isShared: true } : around;
  }
}

/** A singleton of which it is not known what it is built from. */
export function unplanned(owner: Owner, binding: CachingBinding): Planned {
  return {
    owner,
    binding,
    parts: new Set(),
    shared: new Set(),
    hasUnknownParts: true,
    sharesUnknownParts: false,
  };
}

/** What a singleton cannot be given, since a container below its own exits it. */
export function captured(part: string, { serviceIdentifier }: Binding): Error {
  const singleton = identifierName(serviceIdentifier);
  return new Error(
    `Cannot build ${singleton} through a child container: it is a singleton of a container above, and ` +
      `would be given ${part} of the child, which is exited with the child while ${singleton} lives ` +
      `on. Bind ${part} where ${singleton} is bound, or resolve ${singleton} in the container that ` +
      'binds it before a child does.',
  );
}
