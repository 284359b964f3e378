/** One value that a sensor has measured. */
export interface Reading {
  readonly sensor: string;
  readonly value: number;
}
