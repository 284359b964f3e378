/** Plays a program of time, and notes what happens. */
import { inspect } from 'node:util';

import { setImmediate } from 'node:timers/promises';

import {
  ContainerDisposedError,
  DisposeError,
  type DisposeOptions,
  type ExitContext,
  type ExitReport,
  type LifecycleOptions,
} from 'inversify-onexit';

import {
  hasDrainHooks,
  hookTimeoutOf,
  isDrain,
  isWithin,
  pathOf,
  type ActivationFacts,
  type EntryFacts,
  type HookFacts,
  type LimitFacts,
  type Moment,
  type ObserverFacts,
  type SignalFacts,
  type SiteFacts,
  type UnitFacts,
} from './time-facts.js';
import {
  longest,
  signals,
  type Act,
  type Activation,
  type Entry,
  type Hook,
  type Limit,
  type Observer,
  type Program,
  type Site,
  type Unit,
  type Work,
} from './time-programs.js';
import type { Method, Place, World } from './time-worlds.js';

/** What is opened again and again. */
const repeatedUnit: Unit = {
  as: 'by hand',
  after: 1,
  limit: {},
  completed: true,
  beside: undefined,
};

/** So often nothing comes again within the time that a program has. */
const endless = 10_000;

/** In units: how long the outermost disposal may take before it is shortened, and the time it has then. */
const horizon = 300;
const rest = 20;
const step = 10;

type Repetition = Extract<Act, { do: 'repeat' }>;

export class Play {
  readonly sites: SiteFacts[] = [];
  readonly hooks = new Map<string, HookFacts>();
  readonly observers: ObserverFacts[] = [];
  readonly faults: string[] = [];
  readonly met = {
    'a child in flight': false,
    'one two levels below': false,
    'time spent within a hook': false,
    'late arrivals': false,
    'refused ones': false,
    'ones that repeat': false,
    'drain hooks': false,
    'opened children': false,
    'taken out': false,
    'observers that throw': false,
    'observers that abort': false,
    'refused calls of dispose()': false,
    shortened: false,
    'scopes within the disposal': false,
    'scopes opened meanwhile': false,
    'refused scopes': false,
    'completed work': false,
  };
  readonly world: World;
  readonly program: Program;
  readonly #prefix: string;
  readonly #signals: SignalFacts[] = [];
  /** Those that are in their synchronous part. */
  readonly #calls: HookFacts[] = [];
  /** The containers that the program begins with. */
  #first = 0;
  #order = 0;
  #repetitions = 0;
  #names = 0;
  #timers = 0;

