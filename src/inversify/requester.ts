/** In whose name instances are made: the context of each resolution leads to one requester. */
import type { ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import { isObject } from '../shared/inspect.js';
import { ComputedBinding } from './derived-bindings.js';
import { inversifyClassOf } from './inversify-container.js';

export interface Requester<Scope> {
  /** The container that owns what is made. */
  readonly owner: Scope;
  /** The container in which bindings are looked up: the owner, or a descendant. */
  readonly through: Scope;
  /** The names of the owner's singletons that it makes instances for, if a descendant has requested those. */
  readonly singletons: readonly string[];
  /** Those of the container whose resolution has this context, and leads to this requester. */
  servicesOf(context: ResolutionContext): Services;
}

/** What a container plans with. */
export type Services = Pick<
  PluginContext,
  'activationService' | 'bindingService' | 'planResultCacheService'
>;

/** Leads to the nearest requester. Not `Symbol.for`: copies of the package must not share them. */
export const requesterToken: ServiceIdentifier = Symbol('inversify-onexit/requester');

/** The requester that a context leads to. */
export function requesterOf<Scope>(context: Partial<ResolutionContext>): Requester<Scope> {
  // Inversify before 8.2.1 has no getActivations(): there it takes a plan.
  const found: unknown = (context.getActivations ?? context.get)?.(requesterToken);
  // An array, or what Inversify makes of several.
  const [requester] = found as [Requester<Scope>];
  return requester;
}

class ContextBinding extends ComputedBinding {
  override value(context: ResolutionContext): ResolutionContext {
    return context;
  }
}

const contextToken: ServiceIdentifier<ResolutionContext> = Symbol('inversify-onexit/context');

/** Bound in each container with the module: what resolves it is given its own context. */
export const contextBinding = new ContextBinding(contextToken);

/** The context of a container with the module. */
export function contextOf(container: Container): ResolutionContext {
  // Its own method may have been replaced: a disposed container refuses.
  return inversifyClassOf(container).prototype.get.call(
    container,
    contextToken,
  ) as ResolutionContext;
}

/** Recognises what {@link captiveDependency} has made. */
const refusals = new WeakSet();

export function isCaptiveDependency(error: unknown): boolean {
  return isObject(error) && refusals.has(error);
}

/** The error for a captive dependency: a singleton would hold a part that a descendant disposes. */
export function captiveDependency(part: string, singletons: readonly string[]): Error {
  const name = singletons.join(' or ');
  const error = new Error(
    `Cannot build ${name} through a child container: it is a singleton of an ancestor, and ` +
      `would be given ${part} of the child, which is disposed with the child while ${name} lives ` +
      `on. Bind ${part} where ${name} is bound, or resolve ${name} in the container that ` +
      'binds it before a child does.',
  );
  refusals.add(error);
  return error;
}
