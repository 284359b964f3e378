/** A container as the owner of instances: which of those that come to be are whose. */
import { isPromise } from '@inversifyjs/common';
import type { Binding, PlanServiceNode, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { ServiceIdentifier } from 'inversify';

import { isCaching, isMaking, type CachingBinding } from './binding-watch.js';
import { cachedIn, Construction, Constructions } from './construction.js';
import { ContainerNode } from './container-node.js';
import type { LifecycleOptions } from '../lifecycle.js';
import type { Exit } from './exit-run.js';
import type { ExitStack } from './exit-stack.js';
import { identifierName } from './inspect.js';
import { walkPlan } from './plan-walk.js';

/** Where the nearest container with the module is found. Not registered: copies must not mix. */
export const ownerToken: ServiceIdentifier<Owner> = Symbol('inversify-onexit');

/** A singleton of a container above that is to be built through this one, and what it is built from. */
interface Planned {
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
  readonly within?: Planned;
  readonly isShared?: boolean;
}

export interface OwnerHost {
  readonly options: LifecycleOptions;
  /** Whether what the binding gives would be exited by its container. */
  exits(binding: Binding): boolean;
  /** Told of a binding that was removed, after its deactivation. */
  bindingRemoved(binding: CachingBinding): void;
}

export class Owner extends ContainerNode {
  readonly #host: OwnerHost;
  readonly #constructions = new Constructions();
  /** Not resolved yet, when last seen. */
  readonly #planned = new Map<CachingBinding, Planned>();
  #makers = new WeakMap<ResolutionContext, Owner>();
  #hasBelow = false;
  /** By whom a service was just looked up that is to be looked for here next. */
  #asked: { readonly identifier: ServiceIdentifier; readonly by: WeakRef<Owner> } | undefined;
  readonly #self = new WeakRef<Owner>(this);
  #asker = this.#self;
  /** When the outermost `get` that is under way began. */
  #got: number | undefined;

  constructor(context: PluginContext, stack: ExitStack, host: OwnerHost) {
    super(ownerToken, context, stack);
    this.#host = host;
  }

  /** What was said of it here, or else by those around. */
  option<Name extends keyof LifecycleOptions>(name: Name): LifecycleOptions[Name] | undefined {
    return this.#host.options[name] ?? this.above?.option(name);
  }

  /** Whose an instance is that one of this container's bindings makes, outside singleton scope. */
  ownerOf(binding: CachingBinding, context: ResolutionContext): Owner {
    const maker = this.#makerOf(context);
    if (maker.above === undefined) {
      return maker;
    }
    const running = maker.#running();
    if (running !== undefined) {
      return this.isBelow(running.owner) ? maker : running.owner;
    }
    return maker.#waitingFor(binding) ?? maker;
  }

  /** @throws Error if a singleton of a container above is being given what this one exits. */
  refuseCapture(binding: CachingBinding, context: ResolutionContext): void {
    if (this.above !== undefined) {
      const running = this.#makerOf(context).#running(binding);
      if (running !== undefined && this.isBelow(running.owner)) {
        throw captured(identifierName(binding.serviceIdentifier), running.binding);
      }
    }
  }

  /** @throws Error if a singleton of this container hands on what a container below owns. */
  refuseHandedOn(binding: CachingBinding, value: object, context: ResolutionContext): void {
    const entry = this.ownedBelow(value, context);
    if (entry !== undefined) {
      throw captured(entry.source.service, binding);
    }
  }

  /** The entry of a value that the container of the resolution owns, or one between. */
  ownedBelow(value: object, context: ResolutionContext): Exit | undefined {
    for (
      let below: Owner | undefined = this.#makerOf(context);
      below !== undefined && below !== this;
      below = below.above
    ) {
      const entry = below.stack.list.ownedEntry(value);
      if (entry !== undefined) {
        return entry;
      }
    }
    return undefined;
  }

  /** A service is looked up here, and further up if it is not found. */
  lookedUp(identifier: ServiceIdentifier): void {
    const asker = this.#asked?.identifier === identifier ? this.#asked.by : this.#self;
    this.#asker = asker;
    this.#asked = undefined;
    if (this.above !== undefined) {
      this.above.#asked = { identifier, by: asker };
    }
  }

  /** A singleton of this container that was looked up. */
  singletonMet(binding: CachingBinding): void {
    if (this.#hasBelow) {
      this.#constructions.watch(binding, (mayAskForMore) => {
        if (mayAskForMore) {
          // What it asks for is planned anew, so that `planned` is shown it.
          this.context.planResultCacheService.clearCache();
        }
      });
      const asker = this.#asker.deref() ?? this;
      if (asker !== this && asker.#got === undefined && cachedIn(binding) === undefined) {
        // Its plan is shown to nobody: it is that of a container below without the module.
        this.#constructions.expectMore(binding);
        asker.#planned.set(binding, unknownParts(this, binding));
        asker.#forgetPlannedSoon();
      }
    }
  }

  /** A singleton of this container that has all its parts. */
  built(binding: CachingBinding): void {
    this.#constructions.end(binding);
  }

  /**
   * Looks through a plan for singletons of containers above that it would build.
   *
   * @throws Error if one of them would hold what a container below exits.
   */
  planned(root: PlanServiceNode): void {
    if (this.above === undefined) {
      return;
    }
    if (this.#got === undefined) {
      // A context that was kept has asked, past the container's own methods.
      this.#forgetPlannedSoon();
    }
    const running = this.#running();
    try {
      const place: Place = running === undefined ? {} : { within: running };
      walkPlan<Place>(root, place, (binding, around) => this.#placed(binding, around));
    } catch (error) {
      // The next to ask is to be shown the plan again.
      this.context.planResultCacheService.clearCache();
      throw error;
    }
  }

  /** Calls a `get` of this container: what it has left unbuilt is not being built any more. */
  around<T>(get: () => T): T {
    const outer = this.#got;
    this.#got ??= Construction.begun;
    try {
      return get();
    } finally {
      this.#got = outer;
      if (outer === undefined && this.#planned.size > 0) {
        this.#forgetPlanned();
      }
    }
  }

  bindingRemoved(binding: CachingBinding): void {
    this.#host.bindingRemoved(binding);
  }

  protected treeChanged(): void {
    this.#makers = new WeakMap();
    this.#hasBelow = true;
  }

  #makerOf(context: ResolutionContext): Owner {
    let maker = this.#makers.get(context);
    if (maker === undefined) {
      maker = context.get(ownerToken);
      this.#makers.set(context, maker);
    }
    return maker;
  }

  /** The innermost singleton above whose synchronous part is running, other than the one given. */
  #running(except?: CachingBinding): Planned | undefined {
    let innermost: Construction | undefined;
    let owner: Owner | undefined;
    for (let { above } = this; above !== undefined; { above } = above) {
      for (const construction of above.#constructions) {
        if (
          construction.isRunning &&
          construction.binding !== except &&
          construction.order >= (this.#got ?? 0) &&
          construction.order > (innermost?.order ?? -1)
        ) {
          innermost = construction;
          owner = above;
        }
      }
    }
    return innermost === undefined || owner === undefined
      ? undefined
      : (this.#planned.get(innermost.binding) ?? unknownParts(owner, innermost.binding));
  }

  #forgetPlannedSoon(): void {
    queueMicrotask(() => {
      this.around(() => undefined);
    });
  }

  /** Keeps of what was to be built only what is still being built. */
  #forgetPlanned(): void {
    let isUnbuilt = false;
    for (const [binding, { owner }] of this.#planned) {
      const cached = cachedIn(binding);
      isUnbuilt ||= cached === undefined;
      if (!isPromise(cached?.value) || owner.#constructions.of(binding) === undefined) {
        this.#planned.delete(binding);
      }
    }
    if (isUnbuilt) {
      // The next to ask for it is to be planned, and looked at, anew.
      this.context.planResultCacheService.clearCache();
    }
  }

  /**
   * The owner of a singleton above that waits for something, and may have this binding's instance as
   * a part. What cannot be told apart is the ancestor's, the farthest if there are several: it is
   * exited late, but never while something still uses it.
   */
  #waitingFor({ id }: CachingBinding): Owner | undefined {
    let farthest: Owner | undefined;
    for (const [binding, planned] of this.#planned) {
      const { owner, parts, shared, hasUnknownParts, sharesUnknownParts } = planned;
      const construction = owner.#constructions.of(binding);
      const cached = cachedIn(binding);
      if (cached !== undefined && (construction === undefined || !isPromise(cached.value))) {
        this.#planned.delete(binding);
      } else if (
        (shared.has(id) ||
          sharesUnknownParts ||
          (construction?.isWaiting === true && (hasUnknownParts || parts.has(id)))) &&
        farthest?.isBelow(owner) !== false
      ) {
        farthest = owner;
      }
    }
    return farthest;
  }

  #placed(binding: Binding, around: Place): Place | undefined {
    const holder = this.holderOf(binding);
    const { within, isShared = false } = around;
    if (
      within !== undefined &&
      holder?.isBelow(within.owner) === true &&
      holder.#host.exits(binding)
    ) {
      throw captured(identifierName(binding.serviceIdentifier), within.binding);
    }
    if (!isCaching(binding)) {
      return around;
    }
    if (binding.scope === 'Singleton') {
      if (cachedIn(binding) !== undefined) {
        return undefined;
      }
      if (holder !== undefined && holder !== this && isMaking(binding)) {
        const planned = unknownParts(holder, binding);
        planned.hasUnknownParts = binding.type === 'DynamicValue';
        this.#planned.set(binding, planned);
        return { within: planned };
      }
    }
    if (within === undefined) {
      return around;
    }
    if (binding.type === 'DynamicValue') {
      within.hasUnknownParts = true;
      within.owner.#constructions.expectMore(within.binding);
    }
    const sharedParts = isShared || binding.scope === 'Request';
    within.sharesUnknownParts ||= sharedParts && binding.type === 'DynamicValue';
    (sharedParts ? within.shared : within.parts).add(binding.id);
    return sharedParts && !isShared ? { within, isShared: true } : around;
  }

  /** Which container, of this one and those above that have the module, holds the binding. */
  protected holderOf(binding: Binding): Owner | undefined {
    const { bindingService } = this.context;
    const bindings: readonly Binding[] = [
      ...(bindingService.getNonParentBindings(binding.serviceIdentifier) ?? []),
    ];
    return bindings.includes(binding) ? this : this.above?.holderOf(binding);
  }
}

function unknownParts(owner: Owner, binding: CachingBinding): Planned {
  return {
    owner,
    binding,
    parts: new Set(),
    shared: new Set(),
    hasUnknownParts: true,
    sharesUnknownParts: false,
  };
}

function captured(part: string, { serviceIdentifier }: Binding): Error {
  const singleton = identifierName(serviceIdentifier);
  return new Error(
    `Cannot build ${singleton} through a child container: it is a singleton of a container above, and ` +
      `would be given ${part} of the child, which is exited with the child while ${singleton} lives ` +
      `on. Bind ${part} where ${singleton} is bound, or resolve ${singleton} in the container that ` +
      'binds it before a child does.',
  );
}
