/** Reports every binding before an instance is made from it, by overriding Inversify's services. */
import type {
  Binding,
  BindingActivation,
  BindingDeactivation,
  ConstantValueBinding,
  DynamicValueBinding,
  FactoryBinding,
  InstanceBinding,
  PlanParamsOperations,
  ResolutionContext,
  ResolvedValueBinding,
} from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { BindingScope, Container, ServiceIdentifier } from 'inversify';

import { exitLink, type ExitLink } from '../disposal/exit-link.js';
import { requesterToken } from './requester.js';

/** The fluent interface can assign them at any time. */
interface Handlers {
  onActivation: BindingActivation | undefined;
  onDeactivation: BindingDeactivation | undefined;
}

/** A binding whose values the container creates. */
export type MakingBinding = (
  InstanceBinding<unknown> | DynamicValueBinding<unknown> | ResolvedValueBinding<unknown>
) &
  Handlers;

/** A binding that has a cache, and so can be deactivated: any but an alias. */
export type CachingBinding =
  MakingBinding | ((ConstantValueBinding<unknown> | FactoryBinding<never>) & Handlers);

type ActivationService = PluginContext['activationService'];
type BindingService = PluginContext['bindingService'];
type PlanCache = PluginContext['planResultCacheService'];
type Invalidation = Parameters<PlanCache['invalidateServiceBinding']>[0];

export interface BindingListener {
  /** What a resolution in this container leads to, and nothing else. */
  readonly requesters: readonly object[];
  /** What a container of another copy finds that is created in this one. */
  readonly links: readonly [ExitLink];
  /** What runs in the place of the activation handlers of a service. */
  activationsFor(
    identifier: ServiceIdentifier,
    handlers: Iterable<BindingActivation>,
  ): Iterable<BindingActivation>;
  /** The binding of a service that is bound here, although Inversify does not hold it. */
  offered(identifier: ServiceIdentifier): Binding | undefined;
  /** What is planned in the place of bindings that were looked up here, or through here. */
  plannedFor(bindings: Iterable<Binding>): Iterable<Binding>;
  /** Receives the functions with which a container reads bindings and class metadata for its plans. */
  onPlanning(operations: PlanParamsOperations): void;
  /** Whether Inversify may update cached plans with these: an ancestor would plan them in its own way. */
  mayUpdatePlans(operations: PlanParamsOperations): boolean;
  /** All bindings were replaced by clones of others. */
  onBindingsReplaced(): void;
  /** Bindings may have been removed without a call of {@link onBindingRemoved}. */
  onBindingsDropped(): void;
  /** Called with a binding, as it is now, before each plan that may contain it. */
  onBindingLookup(binding: CachingBinding): void;
  /** A binding that was removed, after its deactivation. */
  onBindingRemoved(binding: CachingBinding): void;
  /** A copy of all bindings, with their cached values, was made. */
  onSnapshot(snapshot: BindingService): void;
  /** All plans were dropped, and possibly all bindings too (`restore`, `unbindAll`). */
  onPlansCleared(): void;
}

export function cachingBindings(bindings: Iterable<Binding> = []): CachingBinding[] {
  return [...bindings].filter(isCaching);
}

/** The container's own bindings of a service. Unlike a lookup for a plan, it calls no listener. */
export function boundHere(
  bindingService: BindingService,
  identifier: ServiceIdentifier,
): readonly Binding[] {
  const inherited = inheritedFrom(bindingService);
  return [...(inherited.getNonParentBindings.call(bindingService, identifier) ?? [])];
}

/** Inversify's own methods of a service, whether they are overridden or not. */
export function inheritedFrom<Service extends object>(service: Service): Service {
  const prototype = Object.getPrototypeOf(service) as Service;
  return Object.hasOwn(service, watchKey)
    ? (Object.getPrototypeOf(prototype) as Service)
    : prototype;
}

export function isCaching(binding: Binding): binding is CachingBinding {
  return binding.type !== 'ServiceRedirection';
}

/** Whether the container creates the values: those of constants and factories belong to the user. */
export function isMaking(binding: Binding): binding is MakingBinding {
  return (
    binding.type === 'Instance' ||
    binding.type === 'DynamicValue' ||
    binding.type === 'ResolvedValue'
  );
}