  constructor(world: World, program: Program, prefix = '') {
    this.world = world;
    this.program = program;
    this.#prefix = prefix;
    for (let signal = 0; signal < signals; signal++) {
      this.#signals.push({
        controller: new AbortController(),
        aborted: undefined,
        isHeard: false,
      });
    }
  }

  get outermost(): SiteFacts {
    return this.#siteAt(0);
  }

  signalAborted(signal: number): Moment | undefined {
    return this.#signals[signal]?.aborted;
  }

  /** Until the outermost disposal has ended, and all that was left behind. */
  async run(): Promise<void> {
    const { world, program } = this;
    for (const site of program.sites) {
      const parent = this.sites[site.parent];
      this.#open(site, parent, true);
    }
    this.#first = this.sites.length;
    for (const site of this.sites.slice()) {
      this.#furnish(site);
    }
    for (const each of program.steps) {
      if (each.do === 'pass') {
        await world.pass(each.time * world.unit);
      } else {
        this.#perform(each);
      }
    }
    const { outermost } = this;
    const inFlight = this.sites.filter(
      ({ place, parent }) => parent !== undefined && place.lifecycle.state === 'disposing',
    );
    this.met['a child in flight'] = inFlight.length > 0;
    this.met['one two levels below'] = inFlight.some(({ parent }) => parent !== outermost);
    void this.#dispose(outermost, program.limit);
    // What repeats itself, and has no limit, takes all of the time.
    const until = world.now() + horizon * world.unit;
    await this.#passUntilEnded(() => world.now() < until);
    if (outermost.ended === undefined) {
      this.met.shortened = true;
      void this.#dispose(outermost, { timeout: rest });
      let left = (2 * rest) / step;
      await this.#passUntilEnded(() => left-- > 0);
    }
    if (outermost.ended === undefined) {
      this.faults.push('the outermost disposal has not ended');
      return;
    }
    do {
      await world.pass(step * world.unit);
    } while (this.#timers > 0);
    // Those that are exited by themselves have their time, too.
    await world.pass(4 * longest * world.unit);
    await setImmediate();
  }

  async #passUntilEnded(isLeft: () => boolean): Promise<void> {
    while (this.outermost.ended === undefined && isLeft()) {
      await this.world.pass(step * this.world.unit);
    }
  }

  // What a program begins with.

  #open(spec: Site, parent: SiteFacts | undefined, isFirst: boolean): SiteFacts {
    if (spec.unit !== undefined && parent !== undefined) {
      return this.#openScope(spec, spec.unit, parent, isFirst);
    }
    const { world } = this;
    const options = this.#optionsOf(spec);
    const created = this.#moment();
    const ended = (): void => {
      this.#ended(site);
    };
    const place: Place =
      parent === undefined ? world.open(options, ended) : parent.place.open(options, ended);
    const site = this.#siteOf(spec, parent, place, created, isFirst);
    return site;
  }

  /** @throws ContainerDisposedError if it is refused. */
  #openScope(spec: Site, unit: Unit, parent: SiteFacts, isFirst: boolean): SiteFacts {
    let site: SiteFacts | undefined;
    const created = this.#moment();
    const ended = (): void => {
      if (site !== undefined) {
        this.#ended(site);
      }
    };
    this.met['scopes within the disposal'] ||= parent.place.lifecycle.state === 'disposing';
    if (unit.as === 'by hand') {
      const place = parent.place.createScope(ended);
      const scope = (site = this.#siteOf(spec, parent, place, created, isFirst));
      this.#checkTaken(parent, undefined);
      if (unit.after !== undefined) {
        this.#after(unit.after, () => {
          this.#openBeside(scope, unit);
          void this.#dispose(scope, unit.limit, unit.completed);
        });
      }
      return scope;
    }
    const done = parent.place.withScope((place) => {
      const scope = (site = this.#siteOf(spec, parent, place, created, isFirst));
      this.#checkTaken(parent, undefined);
      place.lifecycle.observe({
        disposing: ({ reason }) => {
          this.#closing(scope, reason);
        },
      });
      if (!isFirst) {
        this.#furnish(scope);
      }
      return this.#work(scope, unit, isFirst);
    }, ended);
    const { unit: facts } = site ?? {};
    done.then(
      (value: unknown) => {
        this.#expect(facts !== undefined, 'a scope that was refused has a result');
        this.#result(facts, { value });
      },
      (error: unknown) => {
        this.#expect(
          facts !== undefined || ContainerDisposedError.is(error),
          `a scope was refused: ${String(error)}`,
        );
        this.#result(facts, { error });
      },
    );
    if (site === undefined) {
      // As `createScope()` does at once.
      throw new ContainerDisposedError('open a scope', 'scope');
    }
    return site;
  }

  #result(facts: UnitFacts | undefined, result: UnitFacts['result']): void {
    if (facts !== undefined) {
      facts.result = result;
    }
  }

  #work(site: SiteFacts, work: Work, isFirst: boolean): unknown {
    const { after, ending, acts } = work;
    if (isFirst || after !== 0 || (ending !== 'returns' && ending !== 'throws')) {
      return this.#workLater(site, work, isFirst);
    }
    this.#performAll(acts);
    this.#openBeside(site, work);
    return this.#endWork(site, ending === 'throws' ? { error: new Error('of work') } : undefined);
  }

  async #workLater(site: SiteFacts, work: Work, isFirst: boolean): Promise<unknown> {
    const { acts, after, then, ending, limit } = work;
    if (isFirst) {
      // When all containers are there.
      await Promise.resolve();
    }
    this.#performAll(acts);
    await new Promise<void>((resolve) => {
      if (after !== undefined) {
        this.#after(after, resolve);
      }
    });
    this.#performAll(then);
    this.#openBeside(site, work);
    try {
      switch (ending) {
        case 'returns':
          break;
        case 'throws':
          throw new Error('of work');
        case 'disposes its scope':
          void this.#dispose(site, limit);
          break;
        case 'awaits its scope':
          await this.#dispose(site, limit);
          break;
        case 'awaits the parent':
          await this.#dispose(site.parent ?? site, limit);
          break;
      }
    } catch (error) {
      return this.#endWork(site, { error });
    }
    return this.#endWork(site);
  }

  #openBeside({ parent }: SiteFacts, { beside }: Unit): void {
    if (parent !== undefined && beside !== undefined) {
      this.#openScopeWith(parent, beside, []);
    }
  }

  #endWork(site: SiteFacts, failed?: { readonly error: unknown }): unknown {
    if (site.unit !== undefined) {
      const wasActive = site.place.lifecycle.state === 'active';
      const work = { failed, isClosing: wasActive && failed !== undefined };
      site.unit.work = work;
      // What it returns is awaited, and its scope may be disposed by another before that.
      void Promise.resolve().then(() => {
        work.isClosing = wasActive;
      });
    }
    if (failed !== undefined) {
      throw failed.error;
    }
    return site.index;
  }

  /** A disposal of a scope begins. If the work has ended, and not called for it, `withScope()` has. */
  #closing(site: SiteFacts, reason: unknown): void {
    const { unit } = site;
    if (
      unit?.work?.isClosing !== true ||
      site.begun !== undefined ||
      reason !== unit.work.failed?.error
    ) {
      return;
    }
    unit.isClosedByWork = true;
    const moment = this.#moment();
    const completed = unit.work.failed === undefined;
    this.met['completed work'] ||= completed;
    const disposed = this.#disposed();
    site.isAsked = true;
    const begun = { ...moment, reason, completed, disposed, disposedMeanwhile: disposed };
    site.begun = begun;
    const limits = this.#limitsOf(site, {}, true);
    site.limits.push(...limits);
    void Promise.resolve().then(() => {
      begun.disposedMeanwhile = this.#disposed();
      const late = this.world.now() - moment.at;
      for (const each of limits) {
        each.latest = each.earliest + late;
      }
    });
  }

  #siteOf(
    spec: Site,
    parent: SiteFacts | undefined,
    place: Place,
    created: Moment,
    isFirst: boolean,
  ): SiteFacts {
    const { unit } = spec;
    const site: SiteFacts = {
      index: this.sites.length,
      spec,
      parent,
      unit: unit && { spec: unit, work: undefined, isClosedByWork: false, result: undefined },
      place,
      created,
      isFirst,
      entries: [],
      activations: [],
      limits: [],
      reached: 0,
      isAsked: false,
      begun: undefined,
      promise: undefined,
      ended: undefined,
      unsettled: [],
    };
    this.sites.push(site);
    return site;
  }

  #optionsOf({ times }: Site): LifecycleOptions {
    return Object.fromEntries(
      Object.entries(times).map(([name, time]) => [name, time * this.world.unit]),
    );
  }

  #furnish(site: SiteFacts): void {
    const { entries, activations, observers, stopped } = site.spec;
    for (const observer of observers) {
      this.#observe(site, observer, true);
    }
    if (stopped.length > 0) {
      site.place.lifecycle.signal.addEventListener('abort', () => {
        this.#performAll(stopped);
      });
    }
    for (let position = 0; position <= Math.max(entries.length, 3); position++) {
      for (const activation of activations) {
        if (activation.position === position) {
          this.#activate(site, activation);
        }
      }
      const entry = entries[position];
      if (entry !== undefined) {
        this.#register(site, entry);
      }
    }
  }

  // What is done.

  #performAll(acts: readonly (Act | undefined)[], by?: HookFacts): void {
    for (const act of acts) {
      if (act !== undefined) {
        this.#perform(act, by);
      }
    }
  }

  #perform(act: Act, by?: HookFacts): void {
    const { world } = this;
    switch (act.do) {
      case 'block':
        world.block(act.time * world.unit);
        break;
      case 'register':
        this.#register(this.#siteAt(act.site), act.entry);
        break;
      case 'repeat':
        this.#repeat(act, by);
        break;
      case 'open':
        this.#openWith(this.#siteAt(act.site), act.entries);
        break;
      case 'open scope':
        this.#openScopeWith(
          act.site === undefined ? (by?.entry.site ?? this.outermost) : this.#siteAt(act.site),
          act.unit,
          act.entries,
        );
        break;
      case 'dispose':
        void this.#dispose(this.#siteAt(act.site), act.limit, act.completed);
        break;
      case 'abort':
        this.#abort(act.signal);
        break;
      case 'take out':
        this.#takeOut(this.#siteAt(act.site), act.entry);
        break;
      case 'activate':
        this.#activate(this.#siteAt(act.site), act.activation);
        break;
      case 'observe':
        this.#observe(this.#siteAt(act.site), act.observer, false);
        break;
    }
  }

  #repeat(act: Repetition, by: HookFacts | undefined): void {
    if (by !== undefined && by.entry.status !== 'running' && by.entry.status !== 'registered') {
      // What is exited at once is not a part of the disposal.
      return;
    }
    this.met['ones that repeat'] = true;
    if (++this.#repetitions === endless) {
      this.faults.push(`it repeats itself without an end: ${act.as}`);
    }
    if (this.#repetitions >= endless) {
      return;
    }
    const site = this.#siteAt(act.site % this.#first);
    const hook: Hook = act.blocks
      ? {
          phase: 'exit',
          timeout: undefined,
          acts: [{ do: 'block', time: 2 }, act],
          ending: { as: 'returns' },
        }
      : {
          phase: 'exit',
          timeout: undefined,
          acts: [],
          ending: { as: 'resolves', after: 1, then: [act] },
        };
    switch (act.as) {
      case 'callback':
      case 'instance':
        this.#register(site, { as: act.as, hooks: [hook] });
        break;
      case 'child':
        this.#openWith(site, [{ as: 'callback', hooks: [hook] }]);
        break;
      case 'scope':
        this.#openScopeWith(site, repeatedUnit, [{ as: 'callback', hooks: [hook] }]);
        break;
      case 'activation':
        this.#activate(site, {
          position: 0,
          after: 1,
          hook: { ...hook, acts: [], ending: { as: 'returns' } },
          then: [act],
        });
        break;
    }
  }

  #openWith(parent: SiteFacts, entries: readonly Entry[]): void {
    this.#late(parent, () => {
      const site = this.#open(
        { parent: parent.index, times: {}, entries, activations: [], observers: [], stopped: [] },
        parent,
        false,
      );
      this.#furnish(site);
      this.met['opened children'] = true;
    });
  }

  #openScopeWith(parent: SiteFacts, unit: Unit, entries: readonly Entry[]): void {
    const isTaken = this.#attempt(parent, () => {
      const site = this.#open(
        {
          parent: parent.index,
          unit,
          times: {},
          entries,
          activations: [],
          observers: [],
          stopped: [],
        },
        parent,
        false,
      );
      if (unit.as === 'by hand') {
        this.#furnish(site);
      }
    });
    this.met['refused scopes'] ||= !isTaken;
  }

  #abort(signal: number): void {
    const facts = this.#signals[signal];
    if (facts !== undefined && facts.aborted === undefined) {
      facts.aborted = this.#moment();
      facts.controller.abort(new Error(`signal ${String(signal)}`));
      facts.isHeard = true;
      this.met['time spent within a hook'] ||=
        this.#calls.length > 0 &&
        this.sites.some(
          ({ limits, place }) =>
            place.lifecycle.state !== 'active' && limits.some((limit) => limit.signal === signal),
        );
    }
  }

  #register(site: SiteFacts, spec: Entry): void {
    const entry = this.#entryOf(site, spec, false);
    this.#late(
      site,
      () => {
        if (entry.as === 'callback') {
          this.#registerCallback(entry);
        } else {
          entry.instance = site.place.make(entry.service, this.#methodsOf(entry), () => {
            entry.isMade = true;
          });
        }
      },
      entry,
    );
  }

  #registerCallback(entry: EntryFacts): void {
    for (const hook of entry.hooks) {
      const { timeout, phase } = hook.spec;
      entry.undo = entry.site.place.lifecycle.onExit((context) => this.#call(hook, context), {
        name: hook.name,
        phase,
        ...(timeout === undefined ? {} : { timeout: timeout * this.world.unit }),
      });
    }
  }

  /** What comes is taken in, or refused with the error that says why. */
  #late(site: SiteFacts, action: () => void, entry?: EntryFacts): void {
    this.#attempt(
      site,
      () => {
        action();
        if (entry?.status === 'arriving') {
          entry.status = 'registered';
        }
        this.#checkTaken(site, entry);
      },
      entry,
    );
  }

  /** Returns whether it was taken in. */
  #attempt(site: SiteFacts, action: () => void, entry?: EntryFacts): boolean {
    const { state } = site.place.lifecycle;
    this.met['late arrivals'] ||= state === 'disposing';
    const isOfLateHook = this.#calls.at(-1)?.isLate === true;
    try {
      action();
      return true;
    } catch (error) {
      if (!ContainerDisposedError.is(error)) {
        this.faults.push(`an arrival in ${String(site.index)}: ${String(error)}`);
      }
      if (entry !== undefined) {
        entry.status = 'refused';
        entry.isTooLate = state === 'disposed';
        entry.isOfLateHook = isOfLateHook;
      }
      this.met['refused ones'] = true;
      this.#checkRefused(site);
      return false;
    }
  }

  #activate(site: SiteFacts, { after, hook, then }: Activation): void {
    const { world } = this;
    const entry = this.#entryOf(site, { as: 'instance', hooks: [hook] }, true);
    const activation: ActivationFacts = { service: entry.service, site, settledAt: undefined };
    const [method] = this.#methodsOf(entry);
    if (method === undefined) {
      throw new Error('An activation has one hook');
    }
    const begun = async (): Promise<void> =>
      new Promise<void>((resolve) => {
        if (after !== undefined) {
          this.#after(after, () => {
            this.#performAll(then);
            resolve();
          });
        }
      });
    this.#late(site, () => {
      site.place.activate(entry.service, method, {
        begun,
        made: () => {
          entry.isMade = true;
        },
        settled: (error) => {
          activation.settledAt = world.now();
          if (error === undefined) {
            entry.status = entry.status === 'arriving' ? 'registered' : entry.status;
          } else {
            entry.status = 'refused';
            entry.isTooLate = site.place.lifecycle.state === 'disposed';
            if (!ContainerDisposedError.is(error)) {
              this.faults.push(`an activation in ${String(site.index)}: ${inspect(error)}`);
            }
          }
        },
      });
      site.activations.push(activation);
    });
  }

  #takeOut(site: SiteFacts, index: number): void {
    const entry = site.entries[index % Math.max(1, site.entries.length)];
    // Whether one is in hand that has come late, and has hooks to drain, cannot be seen.
    if (entry === undefined || entry.isVague || (!entry.isEarly && hasDrainHooks(entry))) {
      return;
    }
    const isThere = entry.status === 'registered';
    if (entry.undo !== undefined) {
      // If it is not there, it is about to be started.
      if (entry.undo()) {
        entry.status = 'taken out';
        this.met['taken out'] = true;
        this.#expect(isThere, `${entry.service} was there when it was unregistered`);
      }
    } else if (entry.instance !== undefined) {
      this.#release(entry, entry.instance);
    }
  }

  #release(entry: EntryFacts, instance: object): void {
    const { status, hooks, site } = entry;
    const isThere = status === 'registered';
    const isGoing = isThere || status === 'taken out';
    const isDraining = hooks.some(({ spec, starts }) => isDrain(spec) && starts > 0);
    const beside = hooks.filter(
      ({ spec, starts }) => isThere && starts === 0 && !(isDrain(spec) && isDraining),
    );
    for (const hook of beside) {
      hook.isBeside = true;
    }
    if (isThere) {
      entry.status = 'taken out';
      this.met['taken out'] = true;
    }
    const release = site.place.lifecycle.release(instance);
    // The first one is started at once. What is not is about to be started by a disposal.
    const draining = beside.filter(({ spec }) => isDrain(spec));
    if (beside.length > 0 && beside.every(({ starts }) => starts === 0)) {
      unmark(beside);
      entry.status = isThere ? 'running' : status;
    } else if (draining.every(({ starts }) => starts === 0)) {
      unmark(draining);
    }
    release.then(
      () => {
        this.#expect(isGoing, `${entry.service} was there when it was released`);
      },
      (error: unknown) => {
        this.#expect(
          isGoing || !DisposeError.is(error),
          `${entry.service} was there when it was released`,
        );
      },
    );
  }

  #dispose(site: SiteFacts, limit: Limit, completed = false): Promise<ExitReport> {
    const { world } = this;
    const { lifecycle } = site.place;
    const before = lifecycle.state;
    const isRefused =
      before !== 'disposed' &&
      this.#calls.some(({ entry }) => entry.site === site || isWithin(entry.site, site));
    const moment = this.#moment();
    const reason = moment.order;
    const options: DisposeOptions = { reason, completed };
    if (limit.timeout !== undefined) {
      options.timeout = limit.timeout * world.unit;
    }
    if (limit.signal !== undefined) {
      const signal = this.#signals[limit.signal];
      options.signal = signal?.controller.signal ?? AbortSignal.abort();
    }
    const isFirst = before === 'active';
    if (!isRefused) {
      site.isAsked = true;
      if (isFirst) {
        const disposed = this.#disposed();
        site.begun = { ...moment, reason, completed, disposed, disposedMeanwhile: disposed };
      }
    }
    const limits = isRefused ? [] : this.#limitsOf(site, limit, isFirst);
    site.limits.push(...limits);
    const promise = lifecycle.dispose(options);
    promise.catch(() => undefined);
    if (site.begun?.order === moment.order) {
      site.begun.disposedMeanwhile = this.#disposed();
    }
    const late = world.now() - moment.at;
    for (const each of limits) {
      each.latest = each.earliest + late;
    }
    if (isRefused) {
      this.met['refused calls of dispose()'] = true;
      promise.then(
        () =>
          this.faults.push(`dispose() of its own hook in ${String(site.index)} was not refused`),
        (error: unknown) => {
          this.#expect(
            String(error).includes('was called by an exit hook'),
            `dispose() of its own hook in ${String(site.index)}: ${String(error)}`,
          );
        },
      );
      return promise;
    }
    this.#expect(
      site.promise === undefined || site.promise === promise,
      `another promise of the disposal of ${String(site.index)}`,
    );
    if (site.promise === undefined) {
      site.promise = promise;
      // If it has ended before, it is not known when.
      if (!world.isExact && before !== 'disposed') {
        const ended = (): void => {
          this.#ended(site);
        };
        promise.then(ended, ended);
      }
    }
    return promise;
  }

  /** What a call leaves of the time, if it counts from when it began. */
  #limitsOf(site: SiteFacts, limit: Limit, isFirst: boolean): LimitFacts[] {
    const now = this.world.now();
    const inherited = pathOf(site).find(({ spec }) => spec.times.timeout !== undefined);
    const timeout = limit.timeout ?? (isFirst ? inherited?.spec.times.timeout : undefined);
    const limits: LimitFacts[] = [];
    if (timeout !== undefined) {
      limits.push({ earliest: now + timeout * this.world.unit, latest: Infinity });
    }
    if (limit.signal !== undefined) {
      limits.push({ earliest: now, latest: Infinity, signal: limit.signal });
    }
    return limits;
  }

  #observe(site: SiteFacts, spec: Observer, isEarly: boolean): void {
    const { outermost } = this;
    const facts: ObserverFacts = {
      spec,
      site,
      error: new Error(`of an observer of ${String(site.index)}`),
      isEarly,
      disposing: [],
      started: [],
      settled: [],
      reports: [],
      events: 0,
      late: [],
    };
    this.observers.push(facts);
    const hear = (what: string): void => {
      if (outermost.ended !== undefined && site !== outermost) {
        facts.late.push(what);
      }
      const act = spec.acts[facts.events++];
      if (act !== undefined) {
        this.met['observers that abort'] ||= act.do === 'abort';
        this.#perform(act);
      }
      if (spec.throws) {
        this.met['observers that throw'] = true;
        throw facts.error;
      }
    };
    site.place.lifecycle.observe({
      disposing: (disposal) => {
        facts.disposing.push(disposal);
        hear('disposing');
      },
      started: (exit) => {
        facts.started.push(exit);
        const hook = this.hooks.get(exit.hook);
        if (hook !== undefined) {
          hook.announced ??= this.#moment();
        }
        hear(`started ${exit.hook}`);
      },
      settled: (exit) => {
        facts.settled.push(exit);
        hear(`settled ${exit.hook}`);
      },
      disposed: (report) => {
        facts.reports.push(report);
        hear('disposed');
      },
    });
  }

  // Hooks.

  #entryOf(site: SiteFacts, spec: Entry, isArriving: boolean): EntryFacts {
    const name = `${this.#prefix}${String(site.index)}.${String(this.#names++)}`;
    const hooks: HookFacts[] = [];
    const entry: EntryFacts = {
      site,
      service: spec.as === 'callback' ? 'callback' : name,
      as: spec.as,
      hooks,
      registered: this.#moment(),
      isEarly: site.place.lifecycle.state === 'active',
      status: 'arriving',
      isMade: false,
      isTooLate: false,
      isOfLateHook: false,
      isVague: isArriving,
      undo: undefined,
      instance: undefined,
    };
    for (const [index, hook] of spec.hooks.entries()) {
      const facts: HookFacts = {
        name: `${name}.${String(index)} ${hook.ending.as}`,
        spec: hook,
        entry,
        starts: 0,
        started: undefined,
        announced: undefined,
        isLate: false,
        isBeside: false,
        returnedAt: undefined,
        settledAt: undefined,
        failed: undefined,
      };
      hooks.push(facts);
      this.hooks.set(facts.name, facts);
      this.met['drain hooks'] ||= hook.phase === 'drain';
    }
    site.entries.push(entry);
    return entry;
  }

  #methodsOf({ hooks }: EntryFacts): Method[] {
    return hooks.map((hook) => ({
      name: hook.name,
      phase: hook.spec.phase,
      timeout: hook.spec.timeout === undefined ? undefined : hook.spec.timeout * this.world.unit,
      call: (context) => this.#call(hook, context),
    }));
  }

  #call(hook: HookFacts, { signal, reason, completed }: ExitContext): unknown {
    hook.starts++;
    if (hook.starts > 1) {
      this.faults.push(`${hook.name} was started again`);
      return undefined;
    }
    hook.started = this.#moment();
    hook.isLate = signal.aborted;
    const { status, isVague } = hook.entry;
    if (!isVague && (status === 'arriving' || status === 'refused')) {
      hook.isBeside = true;
    }
    if (!hook.isBeside) {
      this.#checkTurn(hook);
    }
    if (!isVague) {
      const cause = hook.isBeside
        ? { reason: undefined, completed: false }
        : causeOf(hook.entry.site);
      this.#expect(
        cause.reason === reason && cause.completed === completed,
        `${hook.name} was told completed: ${String(completed)}, and ${String(reason)} as its reason`,
      );
    }
    this.#calls.push(hook);
    try {
      this.#performAll(hook.spec.acts, hook);
      return this.#end(hook);
    } finally {
      this.#calls.pop();
      hook.returnedAt = this.world.now();
      reach(hook, this.#moment());
    }
  }

  #end(hook: HookFacts): unknown {
    const { ending } = hook.spec;
    const fail = (): never => {
      const error = new Error(hook.name);
      hook.failed = { error };
      throw error;
    };
    switch (ending.as) {
      case 'returns':
        return undefined;
      case 'throws':
        return fail();
      case 'never settles':
        return new Promise(() => undefined);
      case 'resolves':
      case 'rejects':
        return this.#settling(hook, async () => {
          await new Promise<void>((resolve) => {
            this.#after(ending.after, resolve);
          });
          this.#performAll(ending.then, hook);
          if (ending.as === 'rejects') {
            fail();
          }
        });
      case 'awaits a disposal':
        return this.#settling(hook, async () => {
          await Promise.resolve();
          try {
            await this.#dispose(this.#siteAt(ending.site), ending.limit);
          } catch (error) {
            hook.failed = { error };
            throw error;
          }
        });
    }
  }

  async #settling(hook: HookFacts, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } finally {
      hook.settledAt = this.world.now();
      const timeout = (hook.spec.timeout ?? hookTimeoutOf(hook.entry.site)) * this.world.unit;
      const timesOutAt = (hook.returnedAt ?? Infinity) + timeout - this.world.early;
      if (hook.settledAt < timesOutAt) {
        reach(hook, this.#moment());
      }
    }
  }

  #after(time: number, callback: () => void): void {
    this.#timers++;
    this.world.after(time * this.world.unit, () => {
      this.#timers--;
      callback();
    });
  }

  // What can only be checked while it happens.

  /** It was taken in: there was time left. */
  #checkTaken(site: SiteFacts, entry: EntryFacts | undefined): void {
    const now = this.world.now();
    for (const { limits, place, index } of pathOf(site)) {
      for (const limit of limits) {
        const signal = limit.signal === undefined ? undefined : this.#signals[limit.signal];
        const isSpent =
          limit.signal === undefined
            ? this.world.idle(limit.latest, now) > 0
            : signal?.isHeard === true && limit.latest <= now;
        this.#expect(
          !isSpent,
          `${entry?.service ?? 'a child'} was taken in by ${String(site.index)} when the time of ` +
            `${String(index)} was spent (${place.lifecycle.state})`,
        );
      }
    }
  }

  /** It was refused: there was none. */
  #checkRefused(site: SiteFacts): void {
    const now = this.world.now() + this.world.early;
    const isSpent = pathOf(site).some(
      ({ place, index, limits, begun, spec }) =>
        place.lifecycle.state === 'disposed' ||
        this.#isClosing(place, index) ||
        // It is not known when it began, and so not when its time has passed.
        (begun === undefined && spec.times.timeout !== undefined) ||
        limits.some(({ earliest, signal }) =>
          signal === undefined ? earliest <= now : this.signalAborted(signal) !== undefined,
        ),
    );
    this.#expect(isSpent, `an arrival in ${String(site.index)} was refused, and there was time`);
  }

  /** Nothing is left to exit but scopes, which are closed: nothing comes any more. */
  #isClosing({ lifecycle }: Place, index: number): boolean {
    return (
      lifecycle.state === 'disposing' &&
      this.#siteAt(index).entries.every(
        ({ status, hooks }) => status !== 'registered' || hooks.every(({ starts }) => starts > 0),
      ) &&
      this.sites.some(
        ({ unit, parent, place }) =>
          unit !== undefined && parent?.index === index && place.lifecycle.state !== 'active',
      )
    );
  }

  /** No other hook of the container has its turn before it. */
  #checkTurn(hook: HookFacts): void {
    const { entry, spec } = hook;
    const { site } = entry;
    const { phase } = spec;
    const isFirstOfEntry = !entry.hooks.some(
      (other) => other !== hook && other.starts > 0 && other.spec.phase === phase,
    );
    if (!isFirstOfEntry || (phase === 'exit' && entry.status === 'running')) {
      return;
    }
    if (phase === 'exit') {
      entry.status = 'running';
    }
    if (entry.isVague || (phase === 'exit' && !entry.isEarly && hasDrainHooks(entry))) {
      return;
    }
    // Who hears of it may bring others.
    const before = hook.announced?.order ?? Infinity;
    for (let index = site.entries.length - 1; site.entries[index] !== entry; index--) {
      const other = site.entries[index];
      if (
        other?.status === 'registered' &&
        !other.isVague &&
        other.registered.order < before &&
        other.hooks.some(
          ({ starts, spec: each }) => starts === 0 && (phase === 'exit' || each.phase === 'drain'),
        )
      ) {
        this.faults.push(`${hook.name} was started before ${other.hooks[0]?.name ?? ''}`);
      }
    }
    if (phase === 'exit') {
      this.#checkPhases(hook, before);
    }
  }

  #checkPhases(hook: HookFacts, before: number): void {
    const { site } = hook.entry;
    this.#checkDrained(hook, site);
    this.#checkScopes(hook, site);
    for (const child of this.sites) {
      if (child.parent === site && child.unit === undefined && child.created.order < before) {
        this.#expect(
          child.place.lifecycle.state === 'disposed',
          `${hook.name} was started before the child ${String(child.index)} had ended`,
        );
      }
    }
    const { parent } = site;
    if (parent !== undefined && !site.isAsked) {
      this.#checkDrained(hook, parent);
      if (site.unit === undefined) {
        this.#checkScopes(hook, parent);
      }
      for (const sibling of this.sites) {
        if (
          sibling.parent === parent &&
          sibling.index > site.index &&
          sibling.isFirst &&
          !sibling.isAsked
        ) {
          this.#expect(
            sibling.place.lifecycle.state === 'disposed',
            `${hook.name} was started before the younger ${String(sibling.index)} had ended`,
          );
        }
      }
    }
  }

  /** What exits in the disposal of a container waits for its scopes, but not for those opened meanwhile. */
  #checkScopes(hook: HookFacts, site: SiteFacts): void {
    if (hook.isLate) {
      return;
    }
    const since = Math.max(site.reached, beganAfter(site));
    for (const scope of this.sites) {
      if (scope.parent === site && scope.unit !== undefined) {
        const isRunning = scope.place.lifecycle.state !== 'disposed';
        this.#expect(
          !isRunning || scope.created.order > since,
          `${hook.name} was started before the scope ${String(scope.index)} had ended`,
        );
        this.met['scopes opened meanwhile'] ||= isRunning;
      }
    }
  }

  #checkDrained(hook: HookFacts, site: SiteFacts): void {
    for (const entry of site.entries) {
      if (entry.isEarly && entry.status === 'registered' && !entry.isVague) {
        for (const other of entry.hooks) {
          if (other.spec.phase === 'drain' && other.starts === 0) {
            this.faults.push(`${hook.name} was started before ${other.name} had drained`);
          }
        }
      }
    }
  }

  #ended(site: SiteFacts): void {
    if (site.ended !== undefined) {
      this.faults.push(`${String(site.index)} has ended twice`);
      return;
    }
    site.ended = this.#moment();
    const { parent, unit } = site;
    if (parent !== undefined && unit === undefined && !site.isAsked) {
      parent.reached = site.ended.order;
    }
    site.unsettled = site.activations.filter(({ settledAt }) => settledAt === undefined);
    if (site === this.outermost) {
      const isLeft = [...this.hooks.values()].some(
        ({ entry, started, settledAt }) =>
          (entry.isTooLate || entry.isVague) && started !== undefined && settledAt === undefined,
      );
      this.#expect(
        isLeft || this.world.timers === 0,
        `${String(this.world.timers)} timers were left when the outermost disposal had ended`,
      );
    }
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) {
      this.faults.push(otherwise);
    }
  }

  #disposed(): Set<SiteFacts> {
    return new Set(this.sites.filter(({ place }) => place.lifecycle.state === 'disposed'));
  }

  #siteAt(index: number): SiteFacts {
    const site = this.sites[index % this.sites.length];
    if (site === undefined) {
      throw new RangeError(`there is no container ${String(index)}`);
    }
    return site;
  }

  #moment(): Moment {
    return { at: this.world.now(), order: ++this.#order };
  }
}

/** Why the hooks that a disposal runs are run. */
function causeOf({ begun, parent, unit }: SiteFacts): Pick<ExitContext, 'reason' | 'completed'> {
  if (begun !== undefined || parent === undefined) {
    return { reason: begun?.reason, completed: begun?.completed === true };
  }
  const { reason, completed } = causeOf(parent);
  // Who opened a scope closes it; if another does, it has not completed.
  return { reason, completed: completed && unit === undefined };
}

/** A disposal has got to what it runs, and so goes on to the next exit after it. */
function reach({ isBeside, entry }: HookFacts, { order }: Moment): void {
  if (!isBeside && !entry.isVague) {
    entry.site.reached = order;
  }
}

/** An event that was before its disposal began. */
function beganAfter(site: SiteFacts): number {
  const orders = pathOf(site).flatMap(({ begun }) => begun?.order ?? []);
  return site.begun?.order ?? (orders.length === 0 ? 0 : Math.min(...orders));
}

function unmark(hooks: readonly HookFacts[]): void {
  for (const hook of hooks) {
    hook.isBeside = false;
  }
}
