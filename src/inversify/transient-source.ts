/** Where the instances of a binding outside singleton scope come from, and how many live. */
import type { MakingBinding } from './binding-watch.js';
import type { ExitHook, ExitSource } from '../disposal/exit.js';
import type { ExitList } from '../disposal/exit-list.js';
import { serviceName } from '../shared/inspect.js';
import type { Owner } from './owner.js';
import { warn } from '../shared/warning.js';

const manyTransients = 1_000;

/** What to do instead of having a container own transients without end. */
const waysOut =
  'bind it in singleton scope, create it in a child container that is disposed with its unit of ' +
  'work, or call `lifecycle.release(instance)` when an instance is not needed any more';

/** How many instances of one binding one container owns. */
class Tally {
  live = 0;
  #hasWarned = false;

  /** @param list where they are, each of them once if it is tidy. */
  warnOfMany(service: string, list: ExitList): void {
    if (this.live <= manyTransients || this.#hasWarned) {
      return;
    }
    list.tidy();
    if (this.live > manyTransients) {
      this.#hasWarned = true;
      warn(
        'TRANSIENTS',
        `More than ${manyTransients.toLocaleString('en')} instances of ${service} are owned by one ` +
          `container, which keeps them until it is disposed. To have them exited earlier, ${waysOut}.`,
      );
    }
  }
}

class TransientSource implements ExitSource {
  readonly service: string;
  readonly hooks: readonly ExitHook[];
  readonly shared: boolean;
  readonly tally: Tally;

  constructor(binding: MakingBinding, instance: object, hooks: readonly ExitHook[], tally: Tally) {
    this.service = serviceName(binding.serviceIdentifier, instance);
    this.hooks = hooks;
    this.shared = binding.type !== 'Instance';
    this.tally = tally;
  }

  /** What a container answers that owns no transients. */
  refusal(): Error {
    return new Error(
      `${this.service} has exit hooks and was activated outside singleton scope, and its container ` +
        `was registered with \`transients: 'refuse'\`. Do one of these: ${waysOut} (there, with ` +
        "`transients: 'own'`).",
    );
  }
}

/** The sources of one binding's instances, one for each container that owns some. */
export class TransientSources {
  readonly binding: MakingBinding;
  readonly #home: Owner;
  #own: TransientSource | undefined;
  // Children come and go.
  readonly #others = new WeakMap<Owner, TransientSource>();

  constructor(binding: MakingBinding, home: Owner) {
    this.binding = binding;
    this.#home = home;
  }

  for(owner: Owner, instance: object, hooks: readonly ExitHook[]): TransientSource {
    const known = owner === this.#home ? this.#own : this.#others.get(owner);
    if (known?.hooks === hooks) {
      return known;
    }
    const source = new TransientSource(
      this.binding,
      instance,
      hooks,
      known === undefined ? new Tally() : known.tally,
    );
    if (owner === this.#home) {
      this.#own = source;
    } else {
      this.#others.set(owner, source);
    }
    return source;
  }
}
