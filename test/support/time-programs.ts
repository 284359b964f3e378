/** Random programs of time: a tree of containers, what their hooks do, and when they are disposed. */
import fc from 'fast-check';

/** In units of the world that a program is played in. */
type Duration = number;

export interface Limit {
  readonly timeout?: Duration;
  /** The number of a signal. */
  readonly signal?: number;
}

export interface Activation {
  /** Before which entry of its container it begins. */
  readonly position: number;
  /** When it settles, if it does. */
  readonly after: Duration | undefined;
  /** What arrives then. */
  readonly hook: Hook;
  readonly then: readonly Act[];
}

/** What hooks do, observers, and those who write the program. Containers are counted round. */
export type Act =
  | { readonly do: 'block'; readonly time: Duration }
  | { readonly do: 'register'; readonly site: number; readonly entry: Entry }
  | {
      readonly do: 'repeat';
      readonly site: number;
      readonly as: Repeated;
      readonly blocks: boolean;
    }
  | { readonly do: 'open'; readonly site: number; readonly entries: readonly Entry[] }
  | {
      readonly do: 'open scope';
      /** If there is none, that of the hook that does it. */
      readonly site: number | undefined;
      readonly unit: Unit;
      readonly entries: readonly Entry[];
    }
  | {
      readonly do: 'dispose';
      readonly site: number;
      readonly limit: Limit;
      readonly completed: boolean;
    }
  | { readonly do: 'abort'; readonly signal: number }
  | { readonly do: 'take out'; readonly site: number; readonly entry: number }
  | { readonly do: 'activate'; readonly site: number; readonly activation: Activation }
  | { readonly do: 'observe'; readonly site: number; readonly observer: Observer };

/** What brings itself again and again. */
type Repeated = 'callback' | 'instance' | 'child' | 'scope' | 'activation';

/** What is done in a scope, and how it is closed. */
export type Unit =
  | {
      readonly as: 'by hand';
      /** When it is closed, if it is. */
      readonly after: Duration | undefined;
      readonly limit: Limit;
      readonly completed: boolean;
      /** What is opened beside it before it is closed. */
      readonly beside: Unit | undefined;
    }
  | Work;

export interface Work {
  readonly as: 'work';
  readonly acts: readonly Act[];
  /** When it ends, if it does; 0, if it is synchronous. */
  readonly after: Duration | undefined;
  readonly then: readonly Act[];
  /** What is opened beside it, after these. */
  readonly beside: Unit | undefined;
  readonly ending:
    'returns' | 'throws' | 'disposes its scope' | 'awaits its scope' | 'awaits the parent';
  /** Of a disposal that it starts. */
  readonly limit: Limit;
}

type Ending =
  | { readonly as: 'returns' }
  | { readonly as: 'throws' }
  | { readonly as: 'never settles' }
  | { readonly as: 'resolves'; readonly after: Duration; readonly then: readonly Act[] }
  | { readonly as: 'rejects'; readonly after: Duration; readonly then: readonly Act[] }
  | { readonly as: 'awaits a disposal'; readonly site: number; readonly limit: Limit };

export interface Hook {
  readonly phase: 'drain' | 'exit';
  readonly timeout: Duration | undefined;
  readonly acts: readonly Act[];
  readonly ending: Ending;
}

export interface Entry {
  readonly as: 'callback' | 'instance';
  /** In the order in which they run; of a callback, one. */
  readonly hooks: readonly Hook[];
}

export interface Observer {
  readonly throws: boolean;
  /** What it does when it hears of its first event, its second, … */
  readonly acts: readonly (Act | undefined)[];
}

interface Times {
  readonly timeout?: Duration;
  readonly hookTimeout?: Duration;
  readonly activationTimeout?: Duration;
}

export interface Site {
  /** Of the first there is none. */
  readonly parent: number;
  readonly times: Times;
  /** In the order in which they are registered. */
  readonly entries: readonly Entry[];
  readonly activations: readonly Activation[];
  readonly observers: readonly Observer[];
  /** Of a scope. */
  readonly unit?: Unit | undefined;
  /** What is done when its signal aborts. */
  readonly stopped: readonly Act[];
}

type Step = Act | { readonly do: 'pass'; readonly time: Duration };

