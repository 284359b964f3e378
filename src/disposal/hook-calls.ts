/** Which containers have a hook in its synchronous part. */
import type { ExitContext } from '../hooks/exit-context.js';
import type { ExitHook } from './exit.js';

/** Calls hooks, and tells whoever is called by them that a hook is in its synchronous part. */
export class HookCalls {
  readonly #above: () => HookCalls | undefined;
  #depth = 0;

  /** @param above those of the container around, whose disposal waits for these, too. */
  constructor(above: () => HookCalls | undefined) {
    this.#above = above;
  }

  get inProgress(): boolean {
    return this.#depth > 0;
  }

  call(hook: ExitHook, subject: object, context: ExitContext): unknown {
    this.#count(1);
    try {
      return hook.call(subject, context);
    } finally {
      this.#count(-1);
    }
  }

  #count(change: 1 | -1): void {
    this.#depth += change;
    const above = this.#above();
    if (above !== undefined) {
      above.#count(change);
    }
  }
}
