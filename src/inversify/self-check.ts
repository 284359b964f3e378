/** Finds out whether the installed Inversify lets the module collect what it makes. */
import type { PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import { markName } from '../hooks/exit-hooks.js';
import type { ExitList } from '../disposal/exit-list.js';

/** What the module takes hold of, or asks, that is not part of Inversify's public interface. */
const insides = {
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
  /* istanbul ignore next -- a probe is collected, and never exited */
  exit(): void {
    throw new Error('a probe was exited');
  }
}
markName(Probe.prototype, 'exit');

const probeToken: ServiceIdentifier<Probe> = Symbol('inversify-onexit/probe');
// Each copy of Inversify is tried once: not every child container shall pay for it.
const tried = new WeakSet();

/** @throws Error if something is not there that the module needs. */
export function checkInsides(context: PluginContext): void {
  for (const service of [
    'bindingService',
    'deactivationService',
    'planResultCacheService',
  ] as const) {
    for (const method of insides[service]) {
      if (typeof Reflect.get(context[service], method) !== 'function') {
        throw unsupported(`its ${service} has no method ${method}`);
      }
    }
  }
}

/** @throws Error if what the container makes does not arrive on the list. */
export function checkCollecting(
  container: Container,
  context: PluginContext,
  list: ExitList,
): void {
  const { bindingService, planResultCacheService } = context;
  if (tried.has(bindingService.constructor)) {
    return;
  }
  container.bind(probeToken).to(Probe).inTransientScope();
  container
    .bind(probeToken)
    .toDynamicValue(() => new Probe())
    .inSingletonScope();
  container.getAll(probeToken);
  const collected = list.take(({ subject }) => subject instanceof Probe).length;
  bindingService.removeAllByServiceId(probeToken);
  planResultCacheService.clearCache();
  if (collected !== 2) {
    throw unsupported(`${String(2 - collected)} of 2 instances were not seen`);
  }
  tried.add(bindingService.constructor);
}

function unsupported(fault: string): Error {
  return new Error(
    `LifecycleModule cannot collect instances from the installed Inversify: ${fault}. It is tested ` +
      'with 7.11.0, 8.0.0 and 8.2.3: install one of these, or a newer inversify-onexit.',
  );
}
