/** Learns of every binding before an instance is made from it, through Inversify's own services. */
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
import type { ServiceIdentifier } from 'inversify';

/** The fluent interface assigns them, at any time. */
interface Handlers {
  onActivation: BindingActivation | undefined;
  onDeactivation: BindingDeactivation | undefined;
}

/** A binding whose values the container makes. */
export type MakingBinding = (
  InstanceBinding<unknown> | DynamicValueBinding<unknown> | ResolvedValueBinding<unknown>
) &
  Handlers;

/** A binding that has a cache, and so can be deactivated: any but an alias. */
export type CachingBinding =
  MakingBinding | ((ConstantValueBinding<unknown> | FactoryBinding<never>) & Handlers);

export interface BindingListener {
  /** How Inversify looks up what it plans with. */
  planningMet(operations: PlanParamsOperations): void;
  /** A service is looked up, and further up if it is not bound here. */
  lookedUp(identifier: ServiceIdentifier): void;
  /** All bindings were replaced by clones of others. */
  bindingsReplaced(): void;
  /** Bindings may have been removed of which nothing else tells. */
  bindingsDropped(): void;
  /** Has Inversify mend cached plans, which it does outside of any `get`. */
  mending(mend: () => void): void;
  /** A binding as it is now. It is told of again before each plan in which it may stand. */
  bindingMet(binding: CachingBinding): void;
  /** A binding that was removed, after its deactivation. */
  bindingRemoved(binding: CachingBinding): void;
  /** A copy of all bindings, with what they have cached. */
  snapshotTaken(snapshot: PluginContext['bindingService']): void;
  /** Plans were dropped as a whole; it may be, with all bindings (`restore`, `unbindAll`). */
  plansCleared(): void;
}

export function cachingBindings(bindings: Iterable<Binding> = []): CachingBinding[] {
  return [...bindings].filter(isCaching);
}

/** The container's own bindings of a service; nobody is told of it, as when they are planned. */
export function boundHere(
  bindingService: PluginContext['bindingService'],
  identifier: ServiceIdentifier,
): readonly Binding[] {
  const inherited = Object.getPrototypeOf(bindingService) as PluginContext['bindingService'];
  return [...(inherited.getNonParentBindings.call(bindingService, identifier) ?? [])];
}

export function isCaching(binding: Binding): binding is CachingBinding {
  return binding.type !== 'ServiceRedirection';
}

/** Constants and factories are the user's. */
export function isMaking(binding: Binding): binding is MakingBinding {
  return (
    binding.type === 'Instance' ||
    binding.type === 'DynamicValue' ||
    binding.type === 'ResolvedValue'
  );
}

/**
 * Every plan, of this container and of its children, asks the binding service for its bindings,
 * after the fluent calls and before it decides how to resolve them. There is no event for it.
 */
export function watchBindings(context: PluginContext, listener: BindingListener): void {
  const cache = context.planResultCacheService;

  let followed = context.bindingService;
  intercept(followed, listener);
  const clearCache = cache.clearCache.bind(cache);
  cache.clearCache = () => {
    clearCache();
    // restore() replaces the service, and clears the plans next.
    if (followed !== context.bindingService) {
      followed = context.bindingService;
      intercept(followed, listener);
      listener.bindingsReplaced();
    }
    listener.plansCleared();
  };

  const mend = cache.invalidateServiceBinding.bind(cache);
  const invalidate: typeof mend = (invalidation) => {
    listener.mending(() => {
      mend(invalidation);
    });
  };
  cache.invalidateServiceBinding = (invalidation) => {
    listener.planningMet(invalidation.operations);
    const [binding] = cachingBindings([invalidation.binding]);
    const kind: string = invalidation.kind;
    if (binding === undefined) {
      try {
        invalidate(invalidation);
      } finally {
        // What an alias stands for is planned when it is resolved, and shown to nobody.
        cache.clearCache();
      }
    } else if (kind === 'bindingRemoved') {
      invalidate(invalidation);
      listener.bindingRemoved(binding);
    } else {
      const wasConsulted = watchConsultation(binding);
      try {
        invalidate(invalidation);
      } finally {
        if (wasConsulted()) {
          // Inversify has taken it into cached plans as `to…()` made it, before the fluent calls
          // that follow give it a scope and handlers; those plans would never ask for it again.
          cache.clearCache();
        }
      }
    }
  };
}

/** Leaves Inversify's services as they were. */
export function unwatchBindings({ bindingService, planResultCacheService }: PluginContext): void {
  for (const method of ['clone', 'getNonParentBindings', 'set', ...dropping]) {
    Reflect.deleteProperty(bindingService, method);
  }
  for (const method of ['clearCache', 'invalidateServiceBinding']) {
    Reflect.deleteProperty(planResultCacheService, method);
  }
}

/** Whether handlers that were set for all bindings of the service may still be to come. */
export function mayHaveServiceActivations(
  context: Partial<ResolutionContext>,
  service: ServiceIdentifier,
): boolean {
  // Inversify before 8.2.1 does not tell.
  return context.getActivations === undefined || context.getActivations(service) !== undefined;
}

/** By these bindings are removed as a whole, and not each with a word. */
const dropping = ['removeAllByModuleId', 'removeAllByServiceId'] as const;

function intercept(service: PluginContext['bindingService'], listener: BindingListener): void {
  let missed: ServiceIdentifier | undefined;
  const lookUp = service.getNonParentBindings.bind(service);
  service.getNonParentBindings = <T>(identifier: ServiceIdentifier) => {
    const bindings: Iterable<Binding<T>> | undefined = lookUp(identifier);
    missed = bindings === undefined ? identifier : undefined;
    listener.lookedUp(identifier);
    for (const binding of cachingBindings(bindings)) {
      listener.bindingMet(binding);
    }
    return bindings;
  };
  const clone = service.clone.bind(service);
  service.clone = () => {
    const snapshot = clone();
    listener.snapshotTaken(snapshot);
    return snapshot;
  };
  for (const method of dropping) {
    const drop: (of: never) => void = service[method].bind(service);
    service[method] = (of: never) => {
      drop(of);
      listener.bindingsDropped();
    };
  }
  const set = service.set.bind(service);
  service.set = <T>(binding: Binding<T>) => {
    set(binding);
    // An autobound binding is planned at once, without being looked up.
    if (binding.serviceIdentifier === missed) {
      for (const each of cachingBindings([binding])) {
        listener.bindingMet(each);
      }
    }
  };
}

/** Notes from now on, until it is called, whether anything asks if the binding fits. */
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
