/** What one run over hooks did, and the runs of child containers within it, as each of them sees it. */
import { DisposeError, ExitHookError } from './errors.js';
import {
  ExitReport,
  firstLine,
  hookLabel,
  type ExitRecord,
  type StartedExit,
} from './exit-report.js';
import { formatMs, type Clock } from '../shared/clock.js';
import type { ExitEvents, Observers } from './observers.js';

/** The record of a hook that has not settled yet, and is filled in when it has. */
export type Unsettled = { -readonly [Name in keyof Omit<ExitRecord, 'error'>]: ExitRecord[Name] };

/** How a hook has ended, if not well. */
export type Failed = Pick<ExitRecord, 'outcome' | 'error'>;

export class ExitLog {
  readonly reason: unknown;
  /** Whether its time has passed. */
  isSpent = false;
  readonly #clock: Clock;
  readonly #observers: Observers | undefined;
  readonly #began: number;
  /** What was done, and the logs of child containers, each where it began. */
  readonly #parts: (ExitRecord | ExitLog)[] = [];
  /** The numbers of the containers whose logs it has taken in. */
  readonly #numbers = new Map<ExitLog, number>();
  #around: ExitLog | undefined;
  #unsettled: Unsettled | undefined;
  #isClean = true;
  #report: ExitReport | undefined;

  constructor(clock: Clock, reason: unknown, observers?: Observers) {
    this.#clock = clock;
    this.#observers = observers;
    this.reason = reason;
    this.#began = clock.now();
  }

  /** The hook that was started, and has not settled. */
  get unsettled(): Unsettled | undefined {
    return this.#unsettled;
  }

  start(service: string, hook: string, now: number): Unsettled {
    const record: Unsettled = {
      service,
      hook,
      container: 0,
      startTime: now - this.#began,
      outcome: 'done',
      duration: 0,
    };
    this.#unsettled = record;
    if (this.#isObserved) {
      this.#tell('started', startOf(record));
    }
    return record;
  }

  settle(record: Unsettled, failed: Failed | undefined): void {
    this.#unsettled = undefined;
    record.duration = this.#elapsed() - record.startTime;
    const settled = failed === undefined ? record : { ...record, ...failed };
    this.#isClean &&= failed === undefined;
    this.#parts.push(settled);
    if (this.#isObserved) {
      this.#tell('settled', settled);
    }
  }

  /** Takes in the log of a child container, once. */
  include(log: ExitLog): void {
    if (log.#around !== this) {
      log.#around = this;
      this.#parts.push(log);
      this.#meet(log);
      this.#catchUp(log);
    }
  }

  /** To be asked for when all has ended. */
  report(): ExitReport {
    return (this.#report ??= new ExitReport(this.reason, this.#elapsed(), this.#records(this)));
  }

  failure(): DisposeError | undefined {
    if (this.#hasSucceeded) {
      return undefined;
    }
    const report = this.report();
    const errors = this.#failures();
    return new DisposeError(
      `${String(errors.length)} of ${String(report.exits.length)} exit hooks failed; all were run:`,
      errors,
      report,
    );
  }

  get #hasSucceeded(): boolean {
    return this.#isClean && [...this.#numbers.keys()].every((log) => log.#isClean);
  }

  /** Whether anybody is told, here or around. */
  get #isObserved(): boolean {
    return (
      (this.#observers !== undefined && this.#observers.size > 0) ||
      (this.#around !== undefined && this.#around.#isObserved)
    );
  }

  /** In the order in which they happened, each told as its own container has seen it. */
  #failures(): ExitHookError[] {
    return this.#parts.flatMap((part) => {
      if (part instanceof ExitLog) {
        return part.#failures();
      }
      return part.outcome === 'done'
        ? []
        : [new ExitHookError(failureOf(part, this.isSpent), part)];
    });
  }

  /** Each container has one number in each report that it is a part of. */
  #meet(log: ExitLog): void {
    this.#number(log);
    if (this.#around !== undefined) {
      this.#around.#meet(log);
    }
  }

  #number(log: ExitLog): void {
    this.#numbers.set(log, this.#numbers.size + 1);
    for (const part of log.#parts) {
      if (part instanceof ExitLog) {
        this.#number(part);
      }
    }
  }

  /** Tells those who observe this container, and those around it, of what a log has noted. */
  #tell<Event extends 'started' | 'settled'>(
    event: Event,
    exit: ExitEvents[Event],
    log: ExitLog = this,
  ): void {
    if (this.#observers !== undefined && this.#observers.size > 0) {
      this.#observers.tell(event, this.#seen(log, exit));
    }
    if (this.#around !== undefined) {
      this.#around.#tell(event, exit, log);
    }
  }

  /** Tells of what a log had noted before it was taken in. */
  #catchUp(log: ExitLog): void {
    for (const part of log.#parts) {
      if (part instanceof ExitLog) {
        this.#catchUp(part);
      } else {
        this.#tell('started', startOf(part), log);
        this.#tell('settled', part, log);
      }
    }
    if (log.#unsettled !== undefined) {
      this.#tell('started', startOf(log.#unsettled), log);
    }
  }

  /** What a log has noted, as this one reports it: its own as it is. */
  #seen<Told extends StartedExit>(log: ExitLog, told: Told): Told {
    const container = log === this ? undefined : this.#numbers.get(log);
    if (container === undefined) {
      return told;
    }
    const startTime = told.startTime + log.#began - this.#began;
    return { ...told, container, startTime };
  }

  #records(view: ExitLog, records: ExitRecord[] = []): ExitRecord[] {
    for (const part of this.#parts) {
      if (part instanceof ExitLog) {
        part.#records(view, records);
      } else {
        records.push(view.#seen(this, part));
      }
    }
    return records;
  }

  #elapsed(): number {
    return this.#clock.now() - this.#began;
  }
}

function startOf({ service, hook, container, startTime }: ExitRecord): StartedExit {
  return { service, hook, container, startTime };
}

function failureOf(record: ExitRecord, isSpent: boolean): string {
  const label = hookLabel(record);
  switch (record.outcome) {
    case 'failed':
    case 'done':
      return `${label} failed: ${firstLine(record.error)}`;
    case 'timed-out':
      return `${label} timed out after ${formatMs(record.duration)}: ${firstLine(record.error)}`;
    case 'not-awaited':
      return isSpent
        ? `${label} returned a promise when the time of the disposal had passed: how it ended is lost.`
        : `${label} returned a promise, and nothing could await it: how it ended is lost. Use ` +
            '`await container.dispose()` or `await using`.';
  }
}
