/** Registers an instance outside singleton scope with its owner. */
import type { ResolutionContext } from '@inversifyjs/core';

import type { Exit } from '../disposal/exit.js';
import type { ExitHook } from '../hooks/exit-hook.js';
import type { ContainerScope } from './container-scope.js';
import type { TransientSources } from './transient-source.js';

/** @throws Error if the owner refuses transients, or if a descendant owns what a singleton is given. */
export function registerTransient(
  sources: TransientSources,
  owner: ContainerScope,
  instance: object,
  hooks: readonly ExitHook[],
  context: ResolutionContext,
): void {
  const { disposer } = owner;
  const source = sources.for(owner, instance, hooks);
  const exit: Exit = { subject: instance, source };
  if (disposer.option('transients') === 'refuse' && !disposer.registry.isTracked(instance)) {
    disposer.refuse(exit, source.refusal());
  }
  const owned = source.isShared ? owner.ownedByDescendant(instance, context) : undefined;
  if (owned === undefined) {
    disposer.push(exit);
    source.live.warnOfMany(source.service, disposer.registry);
  } else {
    owner.refuseOwnedByDescendant(owned, context);
  }
}
