/** Checks whether the module can collect the instances that the installed Inversify creates. */
import type { PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import { markName } from '../hooks/exit-hooks.js';
import type { Registry } from '../disposal/registry.js';

/** The methods that the module calls or replaces although they are not public in Inversify. */
const internals = {
  bindingService: [
    'clone',
    'getById',
    'getChained',
    'getNonParentBindings',
    'getNonParentBoundServices',
    'removeAllByModuleId',
    'removeAllByServiceId',
    'set',
  ],
  deactivationService: ['get'],
  planResultCacheService: ['clearCache', 'invalidateServiceBinding'],
} as const;

class Probe {
  /* istanbul ignore next -- a probe is collected, and its hook never runs */
  exit(): void {
    throw new Error('the exit hook of a probe was run');
  }
}
markName(Probe.prototype, 'exit');

const probeToken: ServiceIdentifier<Probe> = Symbol('inversify-onexit/probe');
// Each copy of Inversify is checked once, so that child containers do not pay for it.
const checked = new WeakSet();

/** @throws Error if a method that the module needs is missing. */
export function checkInternals(context: PluginContext): void {
  for (const service of [
    'bindingService',
    'deactivationService',
    'planResultCacheService',
  ] as const) {
    for (const method of internals[service]) {
      if (typeof Reflect.get(context[service], method) !== 'function') {
        throw unsupported(`its ${service} has no method ${method}`);
      }
    }
  }
}

/** @throws Error if an instance that the container creates does not arrive in the registry. */
export function checkCollecting(
  container: Container,
  context: PluginContext,
  registry: Registry,
): void {
  const { bindingService, planResultCacheService } = context;
  if (checked.has(bindingService.constructor)) {
    return;
  }
  container.bind(probeToken).to(Probe).inTransientScope();
  container
    .bind(probeToken)
    .toDynamicValue(() => new Probe())
    .inSingletonScope();
  container.getAll(probeToken);
  const collected = registry.take(({ subject }) => subject instanceof Probe).length;
  bindingService.removeAllByServiceId(probeToken);
  planResultCacheService.clearCache();
  if (collected !== 2) {
    throw unsupported(`${String(2 - collected)} of 2 instances were not seen`);
  }
  checked.add(bindingService.constructor);
}

function unsupported(fault: string): Error {
  return new Error(
    `LifecycleModule cannot collect instances from the installed Inversify: ${fault}. It is tested ` +
      'with 7.11.0, 8.0.0 and 8.2.3: install one of these, or a newer inversify-onexit.',
  );
}