/** The cached value of a binding. */
export function cachedIn({
  cache,
}: Pick<CachingBinding, 'cache'>): { readonly value: unknown } | undefined {
  return cache.isRight ? cache : undefined;
}

/** Shared by all: Inversify replaces it when there is a value to cache. */
const nothing = { isRight: false, value: undefined } as const;

/** Empties the cache of a binding. */
export function empty(binding: CachingBinding): void {
  binding.cache = nothing;
}

/** Whether activation handlers of the service, set for all its bindings, may still have to run. */
export function mayHaveServiceActivations(
  context: Partial<ResolutionContext>,
  service: ServiceIdentifier,
): boolean {
  // Inversify before 8.2.1 has no such method: then assume that there are some.
  return context.getActivations === undefined || context.getActivations(service) !== undefined;
}

/**
 * Every plan, of this container and of its children, reads its bindings from the binding service,
 * after the fluent calls and before it decides how to resolve them. Inversify has no event for it.
 */
export function watchBindings(context: PluginContext, listener: BindingListener): void {
  const watch: Watch = { listener, context, lookedUp: undefined };
  overrideBindings(watch);
  override(context.planResultCacheService, watch, planOverrides);
}

/** Restores Inversify's services to what they were. */
export function unwatchBindings({
  activationService,
  bindingService,
  planResultCacheService,
}: PluginContext): void {
  for (const service of [activationService, bindingService, planResultCacheService]) {
    Reflect.deleteProperty(service, watchKey);
    const overridden = Object.getPrototypeOf(service) as object;
    Object.setPrototypeOf(service, Object.getPrototypeOf(overridden) as object);
  }
}

/** The functions with which a container plans. Inversify shows them only when something is bound. */
export function planOperationsOf(
  container: Pick<Container, 'bind'>,
  { bindingService, planResultCacheService }: PluginContext,
): PlanParamsOperations {
  const probe: ServiceIdentifier = Symbol('inversify-onexit/probe');
  let operations!: PlanParamsOperations;
  planResultCacheService.invalidateServiceBinding = (invalidation) => {
    ({ operations } = invalidation);
  };
  container.bind(probe).toConstantValue(undefined);
  Reflect.deleteProperty(planResultCacheService, 'invalidateServiceBinding');
  bindingService.removeAllByServiceId(probe);
  return operations;
}

/** A class that nobody binds. */
class AutobindProbe extends Object {}

/** The binding scope of the classes that a container binds by itself. Inversify has no method for it. */
export function autobindScopeOf(bindingService: BindingService): BindingScope | undefined {
  const bindings = inheritedFrom(bindingService).get.call(bindingService, AutobindProbe);
  const [binding] = cachingBindings(bindings);
  bindingService.removeAllByServiceId(AutobindProbe);
  return binding?.scope;
}

const watchKey = Symbol('inversify-onexit/watch');

interface Watch {
  readonly listener: BindingListener;
  readonly context: PluginContext;
  /** The service that was looked up last. */
  lookedUp: ServiceIdentifier | undefined;
}

type Watched<Service> = Service & { readonly [watchKey]: Watch };

/** For each prototype of a service, one that overrides it: methods of its own for each container are slow. */
const overriding = new WeakMap<object, object>();

/** Those of the services that restore() replaces. */
function overrideBindings(watch: Watch): void {
  override(watch.context.activationService, watch, activationOverrides);
  override(watch.context.bindingService, watch, bindingOverrides);
}

function override<Service extends object>(
  service: Service,
  watch: Watch,
  overridesOf: (base: Service) => object,
): void {
  const prototype = Object.getPrototypeOf(service) as Service;
  let derived = overriding.get(prototype);
  if (derived === undefined) {
    derived = Object.assign(Object.create(prototype) as object, overridesOf(prototype));
    overriding.set(prototype, derived);
  }
  Object.defineProperty(service, watchKey, { value: watch, configurable: true });
  Object.setPrototypeOf(service, derived);
}

function activationOverrides(
  base: ActivationService,
): ThisType<Watched<ActivationService>> & object {
  return {
    get(identifier: ServiceIdentifier): unknown {
      const { listener } = this[watchKey];
      // The only method of a context that answers without a plan.
      switch (identifier) {
        case requesterToken:
          return listener.requesters;
        case exitLink:
          return listener.links;
      }
      const handlers = base.get.call(this, identifier);
      return handlers && listener.activationsFor(identifier, handlers);
    },
  };
}

