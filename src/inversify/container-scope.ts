/** A container as a scope that owns instances: decides which container owns a new instance. */
import type { Binding, PlanServiceNode, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { ServiceIdentifier } from 'inversify';

import { boundHere, type CachingBinding } from './binding-watch.js';
import { cachedIn, Construction, Constructions } from './construction.js';
import { ScopeNode, type ScopeNodeHost } from './scope-tree.js';
import type { Exit } from '../disposal/exit.js';
import type { Disposer } from '../disposal/disposer.js';
import { identifierName } from '../shared/inspect.js';
import {
  captiveDependency,
  AncestorSingletons,
  unknownSingleton,
  type PlannedSingleton,
} from './ancestor-singletons.js';

/** Leads to the nearest container with the module. Not `Symbol.for`: copies must not share scopes. */
export const scopeToken: ServiceIdentifier<ContainerScope> = Symbol('inversify-onexit');

export interface ContainerScopeHost {
  /** Whether the values of the binding have exit hooks, and its container would run them. */
  hasExitHooks(binding: Binding): boolean;
  /** Called when a binding was removed, after its deactivation. */
  onBindingRemoved(binding: CachingBinding): void;
}

export class ContainerScope extends ScopeNode<ContainerScope> {
  /** The constructions of its singletons through descendants. */
  readonly constructions = new Constructions();
  readonly #host: ContainerScopeHost;
  readonly #ancestorSingletons = new AncestorSingletons<ContainerScope>(this);
  #resolvers: WeakMap<ResolutionContext, ContainerScope> | undefined;
  /** A lookup in a descendant that continues here, and the scope in which it began. */
  #continuedLookup:
    | { readonly identifier: ServiceIdentifier; readonly requester: WeakRef<ContainerScope> }
    | undefined;
  readonly #self = new WeakRef<ContainerScope>(this);
  #requester = this.#self;
  /** The root of the plan that is being made: its first lookup. Reset by {@link onPlan}. */
  #planRoot: ServiceIdentifier | undefined;
  /** The start of the outermost `get` in progress, as an order of constructions. */
  #getStart: number | undefined;

  constructor(
    context: PluginContext,
    disposer: Disposer<ScopeNodeHost<ContainerScope>>,
    host: ContainerScopeHost,
  ) {
    super(scopeToken, context, disposer);
    this.#host = host;
  }

  /** The owner of an instance that a binding of this container creates outside singleton scope. */
  ownerOf(binding: CachingBinding, context: ResolutionContext): ContainerScope {
    const resolver = this.#resolverOf(context);
    if (resolver.parent === undefined) {
      return resolver;
    }
    const running = resolver.#running();
    if (running !== undefined && this.isDescendantOf(running.owner)) {
      return resolver;
    }
    const owner = running?.owner ?? resolver;
    const other =
      // A disposed container refuses a new instance, even where the owner is uncertain.
      owner.disposer.state === 'disposed'
        ? undefined
        : resolver.#ancestorSingletons.ownerOfPart(binding, running !== undefined);
    return other !== undefined && owner.isDescendantOf(other) ? other : owner;
  }

  /** @throws Error if an instance that this container owns is injected into an ancestor's singleton. */
  refuseCaptiveDependency(binding: CachingBinding, context: ResolutionContext): void {
    if (this.parent !== undefined) {
      const running = this.#resolverOf(context).#running(binding);
      if (running !== undefined && this.isDescendantOf(running.owner)) {
        throw captiveDependency(identifierName(binding.serviceIdentifier), running.binding);
      }
    }
  }

  /** @throws Error if the value of a singleton of this container is owned by a descendant. */
  refuseDescendantValue(binding: CachingBinding, value: object, context: ResolutionContext): void {
    const entry = this.ownedByDescendant(value, context);
    if (entry !== undefined) {
      throw captiveDependency(entry.source.service, binding);
    }
  }

  /** @throws Error if an instance that a descendant owns is injected into an ancestor's singleton. */
  refuseOwnedByDescendant({ source }: Exit, context: ResolutionContext): void {
    const running = this.#resolverOf(context).#running();
    if (running !== undefined) {
      throw captiveDependency(source.service, running.binding);
    }
  }

  /** The entry of a value that is owned by the resolving container, or by one between it and this. */
  ownedByDescendant(value: object, context: ResolutionContext): Exit | undefined {
    for (
      let descendant: ContainerScope | undefined = this.#resolverOf(context);
      descendant !== undefined && descendant !== this;
      descendant = descendant.parent
    ) {
      const entry = descendant.disposer.registry.ownedEntry(value);
      if (entry !== undefined) {
        return entry;
      }
    }
    return undefined;
  }

  /** A service is looked up here, and next in the parent if it is not found. */
  onServiceLookup(identifier: ServiceIdentifier): void {
    if (this.#getStart !== undefined && identifier !== scopeToken) {
      this.#planRoot ??= identifier;
    }
    const requester =
      this.#continuedLookup?.identifier === identifier
        ? this.#continuedLookup.requester
        : this.#self;
    this.#requester = requester;
    this.#continuedLookup = undefined;
    if (this.parent !== undefined) {
      this.parent.#continuedLookup = { identifier, requester };
    }
  }

  /** A singleton of this container was looked up. */
  onSingletonLookup(binding: CachingBinding): void {
    if (this.hasDescendants) {
      this.constructions.watch(binding, (mayHaveUnknownParts) => {
        if (mayHaveUnknownParts) {
          // Without the cached plans, what it resolves is planned again, and `onPlan` sees the plan.
          this.context.planResultCacheService.clearCache();
        }
      });
      const requester = this.#requester.deref();
      if (
        requester !== undefined &&
        requester !== this &&
        requester.#getStart === undefined &&
        cachedIn(binding) === undefined
      ) {
        // No event reports its plan: a descendant without the module made it.
        this.constructions.expectUnknownParts(binding);
        requester.#ancestorSingletons.add(this, binding).sharesUnknownParts = true;
        requester.#forgetPlannedSoon();
      }
    }
  }

  /** A singleton of this container has all its parts. */
  onBuilt(binding: CachingBinding): void {
    this.constructions.end(binding);
  }

  /**
   * Searches a plan for singletons of ancestors that it would build.
   *
   * @throws Error if one of them would hold an instance that a descendant owns.
   */
  onPlan(root: PlanServiceNode): void {
    // Parts that could not be planned before are not in this plan.
    if (root.serviceIdentifier === this.#planRoot) {
      this.#planRoot = undefined;
    }
    if (this.parent === undefined) {
      return;
    }
    if (this.#getStart === undefined) {
      // The request came from a stored context, and not through the container's own methods.
      this.#forgetPlannedSoon();
    }
    const running = this.#running();
    let isDone = false;
    try {
      isDone = this.#ancestorSingletons.inspectPlan(root, running) && running === undefined;
    } finally {
      if (!isDone) {
        // A refused plan must be reported again. So must what the singleton resolves next, even if it
        // was planned together with this.
        this.context.planResultCacheService.clearCache();
      }
    }
  }

  /** A `get` of this container begins. Returns the argument for {@link onGetEnd}. */
  onGetStart(): number | undefined {
    const outer = this.#getStart;
    this.#getStart ??= Construction.begun;
    return outer;
  }

  /** A `get` has returned: singletons that it left unbuilt are no longer being built. */
  onGetEnd(outer: number | undefined): void {
    this.#getStart = outer;
    if (outer === undefined) {
      this.#endGet();
    }
  }

  /** Calls `check`, which looks whether a service is bound. */
  checking<T>(check: () => T): T {
    try {
      return check();
    } finally {
      this.#endLookups();
    }
  }

  /** Calls `update`, whose lookups must not be taken for those of a container without the module. */
  aroundPlanUpdate(update: () => void): void {
    if (this.parent === undefined) {
      update();
      return;
    }
    const outer = this.onGetStart();
    try {
      update();
    } finally {
      this.onGetEnd(outer);
    }
  }

  /** Whether the values of the binding have exit hooks, and its container would run them. */
  hasExitHooks(binding: Binding): boolean {
    return this.#host.hasExitHooks(binding);
  }

  onBindingRemoved(binding: CachingBinding): void {
    this.#host.onBindingRemoved(binding);
  }

  protected treeChanged(): void {
    this.#resolvers = undefined;
  }

  /** The container whose `get` started a resolution. */
  #resolverOf(context: ResolutionContext): ContainerScope {
    if (!this.hasDescendants) {
      // The resolution started here, or in a descendant without the module.
      return this;
    }
    this.#resolvers ??= new WeakMap();
    let resolver = this.#resolvers.get(context);
    if (resolver === undefined) {
      resolver = context.get(scopeToken);
      this.#resolvers.set(context, resolver);
    }
    return resolver;
  }

  /**
   * The singleton, other than `except`, whose synchronous part is running. If several are nested, that
   * of the farthest ancestor, since the others are parts of it.
   */
  #running(except?: CachingBinding): PlannedSingleton<ContainerScope> | undefined {
    let running: PlannedSingleton<ContainerScope> | undefined;
    for (let { parent } = this; parent !== undefined; { parent } = parent) {
      for (const { binding, isRunning, order } of parent.constructions) {
        if (isRunning && binding !== except && order >= (this.#getStart ?? 0)) {
          running =
            this.#ancestorSingletons.find(binding) ??
            unknownSingleton<ContainerScope>(parent, binding);
        }
      }
    }
    return running;
  }

  #endGet(): void {
    this.#endLookups();
    const wasLeft = this.#ancestorSingletons.size > 0 && this.#ancestorSingletons.forget();
    if (wasLeft || this.#planRoot !== undefined) {
      // Singletons that were left unbuilt, or whose plan was not reported since the whole plan failed,
      // must be planned and inspected at the next request.
      this.#planRoot = undefined;
      this.context.planResultCacheService.clearCache();
    }
  }

  /** Ends the lookups that found their service here, or only checked for it: no ancestor continues them. */
  #endLookups(): void {
    for (let { parent } = this; parent !== undefined; { parent } = parent) {
      parent.#continuedLookup = undefined;
    }
  }

  #forgetPlannedSoon(): void {
    queueMicrotask(() => {
      this.onGetEnd(this.onGetStart());
    });
  }

  /** The bindings of a service, of this container and of its ancestors with the module. */
  bindingsOf(identifier: ServiceIdentifier): readonly Binding[] {
    return [
      ...boundHere(this.context.bindingService, identifier),
      ...(this.parent?.bindingsOf(identifier) ?? []),
    ];
  }

  /** The container that holds the binding: this one, or an ancestor with the module. */
  holderOf(binding: Binding): ContainerScope | undefined {
    return boundHere(this.context.bindingService, binding.serviceIdentifier).includes(binding)
      ? this
      : this.parent?.holderOf(binding);
  }
}
