/** The signal by which services learn that a disposal has started. */
interface Stopped {
  readonly reason: unknown;
}

export class StopSignal {
  readonly #parent: () => StopSignal | undefined;
  #controller: AbortController | undefined;
  #stopped: Stopped | undefined;

  /** @param parent that of the parent container. */
  constructor(parent: () => StopSignal | undefined) {
    this.#parent = parent;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    const stopped = this.#whyStopped;
    if (stopped !== undefined) {
      this.#controller.abort(stopped.reason);
    }
    return this.#controller.signal;
  }

  /** Returns whether it had not stopped before. */
  stop(reason: unknown): boolean {
    if (this.#stopped !== undefined) {
      return false;
    }
    this.#stopped = { reason };
    this.#controller?.abort(reason);
    return true;
  }

  /** A container that comes while an ancestor is being disposed was not there when that stopped. */
  get #whyStopped(): Stopped | undefined {
    const parent = this.#parent();
    return this.#stopped ?? (parent && parent.#whyStopped);
  }
}
