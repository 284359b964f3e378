/** What is promised of time, held against what has happened in a program. */
import { DisposeError, type ExitRecord, type ExitReport } from 'inversify-onexit';

import {
  hookTimeoutOf,
  inheritedOf,
  isDrain,
  isThenable,
  isWithin,
  pathOf,
  type ActivationFacts,
  type EntryFacts,
  type HookFacts,
  type Moment,
  type ObserverFacts,
  type SiteFacts,
} from './time-facts.js';
import type { Play } from './time-play.js';
import { checkScope, checkWaits } from './time-scope-checks.js';
import type { World } from './time-worlds.js';

/** A span in which a time has passed. */
interface Span {
  readonly earliest: number;
  readonly latest: number;
}

/** How the disposal of one container has ended. */
interface Ending {
  readonly site: SiteFacts;
  readonly report: ExitReport;
  readonly failure: DisposeError | undefined;
  /** When it began, if that is known. */
  readonly began: number | undefined;
}

const never: Span = { earliest: Infinity, latest: Infinity };

export class Checks {
  readonly faults: string[] = [];
  readonly met = {
    'timed out': false,
    'not awaited': false,
    failed: false,
    'activations timed out': false,
    'ended at its limit': false,
    'after others': false,
    'scopes that are waited for': false,
    'scopes that others close': false,
  };
  readonly #play: Play;
  readonly #world: World;
  readonly #endings = new Map<SiteFacts, Ending>();
  readonly #activations = new Map<string, ActivationFacts>();
  /** Of each site: it, and what is within. */
  readonly #descendants = new Map<SiteFacts, SiteFacts[]>();

  private constructor(play: Play) {
    this.#play = play;
    this.#world = play.world;
    for (const activation of play.sites.flatMap(({ activations }) => activations)) {
      this.#activations.set(activation.service, activation);
    }
  }

  /** Of a program that was played. */
  static async of(play: Play, uncaught: readonly unknown[]): Promise<Checks> {
    const checks = new Checks(play);
    checks.faults.push(...play.faults);
    // What follows from a fault is no fault of its own.
    if (checks.faults.length === 0) {
      await checks.#collect();
      checks.#all(uncaught);
    }
    return checks;
  }

