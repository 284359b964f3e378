/** A container as a scope that owns instances: decides which container owns a new instance. */
import type { Binding, PlanParamsOperations, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import type { Disposer } from '../disposal/disposer.js';
import type { Exit } from '../disposal/exit.js';
import { exitLink, type ExitLink } from '../disposal/exit-link.js';
import { identifierName } from '../shared/inspect.js';
import { AncestorSingleton } from './ancestor-singleton.js';
import {
  boundHere,
  cachedIn,
  inheritedFrom,
  isCaching,
  planOperationsOf,
  type CachingBinding,
} from './binding-watch.js';
import { BuildScope, type PlanningScope } from './build-scope.js';
import { constantBinding, originalOf } from './derived-bindings.js';
import { Lifecycle } from './lifecycle.js';
import { servicesOf } from './plain-container.js';
import {
  captiveDependency,
  contextBinding,
  contextOf,
  requesterOf,
  requesterToken,
  type Requester,
  type Services,
} from './requester.js';
import { ScopeNode, type ScopeNodeHost } from './scope-tree.js';
import type { SourceHolder } from './transient-source.js';

export interface ContainerScopeHost {
  readonly container: Container;
  readonly lifecycle: Lifecycle & ExitLink;
  /** Whether the values of the binding have exit hooks, and its container would run them. */
  hasExitHooks(binding: Binding): boolean;
  /** Called when a binding was removed, after its deactivation. */
  onBindingRemoved(binding: CachingBinding): void;
}

export class ContainerScope
  extends ScopeNode<ContainerScope>
  implements Requester<ContainerScope>, PlanningScope<ContainerScope>, SourceHolder
{
  readonly owner = this;
  readonly through = this;
  readonly singletons: readonly string[] = [];
  /** What Inversify returns for the {@link requesterToken}. */
  readonly requesters: readonly [ContainerScope] = [this];
  generation = 0;
  transientSources: SourceHolder['transientSources'];
  readonly #host: ContainerScopeHost;
  #operations: PlanParamsOperations | undefined;
  #plainServices: WeakMap<ResolutionContext, Services> | undefined;
  #buildScopes: WeakMap<Services, Map<ContainerScope, BuildScope<ContainerScope>>> | undefined;
  #requesterBinding: Binding | undefined;
  #lifecycleBinding: Binding | undefined;

  constructor(
    context: PluginContext,
    disposer: Disposer<ScopeNodeHost<ContainerScope>>,
    host: ContainerScopeHost,
  ) {
    super(context, disposer);
    this.#host = host;
  }

  get container(): Container {
    return this.#host.container;
  }

  get lifecycle(): Lifecycle {
    return this.#host.lifecycle;
  }

  get link(): ExitLink {
    return this.#host.lifecycle;
  }

  // Whose an instance is.

  /** In whose name a resolution makes instances. */
  requesterOf(context: ResolutionContext): Requester<ContainerScope> {
    // Otherwise the resolution started here, or in a descendant without the module.
    return this.hasOtherContexts ? requesterOf<ContainerScope>(context) : this;
  }

  /** The owner of an instance that a binding of this container creates outside singleton scope. */
  ownerOf(context: ResolutionContext): ContainerScope {
    const { owner, through } = this.requesterOf(context);
    // What must not be a part of an ancestor's singleton is disposed with whoever has requested that.
    return this.isDescendantOf(owner) ? through : owner;
  }

  /** Why an instance must not be made with this context, if it is made for an ancestor's singleton. */
  refusalOf(
    { serviceIdentifier }: Pick<Binding, 'serviceIdentifier'>,
    context: ResolutionContext,
  ): Error | undefined {
    if (this.parent === undefined) {
      return undefined;
    }
    const { owner, singletons } = this.requesterOf(context);
    return this.isDescendantOf(owner)
      ? captiveDependency(identifierName(serviceIdentifier), singletons)
      : undefined;
  }

  /** @throws Error if the value of a singleton of this container is owned by a descendant. */
  refuseDescendantValue(
    binding: Pick<Binding, 'serviceIdentifier'>,
    value: object,
    context: ResolutionContext,
  ): void {
    const entry = this.ownedByDescendant(value, context);
    if (entry !== undefined) {
      throw captiveDependency(entry.source.service, [identifierName(binding.serviceIdentifier)]);
    }
  }

  /** Refuses an instance that a descendant owns, which is injected into a singleton of this container. */
  refuseOwnedByDescendant({ source }: Exit, context: ResolutionContext): never {
    throw captiveDependency(source.service, this.requesterOf(context).singletons);
  }

  /** The entry of a value that is owned by the resolving container, or by one between it and this. */
  ownedByDescendant(value: object, context: ResolutionContext): Exit | undefined {
    for (
      let descendant: ContainerScope | undefined = this.requesterOf(context).through;
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

  // How singletons of ancestors are built.

  servicesOf(context: ResolutionContext): Services {
    if (contextOf(this.container) === context) {
      return this.context;
    }
    // A child without the module leads to this scope, and has bindings of its own.
    this.#plainServices ??= new WeakMap();
    let services = this.#plainServices.get(context);
    if (services === undefined) {
      services = servicesOf(context, this.context);
      this.#plainServices.set(context, services);
    }
    return services;
  }

  buildScopeFor(owner: ContainerScope, services: Services): BuildScope<ContainerScope> {
    this.#buildScopes ??= new WeakMap();
    const scopes = this.#buildScopes.get(services) ?? new Map<ContainerScope, never>();
    this.#buildScopes.set(services, scopes);
    let scope = scopes.get(owner);
    if (scope === undefined) {
      scope = new BuildScope<ContainerScope>(owner, this, services);
      scopes.set(owner, scope);
      // What is made in it has the context of the scope.
      this.expectOtherContexts();
    }
    return scope;
  }

  /** Called when a value of a singleton has hooks that its binding does not show. */
  onHooksFound(): void {
    if (this.parent !== undefined && this.hasOtherContexts) {
      // A plan for an ancestor's singleton may contain it.
      this.dropPlans();
    }
  }

  /** Whether the values of the binding have exit hooks, and its container would run them. */
  hasExitHooks(binding: Binding): boolean {
    return this.#host.hasExitHooks(binding);
  }

  // How services are looked up here.

  /** The binding of a service that is bound here although Inversify does not hold it. */
  offered(identifier: ServiceIdentifier): Binding | undefined {
    switch (identifier) {
      case requesterToken:
        return (this.#requesterBinding ??= constantBinding<unknown>(
          requesterToken,
          this.requesters,
        ));
      case Lifecycle:
        return (this.#lifecycleBinding ??= constantBinding<Lifecycle>(Lifecycle, this.lifecycle));
      case contextBinding.serviceIdentifier:
        return contextBinding;
      default:
        return undefined;
    }
  }

  /** A singleton of an ancestor that is not built yet is built for that ancestor, and not by this plan. */
  plannedFor(bindings: Iterable<Binding>): Iterable<Binding> {
    return this.parent === undefined
      ? bindings
      : Array.from(bindings, (binding) => this.#standInFor(binding) ?? binding);
  }

  /** Whether cached plans may be updated with these functions: an ancestor has others. */
  mayUpdatePlans(operations: PlanParamsOperations): boolean {
    return this.parent === undefined || operations === this.#operations;
  }

  dropPlans(): void {
    this.context.planResultCacheService.clearCache();
  }

  /** Called when its plans were dropped: an ancestor may have registered the module. */
  onPlansDropped(): void {
    this.generation++;
    this.refreshParent();
    if (this.parent !== undefined) {
      this.#operations ??= this.#planOperations();
    }
  }

  onBindingRemoved(binding: CachingBinding): void {
    this.#host.onBindingRemoved(binding);
  }

  holds(binding: Binding): boolean {
    return boundHere(this.context.bindingService, binding.serviceIdentifier).includes(binding);
  }

  /** The bindings of a service, of this container and of its ancestors with the module. */
  bindingsOf(identifier: ServiceIdentifier): readonly Binding[] {
    return [
      ...boundHere(this.context.bindingService, identifier),
      ...(this.parent?.bindingsOf(identifier) ?? []),
    ];
  }

  protected findParent(): ContainerScope | undefined {
    return this.#findAround(requesterToken) as ContainerScope | undefined;
  }

  protected findLink(): ExitLink | undefined {
    return this.#findAround(exitLink) as ExitLink | undefined;
  }

  /** What the nearest ancestor with the module offers for a token. */
  #findAround(token: ServiceIdentifier): unknown {
    const { activationService } = this.context;
    // Not its own method, which finds what this scope has.
    const found: unknown = inheritedFrom(activationService).get.call(activationService, token);
    const [nearest] = (found ?? []) as Iterable<unknown>;
    return nearest;
  }

  #standInFor(binding: Binding): AncestorSingleton<ContainerScope> | undefined {
    if (!isCaching(binding) || binding.scope !== 'Singleton' || cachedIn(binding) !== undefined) {
      return undefined;
    }
    const owner = this.#ancestorOwning(binding);
    return owner && new AncestorSingleton(binding, owner, this);
  }

  /**
   * The ancestor that owns what is made for a singleton: the one that holds it, or the nearest one above
   * the container without the module that does.
   */
  #ancestorOwning(binding: Binding): ContainerScope | undefined {
    const { parent } = this;
    if (parent === undefined || this.holds(binding)) {
      return undefined;
    }
    return parent.holds(binding) || !parent.#finds(binding)
      ? parent
      : parent.#ancestorOwning(binding);
  }

  /** Whether it is bound here or in an ancestor. */
  #finds(binding: Binding): boolean {
    const { bindingService } = this.context;
    const found: Iterable<Binding> = bindingService.getChained(binding.serviceIdentifier);
    return Array.from(found, originalOf).includes(binding);
  }

  /** Taken from Inversify, which looks up bindings with functions that it has made before. */
  #planOperations(): PlanParamsOperations {
    const { context } = this;
    const operations = planOperationsOf(this.container, context);
    operations.getBindings = (identifier) => context.bindingService.get(identifier);
    operations.getBindingsChained = (identifier) => context.bindingService.getChained(identifier);
    return operations;
  }
}