export interface Program {
  readonly sites: readonly Site[];
  readonly steps: readonly Step[];
  /** How much time the disposal of the outermost container has, which follows on the steps. */
  readonly limit: Limit;
}

export const signals = 3;

/** How many containers are around the innermost one, from the start. */
const depth = 4;

/** No time is longer. */
export const longest = 40;

const time = fc.integer({ min: 1, max: longest });
const site = fc.nat(7);
const signal = fc.nat(signals - 1);

const limit = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ timeout: time }) },
  { weight: 2, arbitrary: fc.record({ signal }) },
  { weight: 1, arbitrary: fc.record({ timeout: time, signal }) },
);

const block = fc.record({ do: fc.constant('block' as const), time });
const abort = fc.record({ do: fc.constant('abort' as const), signal });
const dispose = fc.record({
  do: fc.constant('dispose' as const),
  site,
  limit,
  completed: fc.boolean(),
});

/** What also those may do who must not bring anything new. */
const plainAct: fc.Arbitrary<Act> = fc.oneof(block, abort, dispose);

const observer: fc.Arbitrary<Observer> = fc.record({
  throws: fc.boolean(),
  acts: fc.array(fc.option(plainAct, { nil: undefined, freq: 2 }), { maxLength: 5 }),
});

/** Hooks whose acts bring others, which bring no more. */
function hookWith(act: fc.Arbitrary<Act>): fc.Arbitrary<Hook> {
  const acts = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(act, { minLength: 1, maxLength: 2 }) },
  );
  return fc.record({
    phase: fc.oneof(
      { weight: 3, arbitrary: fc.constant('exit' as const) },
      { weight: 1, arbitrary: fc.constant('drain' as const) },
    ),
    timeout: fc.option(time, { nil: undefined, freq: 1 }),
    acts,
    ending: fc.oneof(
      { weight: 4, arbitrary: fc.record({ as: fc.constant('returns' as const) }) },
      { weight: 1, arbitrary: fc.record({ as: fc.constant('throws' as const) }) },
      { weight: 1, arbitrary: fc.record({ as: fc.constant('never settles' as const) }) },
      {
        weight: 4,
        arbitrary: fc.record({ as: fc.constant('resolves' as const), after: time, then: acts }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ as: fc.constant('rejects' as const), after: time, then: acts }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ as: fc.constant('awaits a disposal' as const), site, limit }),
      },
    ),
  });
}

function entryWith(hook: fc.Arbitrary<Hook>): fc.Arbitrary<Entry> {
  return fc.oneof(
    { weight: 2, arbitrary: entryOf('callback', hook, 1) },
    { weight: 1, arbitrary: entryOf('instance', hook, 3) },
  );
}

function entryOf(
  as: Entry['as'],
  hook: fc.Arbitrary<Hook>,
  maxLength: number,
): fc.Arbitrary<Entry> {
  return fc.record({
    as: fc.constant(as),
    hooks: fc.array(hook, { minLength: 1, maxLength }),
  });
}

function activationWith(
  act: fc.Arbitrary<Act>,
  hook: fc.Arbitrary<Hook>,
): fc.Arbitrary<Activation> {
  return fc.record({
    position: fc.nat(3),
    after: fc.option(time, { nil: undefined, freq: 2 }),
    hook,
    then: fc.array(act, { maxLength: 1 }),
  });
}

const plainHook = hookWith(plainAct);
const plainEntry = entryWith(plainHook);

/** Most are short: a disposal has time left when they have ended. One in thirteen does not end by itself. */
const after = (least: Duration): fc.Arbitrary<Duration | undefined> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: least, max: 8 }) },
    { weight: 3, arbitrary: time },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );

/** Units of work that open others beside them. */
function unitWith(beside: fc.Arbitrary<Unit | undefined>): fc.Arbitrary<Unit> {
  return fc.oneof(
    {
      weight: 1,
      arbitrary: fc.record({
        as: fc.constant('by hand' as const),
        after: after(1),
        limit,
        completed: fc.boolean(),
        beside,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        as: fc.constant('work' as const),
        acts: fc.array(plainAct, { maxLength: 1 }),
        after: fc.oneof(
          { weight: 1, arbitrary: fc.constant(0) },
          { weight: 4, arbitrary: after(1) },
        ),
        then: fc.array(plainAct, { maxLength: 1 }),
        beside,
        ending: fc.oneof(
          { weight: 5, arbitrary: fc.constant('returns' as const) },
          { weight: 2, arbitrary: fc.constant('throws' as const) },
          {
            weight: 2,
            arbitrary: fc.constantFrom<Work['ending']>(
              'disposes its scope',
              'awaits its scope',
              'awaits the parent',
            ),
          },
        ),
        limit,
      }),
    },
  );
}

