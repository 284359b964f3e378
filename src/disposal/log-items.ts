/** What logs have noted, in one order, and the numbers that a report gives it. */
import type { ExitRecord } from './exit-report.js';

/** The record of a hook, which is filled in when that has settled. */
export type Started = { -readonly [Name in keyof ExitRecord]: ExitRecord[Name] };

/** Something that was started, where it stands among all that was. */
export interface Item<Log> {
  readonly log: Log;
  /** Not there: it is the log itself that stands here. */
  readonly record?: Started;
  /** What was started before its log was included counts as started then. */
  readonly from: number;
  readonly order: number;
}

/** How a log numbers what it reports. */
export class Numbering<Log> {
  readonly exits = new Map<Started, number>();
  readonly containers = new Map<Log, number>();

  add({ log, record }: Pick<Item<Log>, 'log' | 'record'>): void {
    if (record === undefined) {
      this.containers.set(log, this.containers.size + 1);
    } else {
      this.exits.set(record, this.exits.size);
    }
  }
}

export function numbered<Log>(items: readonly Item<Log>[]): Numbering<Log> {
  const numbering = new Numbering<Log>();
  for (const item of items) {
    numbering.add(item);
  }
  return numbering;
}

export function byOrder(one: Item<unknown>, other: Item<unknown>): number {
  return one.from - other.from || one.order - other.order;
}
