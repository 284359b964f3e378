/** The middle of several figures, and between which two of them the true one lies. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** With so many figures, each end may be cut off by one more: the rest has the median 19 times of 20. */
const cuttable = [9, 12, 15, 17, 20, 23];

export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((one, other) => one - other);
  const cut = cuttable.filter((least) => figures.length >= least).length;
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return {
    median: middle.reduce((sum, figure) => sum + figure, 0) / middle.length,
    low: sorted[cut] ?? NaN,
    high: sorted.at(-1 - cut) ?? NaN,
  };
}