const unit = unitWith(fc.option(unitWith(fc.constant(undefined)), { nil: undefined, freq: 5 }));

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: plainAct },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('register' as const), site, entry: plainEntry }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('repeat' as const),
      site,
      as: fc.constantFrom<Repeated>('callback', 'instance', 'child', 'scope', 'activation'),
      blocks: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      site,
      entries: fc.array(plainEntry, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('open scope' as const),
      site: fc.option(site, { nil: undefined, freq: 1 }),
      unit,
      entries: fc.array(plainEntry, { maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('take out' as const), site, entry: fc.nat(4) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('activate' as const),
      site,
      activation: activationWith(plainAct, plainHook),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('observe' as const), site, observer }),
  },
);

const times: fc.Arbitrary<Times> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record(
      { timeout: time, hookTimeout: time, activationTimeout: time },
      { requiredKeys: [] },
    ),
  },
);

const hook = hookWith(act);

const siteArbitrary: fc.Arbitrary<Site> = fc.record({
  parent: site,
  unit: fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: unit }),
  times,
  entries: fc.array(entryWith(hook), { maxLength: 3 }),
  activations: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(activationWith(act, plainHook), { maxLength: 2 }) },
  ),
  observers: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(observer, { minLength: 1, maxLength: 2 }) },
  ),
  stopped: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(act, { minLength: 1, maxLength: 1 }) },
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), time }) },
  { weight: 3, arbitrary: dispose },
  { weight: 2, arbitrary: act },
);

const plainExit: Entry = {
  as: 'callback',
  hooks: [{ phase: 'exit', timeout: undefined, acts: [], ending: { as: 'returns' } }],
};

/** A busy server: when a unit of work ends, the next has begun. */
const busySite: fc.Arbitrary<Site> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), unitWith(fc.constant(undefined)))
  .map(([end, beside]) => {
    const unit: Unit = { as: 'by hand', after: end, limit: {}, completed: true, beside };
    const server: Hook = {
      phase: 'exit',
      timeout: undefined,
      acts: [{ do: 'open scope', site: undefined, entries: [], unit }],
      ending: { as: 'returns' },
    };
    return {
      parent: 0,
      times: {},
      entries: [plainExit, { as: 'callback', hooks: [server] }],
      activations: [],
      observers: [],
      stopped: [],
    };
  });

export const programArbitrary: fc.Arbitrary<Program> = fc
  .record({
    sites: fc.array(siteArbitrary, { minLength: 1, maxLength: 6 }),
    steps: fc.array(step, { maxLength: 4 }),
    limit,
    busy: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: busySite },
    ),
  })
  .map(({ busy, ...program }) => {
    const rest = { ...program, sites: nested(program.sites) };
    return busy === undefined ? rest : withBusy(rest, busy);
  });

/** It is disposed first: when the outermost one comes to its children, it mostly has no time left. */
function withBusy({ sites, steps, limit: last }: Program, busy: Site): Program {
  return {
    sites: [...sites, busy],
    steps: [
      { do: 'dispose', site: sites.length, limit: {}, completed: true },
      { do: 'pass', time: 5 },
      ...steps,
    ],
    limit: last,
  };
}

/** Each within one that comes before it, and not too deep. */
function nested(sites: readonly Site[]): Site[] {
  const depths: number[] = [];
  return sites.map((each, index) => {
    let parent = index === 0 ? 0 : each.parent % index;
    while ((depths[parent] ?? 0) + 1 > depth) {
      parent = 0;
    }
    depths.push(index === 0 ? 0 : (depths[parent] ?? 0) + 1);
    // The outermost one is no scope, and a scope has the options of what is around it.
    const unit = index === 0 ? undefined : each.unit;
    return { ...each, parent, unit, times: unit === undefined ? each.times : {} };
  });
}
