/** What is compared with what. */

/** Takes one sample of a variant: ns or bytes, for each of what the case counts. */
export type Take = () => number | Promise<number>;

export interface Variant {
  readonly name: string;
  /** What it does not do that we do. */
  readonly less?: string;
  /** Called in the process that the variant has of its own. */
  readonly prepare: () => Take | Promise<Take>;
}

/** A figure that was promised. */
export interface Limit {
  readonly promise: 'P26' | 'P27' | 'P29';
  readonly of: string;
  readonly against: string;
  readonly atMost: number;
}

export interface Case {
  readonly name: string;
  readonly group: string;
  readonly unit: 'ns' | 'bytes';
  /** What the figures are for each of. */
  readonly per: string;
  /** Times are told as ratios, bytes as differences: to the first of them. */
  readonly variants: readonly Variant[];
  /** How many samples a process takes after it has warmed up; if only one, it takes it cold. */
  readonly samples: number;
  readonly limits?: readonly Limit[];
}

/** A figure for each variant in each round of processes, in the order of the variants. */
export interface Measured {
  readonly measured: Case;
  readonly rounds: readonly (readonly number[])[];
}
