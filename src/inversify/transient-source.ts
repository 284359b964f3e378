/** The source of the instances of a binding outside singleton scope, and the number of live ones. */
import type { ServiceIdentifier } from 'inversify';

import type { ExitSource } from '../disposal/exit.js';
import { arePlain, type ExitHook } from '../hooks/exit-hook.js';
import type { Registry } from '../disposal/registry.js';
import { serviceName } from '../shared/inspect.js';
import { warn } from '../shared/warning.js';

const manyTransients = 1_000;

/** The advice to a user whose container owns an unlimited number of transients. */
const waysOut =
  'bind it in singleton scope, create it in a child container that is disposed with its unit of ' +
  'work, or call `lifecycle.release(instance)` when an instance is not needed any more';

/** The number of instances of one binding that one container owns. */
class LiveCount {
  count = 0;
  #hasWarned = false;

  /** @param registry holds them; it is deduplicated before the warning, so that each counts once. */
  warnOfMany(service: string, registry: Registry): void {
    if (this.count <= manyTransients || this.#hasWarned) {
      return;
    }
    registry.deduplicate();
    if (this.count > manyTransients) {
      this.#hasWarned = true;
      warn(
        'TRANSIENTS',
        `More than ${manyTransients.toLocaleString('en')} instances of ${service} are owned by one ` +
          `container, which keeps them until it is disposed. To have them disposed earlier, ${waysOut}.`,
      );
    }
  }
}

/** A binding, or what there is in the place of one. */
export interface SourceBinding {
  readonly type: string;
  readonly serviceIdentifier: ServiceIdentifier;
}

class TransientSource implements ExitSource {
  readonly service: string;
  readonly hooks: readonly ExitHook[];
  readonly isShared: boolean;
  readonly isPlain: boolean;
  readonly binding: SourceBinding;
  readonly live: LiveCount;

  constructor(
    binding: SourceBinding,
    instance: object,
    hooks: readonly ExitHook[],
    live: LiveCount,
  ) {
    this.service = serviceName(binding.serviceIdentifier, instance);
    this.hooks = hooks;
    this.isPlain = arePlain(hooks);
    this.binding = binding;
    this.isShared = binding.type !== 'Instance';
    this.live = live;
  }

  /** The error of a container that refuses to own transients. */
  refusal(): Error {
    return new Error(
      `${this.service} has exit hooks and was activated outside singleton scope, and its container ` +
        `was registered with \`transients: 'refuse'\`. Do one of these: ${waysOut} (there, with ` +
        "`transients: 'own'`).",
    );
  }
}

/** A container that owns instances, with their sources. They go when it goes. */
export interface SourceHolder {
  transientSources: Map<TransientSources, TransientSource> | undefined;
}

/** The sources of one binding's instances: one for each container that owns instances. */
export class TransientSources {
  readonly binding: SourceBinding;
  readonly #home: SourceHolder;
  #own: TransientSource | undefined;

  constructor(binding: SourceBinding, home: SourceHolder) {
    this.binding = binding;
    this.#home = home;
  }

  for(owner: SourceHolder, instance: object, hooks: readonly ExitHook[]): TransientSource {
    const existing = owner === this.#home ? this.#own : owner.transientSources?.get(this);
    if (existing?.hooks === hooks) {
      return existing;
    }
    const source = new TransientSource(
      this.binding,
      instance,
      hooks,
      existing === undefined ? new LiveCount() : existing.live,
    );
    if (owner === this.#home) {
      this.#own = source;
    } else {
      owner.transientSources ??= new Map();
      owner.transientSources.set(this, source);
    }
    return source;
  }
}
