/** What one run over hooks did, and those of descendants within it, as each of them reports it. */
import { noCause, type ExitCause } from '../hooks/exit-cause.js';
import type { ExitHook } from '../hooks/exit-hook.js';
import type { Clock } from '../shared/clock.js';
import { DisposeError, ExitHookError } from './errors.js';
import { ExitReport, type ExitRecord, type StartedExit } from './exit-report.js';
import { byOrder, numbered, type Item, type Numbering, type Started } from './log-items.js';
import type { Observers } from './observers.js';

/** How a hook has ended, if not well. */
export type Failed = Pick<ExitRecord, 'outcome' | 'error'>;

/** The duration of a hook that has not settled. */
const unsettled = -1;

/** Orders what is started in the whole program: logs that run at once are merged by it. */
let starts = 0;

export class RunLog {
  readonly cause: ExitCause;
  /** Whether its time has passed. */
  isExpired = false;
  readonly #clock: Clock;
  readonly #observers: Observers | undefined;
  readonly #began: number;
  #duration = 0;
  readonly #records: Started[] = [];
  /** Where its records stand among all that was started: the first of each unbroken series, and its place. */
  readonly #series: { readonly index: number; readonly order: number }[] = [];
  #lastOrder = -1;
  /** Of records that waited for others, the one that settled last of these. */
  #after: Map<Started, Started> | undefined;
  #failed: { readonly record: Started; readonly order: number }[] | undefined;
  #included: { readonly log: RunLog; readonly order: number }[] | undefined;
  /** The nearest log that it is included in and somebody observes. */
  #upstream: RunLog | undefined;
  #numbering: Numbering<RunLog> | undefined;
  #lastSettled: Started | undefined;
  #announced: Started | undefined;
  #report: ExitReport | undefined;

  constructor(clock: Clock, cause: ExitCause = noCause, observers?: Observers) {
    this.#clock = clock;
    this.#observers = observers;
    this.cause = cause;
    this.#began = clock.now();
  }

  /** The record that settled last, of its own and of those that it includes. */
  get lastSettled(): Started | undefined {
    return this.#lastSettled;
  }

  start(
    service: string,
    { name, phase = 'exit' }: Pick<ExitHook, 'name' | 'phase'>,
    now: number,
    after?: Started,
  ): Started {
    const record: Started = {
      id: this.#records.length,
      service,
      hook: name,
      phase,
      container: 0,
      startTime: now - this.#began,
      outcome: 'done',
      duration: unsettled,
    };
    this.#records.push(record);
    if (++starts !== this.#lastOrder + 1) {
      this.#series.push({ index: record.id, order: starts });
    }
    this.#lastOrder = starts;
    if (after !== undefined) {
      this.#after ??= new Map();
      this.#after.set(record, after);
    }
    return record;
  }

  /** Those who observe it hear of what was started, once. */
  announce(record: Started): void {
    if (this.#isObserved && record !== this.#announced) {
      this.#announced = record;
      // Before any observer hears of it: one may have something else start first.
      this.#number([{ log: this, record }]);
      this.#emit('started', record);
    }
  }

  settle(record: Started, failed?: Failed): void {
    record.duration = this.#elapsed() - record.startTime;
    if (failed !== undefined) {
      record.outcome = failed.outcome;
      if ('error' in failed) {
        record.error = failed.error;
      }
      this.#failed ??= [];
      this.#failed.push({ record, order: ++starts });
    }
    this.#lastSettled = record;
    if (this.#isObserved) {
      this.#emit('settled', record);
    }
  }

  /** Takes in the log of a descendant. */
  include(log: RunLog): void {
    this.#included ??= [];
    const order = ++starts;
    this.#included.push({ log, order });
    const upstream = this.#isHeard ? this : this.#upstream;
    if (upstream !== undefined) {
      log.#observedFrom(upstream);
      this.#catchUp(log, order);
    }
  }

  /** What a log that it includes has settled last counts as settled here. */
  settledWithin(log: RunLog): void {
    this.#lastSettled = log.#lastSettled ?? this.#lastSettled;
  }

