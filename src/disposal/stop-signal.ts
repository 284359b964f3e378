/** The signal by which services are told that they are about to be exited. */
export class StopSignal {
  readonly #above: () => StopSignal | undefined;
  #controller: AbortController | undefined;
  #stopped: { readonly reason: unknown } | undefined;

  /** @param above that of the container around. */
  constructor(above: () => StopSignal | undefined) {
    this.#above = above;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    const stopped = this.#whyStopped;
    if (stopped !== undefined) {
      this.#controller.abort(stopped.reason);
    }
    return this.#controller.signal;
  }

  stop(reason: unknown): void {
    this.#stopped ??= { reason };
    this.#controller?.abort(reason);
  }

  /** A container that comes while one around it is being disposed was not there to be told. */
  get #whyStopped(): { readonly reason: unknown } | undefined {
    const above = this.#above();
    return this.#stopped ?? (above && above.#whyStopped);
  }
}
