/** The argument of an exit hook. */
import type { ExitCause } from './exit-cause.js';
import type { ExitContext } from './exit-context.js';

export class HookContext implements ExitContext {
  readonly reason: unknown;
  readonly completed: boolean;
  #aborted: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;

  /** @param aborted the reason with which its signal is aborted from the beginning, if it is. */
  constructor({ reason, completed }: ExitCause, aborted?: { readonly reason: unknown }) {
    this.reason = reason;
    this.completed = completed;
    this.#aborted = aborted;
  }

  get signal(): AbortSignal {
    // Created late: most hooks never read it, and it costs more than they do.
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
