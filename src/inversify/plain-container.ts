/** A container without the module, of which only the context of a resolution is known. */
import type { ResolutionContext } from '@inversifyjs/core';
import type { ServiceIdentifier } from 'inversify';

import { inheritedFrom } from './binding-watch.js';
import { contextBinding, type Services } from './requester.js';

/**
 * The services of the container that a context belongs to. Inversify gives them to nobody, but calls
 * their methods in each resolution.
 *
 * @param known the services of an ancestor: they have the same classes.
 */
export function servicesOf(context: ResolutionContext, known: Services): Services {
  const nothing: ServiceIdentifier = Symbol('inversify-onexit/nothing');
  const planResultCacheService = firstReceiver(known.planResultCacheService, 'get', () => {
    context.get(nothing, { optional: true });
  });
  // With a cached plan nothing would be looked up.
  planResultCacheService.clearCache();
  let { bindingService } = known;
  const activationService = firstReceiver(known.activationService, 'get', () => {
    bindingService = firstReceiver(bindingService, 'getNonParentBindings', () => {
      context.get(contextBinding.serviceIdentifier);
    });
  });
  return { activationService, bindingService, planResultCacheService };
}

/** The first of a class whose method is called within `call`. The method is replaced meanwhile. */
function firstReceiver<Service extends object>(
  service: Service,
  name: keyof Service,
  call: () => void,
): Service {
  const prototype = inheritedFrom(service);
  const method = prototype[name];
  let first: Service | undefined;
  const note = (receiver: Service): void => {
    first ??= receiver;
  };
  Reflect.set(prototype, name, function (this: Service, ...parameters: unknown[]): unknown {
    note(this);
    return Reflect.apply(method as (...all: unknown[]) => unknown, this, parameters);
  });
  try {
    call();
  } finally {
    prototype[name] = method;
  }
  /* istanbul ignore next -- Inversify calls it in each resolution */
  return first ?? service;
}