  async #collect(): Promise<void> {
    for (const site of this.#play.sites) {
      const { lifecycle } = site.place;
      if (lifecycle.state !== 'disposed') {
        this.faults.push(`${String(site.index)} is ${lifecycle.state}`);
        continue;
      }
      try {
        this.#add(site, await lifecycle.dispose());
      } catch (error) {
        if (!DisposeError.is(error)) {
          throw error;
        }
        this.#add(site, error.report, error);
      }
    }
  }

  #add(site: SiteFacts, report: ExitReport, failure?: DisposeError): void {
    const began =
      this.#world.isExact && site.ended !== undefined ? site.ended.at - report.duration : undefined;
    this.#endings.set(site, { site, report, failure, began });
  }

  #all(uncaught: readonly unknown[]): void {
    for (const { entries } of this.#play.sites) {
      for (const entry of entries) {
        this.#checkStarts(entry);
      }
    }
    for (const site of this.#play.sites) {
      this.faults.push(...checkWaits(this.#play, site));
    }
    for (const ending of this.#endings.values()) {
      this.#checkEnd(ending);
      this.#checkReport(ending);
      this.#checkComplete(ending);
      this.#checkFailure(ending);
      if (ending.site.unit !== undefined) {
        this.#meetScope(ending.site);
        this.faults.push(...checkScope(ending, (at) => this.#isClosed(ending.site, at)));
      }
    }
    for (const observer of this.#play.observers) {
      this.#checkObserver(observer);
    }
    this.#checkUncaught(uncaught);
    if (this.#world.timers !== 0) {
      this.faults.push(`${String(this.#world.timers)} timers are left`);
    }
  }

  // Every hook once.

  #checkStarts(entry: EntryFacts): void {
    for (const [index, hook] of entry.hooks.entries()) {
      const [least, most] = this.#startsOf(entry, index);
      if (hook.starts < least || hook.starts > most) {
        this.faults.push(`${hook.name} (${entry.status}) was started ${String(hook.starts)} times`);
      }
    }
    for (const phase of ['drain', 'exit'] as const) {
      const orders = entry.hooks
        .filter(({ spec, started }) => spec.phase === phase && started !== undefined)
        .map(({ started }) => started?.order ?? 0);
      if (orders.some((order, index) => order < (orders[index - 1] ?? 0))) {
        this.faults.push(`the hooks of ${entry.service} were started in another order`);
      }
    }
  }

  #startsOf(entry: EntryFacts, index: number): [number, number] {
    switch (entry.status) {
      case 'registered':
      case 'running':
        return [1, 1];
      case 'taken out':
        // A callback may have been started before, to drain.
        return entry.as === 'callback' ? [0, 1] : [1, 1];
      case 'arriving':
        return [0, 0];
      case 'refused':
        if (!entry.isMade || entry.isOfLateHook) {
          return [0, 0];
        }
        // Nobody ends what is exited by itself.
        return entry.isTooLate && isAfterOthers(entry, index) ? [0, 1] : [1, 1];
    }
  }

  // Limits.

  #checkEnd({ site }: Ending): void {
    const { latest } = this.#limitOf(site);
    if (site.ended !== undefined) {
      const idle = this.#world.idle(latest, site.ended.at);
      if (idle > 0) {
        this.faults.push(
          `the disposal of ${String(site.index)} has ended ${String(idle)} ms after its limit`,
        );
      }
      this.met['ended at its limit'] ||= site.ended.at >= latest;
    }
  }

  /** When the time of a disposal is spent: by its own limits, and those around it. */
  #limitOf(site: SiteFacts): Span {
    return pathOf(site)
      .map((each) => this.#ownLimitOf(each))
      .reduce(earlier, never);
  }

  #ownLimitOf(site: SiteFacts): Span {
    const asked = site.limits
      .map(({ earliest, latest, signal }): Span => {
        if (signal === undefined) {
          return { earliest, latest };
        }
        const at = this.#play.signalAborted(signal)?.at ?? Infinity;
        return { earliest: Math.max(earliest, at), latest: Math.max(latest, at) };
      })
      .reduce(earlier, never);
    return earlier(asked, this.#moduleLimitOf(site));
  }

  /** Of what was said for the container, if its disposal began as a part of another. */
  #moduleLimitOf(site: SiteFacts): Span {
    const { timeout } = site.spec.times;
    if (site.begun !== undefined || timeout === undefined) {
      return never;
    }
    const began = this.#endings.get(site)?.began;
    if (began === undefined) {
      return { earliest: -Infinity, latest: Infinity };
    }
    const earliest = began + timeout * this.#world.unit;
    // It does not exit before the one around it has drained, and the younger ones have ended.
    const turn = site.entries
      .flatMap(({ hooks }) => hooks)
      .filter(({ spec, isBeside, entry }) => spec.phase === 'exit' && !isBeside && !entry.isVague)
      .reduce((first, { started }) => Math.min(first, started?.at ?? Infinity), Infinity);
    return { earliest, latest: Math.max(earliest, turn) };
  }

  #isSpent(site: SiteFacts, at: number): boolean {
    return this.#limitOf(site).earliest <= at + this.#world.early;
  }

  #meetScope({ begun, parent }: SiteFacts): void {
    if (begun === undefined) {
      this.met['scopes that others close'] = true;
    } else if (parent?.begun !== undefined) {
      this.met['scopes that are waited for'] ||= parent.begun.order < begun.order;
    }
  }

  /** Whether the disposal around a scope may close it then: no time is left, or nothing else to exit. */
  #isClosed({ parent }: SiteFacts, at: Moment): boolean {
    return (
      parent === undefined ||
      this.#isSpent(parent, at.at) ||
      parent.entries.every((entry) =>
        entry.hooks.every(
          ({ spec, started, isBeside }) =>
            entry.isVague ||
            isBeside ||
            spec.phase === 'drain' ||
            started === undefined ||
            started.order < at.order,
        ),
      )
    );
  }

  // Reports.

  #checkReport({ site, report, began }: Ending): void {
    const where = `the report of ${String(site.index)}`;
    const numbers = new Map<number, SiteFacts>();
    const lastEnd = new Map<SiteFacts, number>();
    for (const [index, exit] of report.exits.entries()) {
      const label = `${exit.hook} in ${where}`;
      this.#expect(exit.id === index, `${label} has the id ${String(exit.id)}`);
      this.#checkAfter(report, exit, label);
      this.#expect(
        exit.duration >= 0 && endOf(exit) <= report.duration,
        `${label} took ${String(exit.duration)} ms`,
      );
      const owner = this.#siteOf(exit);
      if (owner === undefined) {
        this.faults.push(`${label}: nobody knows it`);
        continue;
      }
      this.#expect(
        (numbers.get(exit.container) ?? owner) === owner &&
          (exit.container === 0) === (owner === site),
        `${label} has the container ${String(exit.container)}`,
      );
      numbers.set(exit.container, owner);
      if (exit.hook !== 'activation') {
        // One at a time.
        this.#expect(
          exit.startTime >= (lastEnd.get(owner) ?? -Infinity),
          `${label} was started before the one before it had settled`,
        );
        lastEnd.set(owner, endOf(exit));
      }
      if (began !== undefined) {
        this.#checkTimes(exit, began, label);
      }
      this.#checkOutcome(exit, began, label);
    }
    this.#expect(
      new Set(numbers.values()).size === numbers.size,
      `${where} has two numbers for one container`,
    );
  }

  #checkAfter({ exits }: ExitReport, exit: ExitRecord, label: string): void {
    if (exit.after !== undefined) {
      this.met['after others'] = true;
      const before = exits[exit.after];
      const isBefore = before !== undefined && endOf(before) <= exit.startTime + tiny;
      this.#expect(exit.after < exit.id && isBefore, `${label} is after ${String(exit.after)}`);
    }
  }

  #siteOf({ hook, service }: ExitRecord): SiteFacts | undefined {
    return hook === 'activation'
      ? this.#activations.get(service)?.site
      : this.#play.hooks.get(hook)?.entry.site;
  }

  /** What is reported is what the hook has found. */
  #checkTimes(exit: ExitRecord, began: number, label: string): void {
    const hook = this.#play.hooks.get(exit.hook);
    if (hook?.started !== undefined && hook.returnedAt !== undefined) {
      const from = began + exit.startTime;
      const to = began + endOf(exit);
      this.#expect(
        from <= hook.started.at && this.#world.idle(from, hook.started.at) === 0,
        `${label} was started at ${String(hook.started.at)}, not ${String(from)}`,
      );
      this.#expect(to >= hook.returnedAt, `${label} settled before it had returned`);
    }
  }

  #checkOutcome(exit: ExitRecord, began: number | undefined, label: string): void {
    if (exit.hook === 'activation') {
      this.#checkActivation(exit, began, label);
      return;
    }
    const hook = this.#play.hooks.get(exit.hook);
    if (hook === undefined) {
      return;
    }
    const { entry, spec, failed } = hook;
    this.#expect(
      exit.phase === spec.phase && exit.service === entry.service,
      `${label} is ${exit.phase} of ${exit.service}`,
    );
    this.met['timed out'] ||= exit.outcome === 'timed-out';
    this.met['not awaited'] ||= exit.outcome === 'not-awaited';
    this.met.failed ||= exit.outcome === 'failed';
    if (!isThenable(spec)) {
      this.#expect(
        exit.outcome === (failed === undefined ? 'done' : 'failed') && exit.error === failed?.error,
        `${label} is ${exit.outcome}`,
      );
    } else if (hook.isLate) {
      this.#expect(
        exit.outcome === 'not-awaited',
        `${label} was started late, and is ${exit.outcome}`,
      );
      this.#expect(
        hook.started !== undefined && this.#isSpent(entry.site, hook.started.at),
        `${label} was started late, and there was time`,
      );
    } else {
      this.#checkAwaited(exit, hook, began, label);
    }
  }

  #checkAwaited(exit: ExitRecord, hook: HookFacts, began: number | undefined, label: string): void {
    const { settledAt, failed, returnedAt = NaN, entry } = hook;
    const { idle, unit } = { idle: this.#world.idle.bind(this.#world), unit: this.#world.unit };
    const timeout = (hook.spec.timeout ?? hookTimeoutOf(entry.site)) * unit;
    const timesOutAt = returnedAt + timeout;
    const end = began === undefined ? undefined : began + endOf(exit);
    switch (exit.outcome) {
      case 'done':
      case 'failed':
        this.#expect(
          (exit.outcome === 'failed') === (failed !== undefined) && exit.error === failed?.error,
          `${label} is ${exit.outcome}`,
        );
        this.#expect(settledAt !== undefined, `${label} is ${exit.outcome}, and has not settled`);
        if (settledAt !== undefined && end !== undefined) {
          this.#expect(
            settledAt <= end && idle(settledAt, end) === 0,
            `${label} settled at ${String(settledAt)}, not at ${String(end)}`,
          );
          this.#expect(idle(timesOutAt, end) === 0, `${label} was awaited for too long`);
        }
        break;
      case 'timed-out':
        if (end !== undefined) {
          this.#expect(
            settledAt === undefined || settledAt >= end,
            `${label} is timed-out, and settled before`,
          );
          this.#expect(idle(timesOutAt, end) === 0, `${label} was awaited for too long`);
          this.#expect(
            end >= timesOutAt || this.#isSpent(entry.site, end),
            `${label} is timed-out, and there was time`,
          );
        }
        this.#expect(exit.error !== undefined, `${label} says why it was timed-out`);
        break;
      case 'not-awaited':
        this.faults.push(`${label} was started in time, and not awaited`);
        break;
    }
  }

  #checkActivation(exit: ExitRecord, began: number | undefined, label: string): void {
    this.met['activations timed out'] = true;
    this.#expect(exit.outcome === 'timed-out', `${label} of ${exit.service} is ${exit.outcome}`);
    const activation = this.#activations.get(exit.service);
    if (activation === undefined || began === undefined) {
      return;
    }
    const { site, settledAt } = activation;
    const end = began + endOf(exit);
    const timeout = inheritedOf(site, 'activationTimeout') ?? hookTimeoutOf(site);
    this.#expect(
      settledAt === undefined || settledAt >= end,
      `${label} of ${exit.service} settled before its time had passed`,
    );
    this.#expect(
      this.#world.idle(began + exit.startTime + timeout * this.#world.unit, end) === 0,
      `${label} of ${exit.service} was awaited for too long`,
    );
  }

  /** It names every hook that was run within it, once, and every activation that timed out. */
  #checkComplete({ site, report }: Ending): void {
    const where = `the report of ${String(site.index)}`;
    const names = report.exits.map(({ hook, service }) =>
      hook === 'activation' ? `activation of ${service}` : hook,
    );
    const listed = new Set(names);
    this.#expect(listed.size === names.length, `${where} names one twice: ${names.join(', ')}`);
    // No other site is looked at: some programs open thousands.
    for (const other of this.#within(site)) {
      const isIncluded = this.#isIncluded(other, site);
      const hooks = other.entries.flatMap((entry) => entry.hooks);
      for (const { name, starts, isBeside, entry } of hooks) {
        const isRun = starts > 0 && !isBeside;
        if (entry.isVague && entry.status === 'refused') {
          continue;
        }
        if (listed.has(name) ? !isRun || isIncluded === false : isRun && isIncluded === true) {
          this.faults.push(`${name} is ${listed.has(name) ? '' : 'not '}in ${where}`);
        }
      }
      for (const { service } of other.unsettled) {
        if (isIncluded === true && !listed.has(`activation of ${service}`)) {
          this.faults.push(`the activation of ${service} is not in ${where}`);
        }
      }
    }
    for (const exit of report.exits) {
      const owner = this.#siteOf(exit);
      if (owner !== undefined && !pathOf(owner).includes(site)) {
        this.faults.push(`${exit.hook} of ${exit.service} is in ${where}`);
      }
    }
  }

  /** A site, and what is within. */
  #within(site: SiteFacts): readonly SiteFacts[] {
    if (this.#descendants.size === 0) {
      for (const each of this.#play.sites) {
        for (const around of pathOf(each)) {
          const within = this.#descendants.get(around);
          if (within === undefined) {
            this.#descendants.set(around, [each]);
          } else {
            within.push(each);
          }
        }
      }
    }
    return this.#descendants.get(site) ?? [];
  }

  /** Whether the disposal of one is a part of that of another; it may not be known. */
  #isIncluded(inner: SiteFacts, site: SiteFacts): boolean | undefined {
    if (inner === site) {
      return true;
    }
    if (!isWithin(inner, site)) {
      return false;
    }
    // A scope that runs is no part of a disposal, and nothing within it.
    const scope = pathOf(inner)
      .slice(1)
      .find(({ unit }) => unit !== undefined);
    if (scope !== undefined && isWithin(scope, site)) {
      const isPart = [this.#isIncluded(inner, scope), this.#isIncluded(scope, site)];
      return isPart.includes(false) ? false : isPart.includes(undefined) ? undefined : true;
    }
    const { begun } = site;
    if (begun === undefined) {
      return undefined;
    }
    if (!begun.disposedMeanwhile.has(inner)) {
      return true;
    }
    // One that had ended before may be a part of one that had begun before.
    const isPart = (around: SiteFacts): boolean =>
      around !== inner &&
      isWithin(inner, around) &&
      !begun.disposed.has(around) &&
      around.begun !== undefined &&
      around.begun.order < begun.order &&
      !around.begun.disposed.has(inner);
    const isDoubtful = !begun.disposed.has(inner) || this.#play.sites.some(isPart);
    return isDoubtful ? undefined : false;
  }

  #checkFailure({ site, report, failure }: Ending): void {
    const failed = report.exits.filter(({ outcome }) => outcome !== 'done');
    const where = `the disposal of ${String(site.index)}`;
    this.#expect(
      (failure !== undefined) === failed.length > 0,
      `${where} has ${failure === undefined ? 'not ' : ''}failed`,
    );
    if (failure !== undefined) {
      const label = ({ hook, outcome }: { hook: string; outcome: string }): string =>
        `${hook} ${outcome}`;
      this.#expectEqual(
        failure.errors.map(label).sort(),
        failed.map(label).sort(),
        `the errors of ${where}`,
      );
    }
    if (site.begun !== undefined) {
      this.#expect(report.reason === site.begun.reason, `${where} has another reason`);
    }
  }

  // Observers.

  #checkObserver(observer: ObserverFacts): void {
    const ending = this.#endings.get(observer.site);
    if (ending === undefined || observer.events === 0) {
      return;
    }
    const { report } = ending;
    const where = `an observer of ${String(observer.site.index)}`;
    const { disposing, started, settled, reports, isEarly } = observer;
    const ids = started.map(({ id }) => id);
    const settledIds = settled.map(({ id }) => id);
    for (const exit of started) {
      const start = without(['outcome', 'duration', 'error'], report.exits[exit.id]);
      this.#expectEqual(exit, start, `${where} heard of a start`);
    }
    for (const exit of settled) {
      this.#expectEqual(exit, report.exits[exit.id], `${where} heard of an end`);
    }
    this.#expect(new Set(settledIds).size === settledIds.length, `${where} heard of an end twice`);
    this.#expect(
      reports.length === 1 && sameReport(reports[0], report),
      `${where} heard of the end ${String(reports.length)} times`,
    );
    // What one does who ends the time in an event comes before the others have heard of it.
    const isNested = this.#play.observers.some(({ spec }) =>
      spec.acts.some((act) => act !== undefined && act.do !== 'block'),
    );
    if (isNested) {
      return;
    }
    this.#expect(
      ids.every((id, index) => index === 0 || id === (ids[index - 1] ?? 0) + 1),
      `${where} heard of the starts ${ids.join(', ')}`,
    );
    if (isEarly) {
      this.#expect(
        disposing.length === 1,
        `${where} heard of the start ${String(disposing.length)} times`,
      );
      this.#expect(disposing[0]?.reason === report.reason, `${where} heard another reason`);
      this.#expectEqual(
        [started.length, settled.length],
        [report.exits.length, report.exits.length],
        `${where} heard of all`,
      );
    }
    this.#expect(observer.late.length === 0, `${where} heard more: ${observer.late.join(', ')}`);
  }

  /** What observers have thrown, once each, and what failed that nobody awaits. */
  #checkUncaught(uncaught: readonly unknown[]): void {
    const own = new Set<unknown>(this.#play.observers.map(({ error }) => error));
    for (const observer of this.#play.observers) {
      const count = uncaught.filter((error) => error === observer.error).length;
      const expected = observer.spec.throws && observer.events > 0 ? 1 : 0;
      this.#expect(
        count === expected,
        `the error of an observer of ${String(observer.site.index)} was reported ${String(count)} times`,
      );
    }
    for (const error of uncaught) {
      const { hook = '' } = Object(error) as { hook?: string };
      const facts = this.#play.hooks.get(hook);
      this.#expect(
        own.has(error) || facts?.entry.status === 'refused',
        `uncaught: ${String(error)}`,
      );
    }
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) {
      this.faults.push(otherwise);
    }
  }

  #expectEqual(actual: unknown, expected: unknown, what: string): void {
    const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (one !== other) {
      this.faults.push(`${what}: ${one}, not ${other}`);
    }
  }
}

/** Less than any time that counts, and more than what is lost where moments are added up. */
const tiny = 1e-6;

/** Those that drain are run first. */
function isAfterOthers({ hooks }: EntryFacts, index: number): boolean {
  const first = hooks.findIndex(({ spec }) => isDrain(spec));
  return index !== Math.max(0, first);
}

function endOf({ startTime, duration }: ExitRecord): number {
  return startTime + duration;
}

function earlier(one: Span, other: Span): Span {
  return {
    earliest: Math.min(one.earliest, other.earliest),
    latest: Math.min(one.latest, other.latest),
  };
}

function sameReport(one: ExitReport | undefined, other: ExitReport): boolean {
  return (
    JSON.stringify(one?.exits.map(withoutError)) === JSON.stringify(other.exits.map(withoutError))
  );
}

function withoutError(exit: ExitRecord): unknown {
  return without(['error'], exit);
}

function without(names: readonly string[], exit: object = {}): unknown {
  return Object.fromEntries(Object.entries(exit).filter(([name]) => !names.includes(name)));
}