  /** Somebody has begun to observe it. */
  observed(): void {
    this.#included?.forEach(({ log }) => {
      log.#observedFrom(this);
    });
  }

  /** The last hook has ended. */
  end(): void {
    this.#duration = this.#elapsed();
  }

  /** Complete once all has ended. */
  report(): ExitReport {
    return (this.#report ??= new ExitReport(this.cause.reason, this.#duration, this.#exits()));
  }

  failure(): DisposeError | undefined {
    const failures = this.#failures();
    if (failures.length === 0) {
      return undefined;
    }
    const report = this.report();
    return new DisposeError(
      `${String(failures.length)} of ${String(report.exits.length)} exit hooks failed; all were run:`,
      failures.map(({ log, record }) => ExitHookError.of(record, log.isExpired)),
      report,
    );
  }

  /** Throws what a hook has thrown; if several have, one error with all of it. */
  rethrow(): void {
    const failure = this.failure();
    if (failure !== undefined) {
      const [only, ...others] = failure.errors;
      throw only !== undefined && 'cause' in only && others.length === 0 ? only.cause : failure;
    }
  }

  #exits(): readonly ExitRecord[] {
    if (this.#included === undefined && this.#after === undefined) {
      return this.#records;
    }
    const items = this.#items();
    const numbering = (this.#numbering ??= numbered(items));
    return items.flatMap(({ log, record }) =>
      record === undefined ? [] : [this.#seen(log, record, numbering)],
    );
  }

  /** What it reports, in the order in which it was started. */
  #items(): Item<RunLog>[] {
    const items: Item<RunLog>[] = [];
    this.#collect(items, 0);
    return this.#included === undefined ? items : items.sort(byOrder);
  }

  #collect(items: Item<RunLog>[], from: number): void {
    for (const [number, { index, order }] of this.#series.entries()) {
      const records = this.#records.slice(index, this.#series[number + 1]?.index);
      for (const [offset, record] of records.entries()) {
        items.push(this.#item(record, from, order + offset));
      }
    }
    for (const { log, order } of this.#included ?? []) {
      const included = Math.max(from, order);
      items.push({ log, from: included, order: included === order ? -1 : order });
      log.#collect(items, included);
    }
  }

  /** In the order in which they happened. */
  #failures(): Required<Item<RunLog>>[] {
    const failures: Required<Item<RunLog>>[] = [];
    const collect = (log: RunLog, from: number): void => {
      for (const { record, order } of log.#failed ?? []) {
        failures.push({ log, record, from: Math.max(from, order), order });
      }
      for (const { log: included, order } of log.#included ?? []) {
        collect(included, Math.max(from, order));
      }
    };
    collect(this, 0);
    return failures.sort(byOrder);
  }

  #item(record: Started, from: number, order: number): Item<RunLog> {
    return { log: this, record, from: Math.max(from, order), order };
  }

  /** Whether somebody observes it, or has, since when its numbers must go on. */
  get #isHeard(): boolean {
    return (
      this.#numbering !== undefined || (this.#observers !== undefined && this.#observers.size > 0)
    );
  }

  get #isObserved(): boolean {
    return this.#upstream !== undefined || this.#isHeard;
  }

  #observedFrom(upstream: RunLog): void {
    if (upstream !== this.#upstream) {
      this.#upstream = upstream;
      if (!this.#isHeard) {
        this.#included?.forEach(({ log }) => {
          log.#observedFrom(upstream);
        });
      }
    }
  }

  /** Emits what a log does to those who observe it, and those who observe what it is included in. */
  #emit(event: 'started' | 'settled', record: Started): void {
    // Those of now: an observer may have it included in another log, which then catches up.
    for (const log of this.#heardBy) {
      log.#emitHere(event, record, this);
    }
  }

  /** The logs whose observers hear of it: itself, and those upstream. */
  get #heardBy(): readonly RunLog[] {
    return this.#upstream === undefined ? [this] : [this, ...this.#upstream.#heardBy];
  }

  #emitHere(event: 'started' | 'settled', record: Started, by: RunLog): void {
    const observers = this.#observers;
    const isHeard = observers !== undefined && observers.size > 0;
    if (this.#numbering === undefined && isHeard) {
      this.#numbering = numbered(this.#items());
    }
    if (isHeard && this.#numbering !== undefined) {
      const exit = this.#seen(by, record, this.#numbering);
      observers.emit(event, event === 'started' ? startOf(exit) : exit);
    }
  }

  /** Emits what a log had done before it was included. */
  #catchUp(included: RunLog, from: number): void {
    const items: Item<RunLog>[] = [{ log: included, from, order: -1 }];
    included.#collect(items, from);
    items.sort(byOrder);
    // Before any observer hears of it: one may have something else settle meanwhile.
    const settled = new Set(items.filter(({ record }) => record && record.duration !== unsettled));
    this.#number(items);
    for (const log of this.#heardBy) {
      for (const item of items) {
        if (item.record !== undefined) {
          log.#emitHere('started', item.record, item.log);
          if (settled.has(item)) {
            log.#emitHere('settled', item.record, item.log);
          }
        }
      }
    }
  }

  #number(items: readonly Pick<Item<RunLog>, 'log' | 'record'>[]): void {
    for (const log of this.#heardBy) {
      items.forEach((item) => log.#numbering?.add(item));
    }
  }

  /** What a log has noted, as this one reports it: its own as it is, if nothing is to be added. */
  #seen(log: RunLog, record: Started, { exits, containers }: Numbering<RunLog>): ExitRecord {
    /* istanbul ignore next -- all records are numbered */
    const id = exits.get(record) ?? record.id;
    const waited = log.#after?.get(record);
    const number = waited && exits.get(waited);
    // One that this report has learned of only later says nothing here.
    const after = number !== undefined && number < id ? number : undefined;
    if (log === this && id === record.id && after === undefined) {
      return record;
    }
    return {
      ...record,
      id,
      container:
        log === this ? 0 : /* istanbul ignore next -- and all logs */ (containers.get(log) ?? 0),
      startTime: record.startTime + log.#began - this.#began,
      ...(after === undefined ? {} : { after }),
    };
  }

  #elapsed(): number {
    return this.#clock.now() - this.#began;
  }
}

function startOf({
  id,
  service,
  hook,
  phase,
  container,
  startTime,
  after,
}: ExitRecord): StartedExit {
  const start = { id, service, hook, phase, container, startTime };
  return after === undefined ? start : { ...start, after };
}
