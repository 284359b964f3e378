/** Checks whether the module can collect the instances that the installed Inversify creates. */
import type { PluginContext } from '@inversifyjs/plugin';
import type { Container } from 'inversify';

import { markName } from '../hooks/exit-hooks.js';
import { inversifyClassOf } from './inversify-container.js';
import type { Lifecycle } from './lifecycle.js';

/** The methods that the module calls or replaces although they are not public in Inversify. */
const internals = {
  activationService: ['get'],
  bindingService: [
    'clone',
    'get',
    'getById',
    'getChained',
    'getNonParentBindings',
    'getNonParentBoundServices',
    'removeAllByModuleId',
    'removeAllByServiceId',
    'set',
  ],
  deactivationService: ['get'],
  planResultCacheService: ['clearCache', 'get', 'invalidateServiceBinding', 'subscribe'],
} as const;

class Probe {
  /* istanbul ignore next -- a probe is collected, and its hook never runs */
  exit(): void {
    throw new Error('the exit hook of a probe was run');
  }
}
markName(Probe.prototype, 'exit');

// Each copy of Inversify is checked once, so that child containers do not pay for it.
const checked = new WeakSet();

/**
 * Creates a container and a child of it, and tries whether each instance is collected where it belongs.
 *
 * @param register registers the module, and returns the container's `Lifecycle`.
 * @throws Error if one is not, or a method is missing that the module needs.
 */
export function checkInversify(
  container: Container,
  context: PluginContext,
  register: (container: Container) => Lifecycle,
): void {
  const Inversify = inversifyClassOf(container);
  if (checked.has(Inversify)) {
    return;
  }
  checkInternals(context);
  // Before the module is registered, which checks again.
  checked.add(Inversify);
  try {
    const parent = new Inversify();
    const ofParent = register(parent);
    const child = new Inversify({ parent });
    const ofChild = register(child);
    parent.bind(Probe).toSelf().inTransientScope();
    const [dynamic, whole] = [Symbol('dynamic'), Symbol('whole')];
    parent
      .bind(dynamic)
      .toDynamicValue(() => new Probe())
      .inSingletonScope();
    parent
      .bind(whole)
      .toResolvedValue((part: unknown) => [part], [Probe])
      .inSingletonScope();
    parent.get(dynamic);
    child.get(whole);
    child.get(Probe);
    const counts = [ofParent, ofChild].map((lifecycle) => lifecycle.pending().length);
    // What the parent has pending includes what its child has.
    if (counts.join() !== '3,1') {
      throw new Error(
        `3 instances of a parent and its child were collected as ${counts.join(' and ')}`,
      );
    }
  } catch (error) {
    checked.delete(Inversify);
    throw unsupported(error instanceof Error ? error.message : String(error));
  }
}

function checkInternals(context: PluginContext): void {
  for (const [service, methods] of Object.entries(internals)) {
    for (const method of methods) {
      const found: unknown = Reflect.get(context, service);
      if (typeof Reflect.get(found as object, method) !== 'function') {
        throw unsupported(`its ${service} has no method ${method}`);
      }
    }
  }
}

function unsupported(fault: string): Error {
  return new Error(
    `LifecycleModule cannot collect instances from the installed Inversify: ${fault}. It is tested ` +
      'with 7.11.0, 8.0.0 and 8.2.3: install one of these, or a newer inversify-onexit.',
  );
}
