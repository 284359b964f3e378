/** How much of the package is executed: counted by the engine, and so the same on every machine. */
import { Session } from 'node:inspector/promises';

/** What the core does, from when this is asked for: it must be imported after that. */
export class Steps {
  readonly #session = new Session();

  static async begin(): Promise<Steps> {
    const steps = new Steps();
    steps.#session.connect();
    await steps.#session.post('Profiler.enable');
    await steps.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    return steps;
  }

  /** How many functions, branches and rounds of loops of `src` are entered meanwhile. */
  async of(work: () => unknown): Promise<number> {
    await this.#take();
    await work();
    return this.#take();
  }

  end(): void {
    this.#session.disconnect();
  }

  /** Counting begins anew with it. */
  async #take(): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ url }) => url.includes('/src/'))
      .flatMap(({ functions }) => functions)
      .flatMap(({ ranges }) => ranges)
      .reduce((sum, { count }) => sum + count, 0);
  }
}
