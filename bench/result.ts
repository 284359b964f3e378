/** What the figures say. */
import type { Case, Measured } from './case.js';
import { spreadOf, type Spread } from './statistics.js';

export interface Promised {
  readonly promise: string;
  readonly atMost: number;
  readonly isMissed: boolean;
}

export interface Compared extends Promised {
  readonly of: string;
  readonly against: string;
  readonly found: Spread;
}

export interface Result {
  readonly group: string;
  readonly name: string;
  readonly unit: Case['unit'];
  readonly per: string;
  readonly variants: readonly {
    readonly name: string;
    readonly less: string | undefined;
    readonly figure: Spread;
    /** A ratio, or bytes beyond: to the first variant. */
    readonly compared: Spread;
  }[];
  readonly promised: readonly Compared[];
}

export function resultOf({ measured, rounds }: Measured): Result {
  const { group, name, unit, per, variants, limits = [] } = measured;
  const figuresOf = (index: number): number[] => rounds.map((round) => round[index] ?? NaN);
  // Of one round: what has disturbed the machine for a while has disturbed both.
  const compare = (of: number, against: number): Spread => {
    const base = figuresOf(against);
    return spreadOf(
      figuresOf(of).map((figure, round) =>
        unit === 'bytes' ? figure - (base[round] ?? NaN) : figure / (base[round] ?? NaN),
      ),
    );
  };
  const indexOf = (variant: string): number => variants.findIndex(({ name }) => name === variant);
  return {
    group,
    name,
    unit,
    per,
    variants: variants.map(({ name, less }, index) => ({
      name,
      less,
      figure: spreadOf(figuresOf(index)),
      compared: compare(index, 0),
    })),
    promised: limits.map(({ promise, of, against, atMost }) => {
      const found = compare(indexOf(of), indexOf(against));
      // Not what the noise alone may have brought above it.
      return { promise, of, against, atMost, found, isMissed: !(found.low <= atMost) };
    }),
  };
}
