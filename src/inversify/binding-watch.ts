/** Reports every binding before an instance is made from it, by intercepting Inversify's services. */
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

export interface BindingListener {
  /** Receives the functions with which Inversify reads bindings and class metadata for its plans. */
  onPlanning(operations: PlanParamsOperations): void;
  /** A service is looked up here, and next in the parent if it is not bound here. */
  onServiceLookup(identifier: ServiceIdentifier): void;
  /** All bindings were replaced by clones of others. */
  onBindingsReplaced(): void;
  /** Bindings may have been removed without a call of {@link onBindingRemoved}. */
  onBindingsDropped(): void;
  /** Calls `update`, in which Inversify updates cached plans. That happens outside of any `get`. */
  aroundPlanUpdate(update: () => void): void;
  /** Called with a binding, as it is now, before each plan that may contain it. */
  onBindingLookup(binding: CachingBinding): void;
  /** A binding that was removed, after its deactivation. */
  onBindingRemoved(binding: CachingBinding): void;
  /** A copy of all bindings, with their cached values, was made. */
  onSnapshot(snapshot: PluginContext['bindingService']): void;
  /** All plans were dropped, and possibly all bindings too (`restore`, `unbindAll`). */
  onPlansCleared(): void;
}

export function cachingBindings(bindings: Iterable<Binding> = []): CachingBinding[] {
  return [...bindings].filter(isCaching);
}

/** The container's own bindings of a service. Unlike a lookup for a plan, it calls no listener. */
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

/** Whether the container creates the values: those of constants and factories belong to the user. */
export function isMaking(binding: Binding): binding is MakingBinding {
  return (
    binding.type === 'Instance' ||
    binding.type === 'DynamicValue' ||
    binding.type === 'ResolvedValue'
  );
}

/**
 * Every plan, of this container and of its children, reads its bindings from the binding service,
 * after the fluent calls and before it decides how to resolve them. Inversify has no event for it.
 */
export function watchBindings(context: PluginContext, listener: BindingListener): void {
  const cache = context.planResultCacheService;

  let intercepted = context.bindingService;
  intercept(intercepted, listener);
  const clearCache = cache.clearCache.bind(cache);
  cache.clearCache = () => {
    clearCache();
    // restore() replaces the service, and then clears the plans.
    if (intercepted !== context.bindingService) {
      intercepted = context.bindingService;
      intercept(intercepted, listener);
      listener.onBindingsReplaced();
    }
    listener.onPlansCleared();
  };

  const update = cache.invalidateServiceBinding.bind(cache);
  const invalidate: typeof update = (invalidation) => {
    listener.aroundPlanUpdate(() => {
      update(invalidation);
    });
  };
  cache.invalidateServiceBinding = (invalidation) => {
    listener.onPlanning(invalidation.operations);
    const [binding] = cachingBindings([invalidation.binding]);
    const kind: string = invalidation.kind;
    if (binding === undefined) {
      try {
        invalidate(invalidation);
      } finally {
        // The target of an alias is planned when it is resolved, and no event reports that plan.
        cache.clearCache();
      }
    } else if (kind === 'bindingRemoved') {
      invalidate(invalidation);
      listener.onBindingRemoved(binding);
    } else {
      const wasConsulted = watchConsultation(binding);
      try {
        invalidate(invalidation);
      } finally {
        if (wasConsulted()) {
          // Inversify has added the binding to cached plans as `to…()` made it, before the fluent
          // calls that follow set its scope and handlers. Those plans would never look it up again.
          cache.clearCache();
        }
      }
    }
  };
}

/** Restores Inversify's services to what they were. */
export function unwatchBindings({ bindingService, planResultCacheService }: PluginContext): void {
  for (const method of ['clone', 'getNonParentBindings', 'set', ...dropping]) {
    Reflect.deleteProperty(bindingService, method);
  }
  for (const method of ['clearCache', 'invalidateServiceBinding']) {
    Reflect.deleteProperty(planResultCacheService, method);
  }
}

/** Whether activation handlers of the service, set for all its bindings, may still have to run. */
export function mayHaveServiceActivations(
  context: Partial<ResolutionContext>,
  service: ServiceIdentifier,
): boolean {
  // Inversify before 8.2.1 has no such method: then assume that there are some.
  return context.getActivations === undefined || context.getActivations(service) !== undefined;
}

/** Methods that remove several bindings, and report none of them. */
const dropping = ['removeAllByModuleId', 'removeAllByServiceId'] as const;

function intercept(service: PluginContext['bindingService'], listener: BindingListener): void {
  let unbound: ServiceIdentifier | undefined;
  const lookUp = service.getNonParentBindings.bind(service);
  service.getNonParentBindings = <T>(identifier: ServiceIdentifier) => {
    const bindings: Iterable<Binding<T>> | undefined = lookUp(identifier);
    unbound = bindings === undefined ? identifier : undefined;
    listener.onServiceLookup(identifier);
    for (const binding of cachingBindings(bindings)) {
      listener.onBindingLookup(binding);
    }
    return bindings;
  };
  const clone = service.clone.bind(service);
  service.clone = () => {
    const snapshot = clone();
    listener.onSnapshot(snapshot);
    return snapshot;
  };
  for (const method of dropping) {
    const drop: (of: never) => void = service[method].bind(service);
    service[method] = (of: never) => {
      drop(of);
      listener.onBindingsDropped();
    };
  }
  const set = service.set.bind(service);
  service.set = <T>(binding: Binding<T>) => {
    set(binding);
    // An autobound binding is planned at once, without a lookup.
    if (binding.serviceIdentifier === unbound) {
      for (const each of cachingBindings([binding])) {
        listener.onBindingLookup(each);
      }
    }
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