function bindingOverrides(base: BindingService): ThisType<Watched<BindingService>> & object {
  return {
    getNonParentBindings(identifier: ServiceIdentifier): Iterable<Binding> | undefined {
      const watch = this[watchKey];
      watch.lookedUp = identifier;
      const bindings = base.getNonParentBindings.call(this, identifier);
      if (bindings === undefined) {
        const offered = watch.listener.offered(identifier);
        return offered && [offered];
      }
      for (const binding of bindings) {
        if (isCaching(binding)) {
          watch.listener.onBindingLookup(binding);
        }
      }
      return bindings;
    },
    get(identifier: ServiceIdentifier): Iterable<Binding> | undefined {
      if (identifier === AutobindProbe) {
        // A child that is probed would not bind what is bound here.
        return undefined;
      }
      const bindings = base.get.call(this, identifier);
      return bindings && this[watchKey].listener.plannedFor(bindings);
    },
    getChained(identifier: ServiceIdentifier): Iterable<Binding> {
      return this[watchKey].listener.plannedFor(base.getChained.call(this, identifier));
    },
    set(binding: Binding): void {
      base.set.call(this, binding as never);
      const { lookedUp, listener } = this[watchKey];
      // An autobound binding is planned at once, without a further lookup.
      if (binding.serviceIdentifier === lookedUp && isCaching(binding)) {
        listener.onBindingLookup(binding);
      }
    },
    clone(): BindingService {
      const snapshot = base.clone.call(this);
      this[watchKey].listener.onSnapshot(snapshot);
      return snapshot;
    },
    removeAllByModuleId(moduleId: number): void {
      base.removeAllByModuleId.call(this, moduleId);
      this[watchKey].listener.onBindingsDropped();
    },
    removeAllByServiceId(identifier: ServiceIdentifier): void {
      base.removeAllByServiceId.call(this, identifier);
      this[watchKey].listener.onBindingsDropped();
    },
  };
}

function planOverrides(base: PlanCache): ThisType<Watched<PlanCache>> & object {
  return {
    clearCache(): void {
      const watch = this[watchKey];
      // restore() replaces the services, and then clears the plans.
      const areReplaced = !Object.hasOwn(watch.context.bindingService, watchKey);
      if (areReplaced) {
        // First: the plans of children are cleared next, and they look for their parent then.
        overrideBindings(watch);
      }
      base.clearCache.call(this);
      if (areReplaced) {
        watch.listener.onBindingsReplaced();
      }
      watch.listener.onPlansCleared();
    },
    invalidateServiceBinding(invalidation: Invalidation): void {
      const { listener } = this[watchKey];
      const kind: string = invalidation.kind;
      const binding: Binding = invalidation.binding;
      listener.onPlanning(invalidation.operations);
      if (!listener.mayUpdatePlans(invalidation.operations)) {
        this.clearCache();
      } else if (!isCaching(binding)) {
        base.invalidateServiceBinding.call(this, invalidation);
      } else if (kind === 'bindingRemoved') {
        base.invalidateServiceBinding.call(this, invalidation);
        listener.onBindingRemoved(binding);
      } else {
        const wasConsulted = watchConsultation(binding);
        try {
          base.invalidateServiceBinding.call(this, invalidation);
        } finally {
          if (wasConsulted()) {
            // Inversify has added the binding to cached plans as `to…()` made it, before the fluent
            // calls that follow set its scope and handlers. Those plans would never look it up again.
            this.clearCache();
          }
        }
      }
    },
  };
}

/** Records whether the constraint of the binding is evaluated, until the returned function is called. */
function watchConsultation(binding: CachingBinding): () => boolean {
  const probed: { isSatisfiedBy: CachingBinding['isSatisfiedBy'] } = binding;
  const { isSatisfiedBy } = probed;
  let consulted = false;
  probed.isSatisfiedBy = (constraints) => {
    consulted = true;
    return isSatisfiedBy(constraints);
  };
  return () => {
    probed.isSatisfiedBy = isSatisfiedBy;
    return consulted;
  };
}
