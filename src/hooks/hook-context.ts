/** What a hook of ours is given. */
import type { ExitContext } from './exit-context.js';

export class HookContext implements ExitContext {
  readonly reason: unknown;
  #aborted: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;

  /** @param aborted why its signal has aborted from the beginning, if it has. */
  constructor(reason: unknown, aborted?: { readonly reason: unknown }) {
    this.reason = reason;
    this.#aborted = aborted;
  }

  get signal(): AbortSignal {
    // Most hooks never ask for it, and it costs more than they do.
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) {
      this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }
}
