/** What the properties have in common. */
import { expect } from '@jest/globals';

const { PROPERTY_RUNS: given } = process.env;

const numRuns = Number(given ?? 1_000);

/** The same each time, unless many runs are requested: those search for new failures. */
export const runs = { numRuns, ...(given === undefined ? { seed: 20_261_124 } : {}) };
// A busy machine takes several times as long as a quiet one.
export const timeout = 300_000 + numRuns * 60;

/** How many runs cover each case, so that no generator goes stale unnoticed. */
export class Shares {
  readonly #counts = new Map<string, number>();

  /** Once a run. */
  count(cases: Readonly<Record<string, boolean>>): void {
    for (const [name, isCovered] of Object.entries(cases)) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + Number(isCovered));
    }
  }

  check(unit: string, least: number): void {
    const shares = [...this.#counts].map(
      ([name, count]) => `${name} ${((100 * count) / numRuns).toFixed(0)} %`,
    );
    process.stdout.write(`${String(numRuns)} ${unit}: ${shares.join(', ')}\n`);
    expect(Math.min(...this.#counts.values()) / numRuns).toBeGreaterThan(least);
  }
}
