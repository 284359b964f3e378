/** A disposal with a limit ends by it, whatever is in flight, and whatever its hooks do. */
import 'reflect-metadata';

import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Container, type Factory } from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  Lifecycle,
  LifecycleModule,
  type DisposeOptions,
  type ExitContext,
  type ExitObserver,
  type ExitOutcome,
  type ExitRecord,
  type ExitReport,
} from 'inversify-onexit';

import { closing, thrownBy } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { begin, lines } from '../support/ending.js';
import { busy, never, Patience, reportOf, soon } from '../support/limits.js';

/** In ms: the limits of the programs, and how long those are busy that are busy beyond it. */
const limit = 5;
const beyond = limit + 15;

const trees = {
  app: ['app'],
  'app > session': ['app', 'session'],
  'app > session > request': ['app', 'session', 'request'],
  'app > session > request > job': ['app', 'session', 'request', 'job'],
  'app > (session > request), a younger other': ['app', 'session', 'request', 'other'],
  'app > an elder other, (session > request)': ['app', 'other', 'session', 'request'],
} as const;

type Place = 'app' | 'session' | 'request' | 'job' | 'other';

const parents: Readonly<Record<Place, Place | undefined>> = {
  app: undefined,
  session: 'app',
  other: 'app',
  request: 'session',
  job: 'request',
};

const limits = [
  'dispose({ timeout })',
  'LifecycleModule.with({ timeout })',
  'a signal that has aborted',
  'a signal that a hook of the application aborts',
  'a signal that a hook of the innermost container aborts',
  'a signal that a timer aborts',
  'a signal that an observer aborts',
  'a later dispose({ timeout })',
  'a later dispose({ signal })',
] as const;

const kinds = [
  'sync',
  'async',
  'never',
  'busy',
  'throws',
  'rejects',
  'registers',
  'registers later',
  'releases',
  'gets',
  'opens',
  'disposes',
] as const;

type Kind = (typeof kinds)[number] | 'aborts';

/** What may become of a hook, whose time may pass at any moment. */
const outcomes: Readonly<Record<Kind, readonly ExitOutcome[]>> = {
  sync: ['done'],
  busy: ['done'],
  registers: ['done'],
  gets: ['done'],
  opens: ['done'],
  disposes: ['done'],
  aborts: ['done'],
  throws: ['failed'],
  async: ['done', 'timed-out', 'not-awaited'],
  'registers later': ['done', 'timed-out', 'not-awaited'],
  rejects: ['failed', 'timed-out', 'not-awaited'],
  never: ['timed-out', 'not-awaited'],
  releases: ['timed-out', 'not-awaited'],
};

const watching = ['nobody', 'one that throws', 'one that throws in the innermost'] as const;

interface Program {
  readonly places: readonly Place[];
  /** Whose disposals have begun before, in that order. */
  readonly inFlight: readonly Place[];
  /** Whether these have come to their first wait when the application is disposed. */
  readonly headStart: boolean;
  readonly limit: (typeof limits)[number];
  /** In the order in which they are run. */
  readonly hooks: ReadonlyMap<Place, readonly Kind[]>;
  readonly observer: (typeof watching)[number];
}

function innermost(places: readonly Place[]): Place {
  return places.includes('job') ? 'job' : places.includes('request') ? 'request' : lastOf(places);
}

function lastOf<T>(values: readonly T[]): T {
  const last = values.at(-1);
  if (last === undefined) {
    throw new Error('There is none');
  }
  return last;
}

/** None, each, all from within, all from without. */
function flightsOf(places: readonly Place[]): (readonly Place[])[] {
  const descendants = places.filter((place) => place !== 'app');
  const several = descendants.length > 1 ? [[...descendants].reverse(), descendants] : [];
  return [[], ...descendants.map((place) => [place]), ...several];
}

/** Always the same numbers for the same seed. */
function createDraw(seed: number): <T>(values: readonly T[]) => T {
  let state = seed;
  return (values) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const index = ((mixed ^ (mixed >>> 14)) >>> 0) % values.length;
    return values[index] as (typeof values)[number];
  };
}

const programs: [string, Program][] = [];
for (const [tree, places] of Object.entries(trees)) {
  for (const inFlight of flightsOf(places)) {
    for (const by of limits) {
      for (let variant = 0; variant < 2; variant++) {
        const draw = createDraw(programs.length);
        const hooks = new Map(
          places.map((place): [Place, Kind[]] => [
            place,
            Array.from({ length: draw([1, 2, 3]) }, () => draw(kinds)),
          ]),
        );
        const aborting =
          by === 'a signal that a hook of the application aborts'
            ? 'app'
            : by === 'a signal that a hook of the innermost container aborts'
              ? innermost(places)
              : undefined;
        if (aborting !== undefined) {
          hooks.get(aborting)?.unshift('aborts');
        }
        const program: Program = {
          places,
          inFlight,
          headStart: inFlight.length > 0 && draw([true, false]),
          limit: by,
          hooks,
          observer: draw([...watching, 'nobody']),
        };
        programs.push([nameOf(tree, program), program]);
      }
    }
  }
}

function nameOf(tree: string, program: Program): string {
  const { inFlight, headStart, hooks, observer } = program;
  const before =
    inFlight.length === 0
      ? 'nothing in flight'
      : `in flight: ${inFlight.join(', ')}${headStart ? ', for a turn' : ''}`;
  const doing = [...hooks].map(([place, each]) => `${place}: ${each.join(', ')}`).join('; ');
  return `${tree}; ${before}; by ${program.limit}; ${doing}; observed by ${observer}`;
}

/** What is thrown where nothing can catch it. */
let uncaught: unknown[];

beforeEach(() => {
  uncaught = [];
  const queue = globalThis.queueMicrotask.bind(globalThis);
  jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
    queue(() => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    });
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** One program while it runs. */
class Scene {
  readonly containers = new Map<Place, Container>();
  readonly stop = new AbortController();
  /** The names of hooks, as they were started. */
  readonly started: string[] = [];
  /** What hooks have added while they ran, and was not refused: it is to be run like the rest. */
  readonly accepted = new Set<string>();
  /** Instances that were made by a hook which was started in time. */
  readonly owed = new Set<string>();
  /** Others, which are refused: they may be exited, and need not. */
  readonly tolerated = new Set<string>();
  /** What goes on when its hook is not awaited any more. */
  readonly stragglers: Promise<unknown>[] = [];
  readonly faults: string[] = [];
  /** Of hooks that are run, and need not be in a report. */
  readonly released = new Set<string>();
  watched = 0;
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
    for (const place of program.places) {
      this.#create(place);
    }
    const deepest = this.container(innermost(program.places));
    if (program.limit === 'a signal that an observer aborts') {
      this.container('app')
        .get(Lifecycle)
        .observe({
          started: () => {
            this.stop.abort();
          },
        });
    }
    if (program.observer !== 'nobody') {
      const inner = program.observer === 'one that throws in the innermost';
      (inner ? deepest : this.container('app')).get(Lifecycle).observe(this.#throwing());
    }
  }

  container(place: Place): Container {
    const container = this.containers.get(place);
    if (container === undefined) {
      throw new Error(`There is no ${place}`);
    }
    return container;
  }

  state(place: Place): Lifecycle['state'] {
    return this.lifecycles.get(place)?.state ?? 'active';
  }

  /** Asked for while there was one. */
  readonly lifecycles = new Map<Place, Lifecycle>();

  /** The names of the hooks that were there from the beginning. */
  hooksOf(place: Place): string[] {
    return (this.#program.hooks.get(place) ?? []).map(
      (kind, index) => `${place} ${String(index)} ${kind}`,
    );
  }

  #create(place: Place): void {
    const parent = parents[place];
    const container = new Container(parent === undefined ? {} : { parent: this.container(parent) });
    const hasTimeout =
      place === 'app' && this.#program.limit === 'LifecycleModule.with({ timeout })';
    container.register(hasTimeout ? LifecycleModule.with({ timeout: limit }) : LifecycleModule);
    this.containers.set(place, container);
    const lifecycle = container.get(Lifecycle);
    this.lifecycles.set(place, lifecycle);
    const doing = [...(this.#program.hooks.get(place) ?? []).entries()];
    for (const [index, kind] of doing.reverse()) {
      const name = `${place} ${String(index)} ${kind}`;
      const act = this.#hook(kind, name, container, lifecycle);
      lifecycle.onExit(
        (context) => {
          this.started.push(name);
          return act(context);
        },
        { name },
      );
    }
  }

  #hook(
    kind: Kind,
    name: string,
    container: Container,
    lifecycle: Lifecycle,
  ): (context: ExitContext) => unknown {
    const late = `late of ${name}`;
    const registers = (): void => {
      this.#late(late, () => {
        lifecycle.onExit(() => this.started.push(late), { name: late });
      });
    };
    switch (kind) {
      case 'sync':
        return () => undefined;
      case 'async':
        return async () => this.#straggling(sleep(1));
      case 'never':
        return never;
      case 'busy':
        return () => {
          busy(beyond);
        };
      case 'throws':
        return () => {
          throw new Error(name);
        };
      case 'rejects':
        return async () => {
          await this.#straggling(sleep(1));
          throw new Error(name);
        };
      case 'aborts':
        return () => {
          this.stop.abort();
        };
      case 'registers':
        return registers;
      case 'registers later':
        return async () => this.#straggling(sleep(1).then(registers));
      case 'releases': {
        const part = `part of ${name}`;
        this.released.add(part);
        const value = lifecycle.adopt({}, async () => {
          this.started.push(part);
          return never();
        });
        return async () => {
          await lifecycle.release(value).catch((error: unknown) => {
            this.#expectError(error, DisposeError, part);
          });
          return never();
        };
      }
      case 'gets': {
        const Made = closing(late, () => this.started.push(late));
        container.bind(late).toDynamicValue(() => {
          const made = new Made();
          (isInTime ? this.owed : this.tolerated).add(late);
          return made;
        });
        let isInTime = false;
        return ({ signal }) => {
          isInTime = !signal.aborted;
          this.#late(late, () => {
            container.get(late);
          });
        };
      }
      case 'disposes': {
        // What is beside it, and may not have had its turn.
        const other = name.startsWith('other') ? 'request' : 'other';
        return () => {
          const disposal = this.containers.get(other)?.dispose();
          this.stragglers.push(reportOf(disposal ?? container.dispose()).catch(() => undefined));
        };
      }
      case 'opens':
        return () => {
          this.#late(late, () => {
            createContainer({ parent: container })
              .get(Lifecycle)
              .onExit(() => this.started.push(late), { name: late });
          });
        };
    }
  }

  /** What comes late is taken in, or refused with the error that says why. */
  #late(name: string, action: () => void): void {
    try {
      action();
      this.accepted.add(name);
    } catch (error) {
      this.#expectError(error, ContainerDisposedError, name);
    }
  }

  #expectError(
    error: unknown,
    kind: typeof ContainerDisposedError | typeof DisposeError,
    name: string,
  ): void {
    if (!kind.is(error)) {
      this.faults.push(`${name}: ${String(error)}`);
    }
  }

  async #straggling(work: Promise<unknown>): Promise<void> {
    this.stragglers.push(work);
    await work;
  }

  #throwing(): ExitObserver {
    const fail = (): never => {
      this.watched = 1;
      throw new Error('of an observer');
    };
    return { disposing: fail, started: fail, settled: fail, disposed: fail };
  }
}

async function play(program: Program): Promise<void> {
  const scene = new Scene(program);
  const app = scene.container('app');
  const inFlight = program.inFlight.map((place): [Place, Promise<ExitReport>] => [
    place,
    scene.container(place).dispose(),
  ]);
  for (const [, disposal] of inFlight) {
    disposal.catch(() => undefined);
  }
  if (program.headStart) {
    await setImmediate();
  }
  const over = placesThatAreOver(program, scene);
  const disposal = app.dispose(optionsOf(program, scene));
  const timer = spendLater(program, scene);
  const settled = await settlementOf(disposal, 'The disposal of the application');
  clearTimeout(timer);
  for (const [place, before] of inFlight) {
    const { report } = await settlementOf(before, `The disposal of ${place} in flight`);
    expect(namesOf(report)).toEqual(expect.arrayContaining(scene.hooksOf(place)));
  }
  await Promise.allSettled(scene.stragglers);
  await setImmediate();

  expect(scene.faults).toEqual([]);
  expect(program.places.map((place) => scene.state(place))).toEqual(
    program.places.map(() => 'disposed'),
  );
  expectStartedOnce(program, scene);
  expectReported(program, scene, over, settled);
  expect(uncaught.map(String)).toEqual(scene.watched === 0 ? [] : ['Error: of an observer']);
}

/** Those that were disposed before, and not within a disposal that is in flight still. */
function placesThatAreOver({ places }: Program, scene: Scene): Set<Place> {
  const over = new Set<Place>();
  for (const place of places) {
    const parent = parents[place];
    const isPart = parent !== undefined && scene.state(parent) !== 'active' && !over.has(parent);
    if (scene.state(place) === 'disposed' && !isPart) {
      over.add(place);
    }
  }
  return over;
}

function optionsOf({ limit: by }: Program, { stop }: Scene): DisposeOptions {
  switch (by) {
    case 'dispose({ timeout })':
      return { timeout: limit };
    case 'a signal that has aborted':
      return { signal: AbortSignal.abort() };
    case 'LifecycleModule.with({ timeout })':
    case 'a later dispose({ timeout })':
    case 'a later dispose({ signal })':
      return {};
    default:
      return { signal: stop.signal };
  }
}

/** Also of those whose turn may never come: a hook that is to abort may stand after one that waits. */
function spendLater({ limit: by }: Program, scene: Scene): NodeJS.Timeout {
  return setTimeout(
    () => {
      scene.stop.abort();
      if (by === 'a later dispose({ timeout })') {
        void scene.container('app').dispose({ timeout: 1 });
      } else if (by === 'a later dispose({ signal })') {
        void scene.container('app').dispose({ signal: scene.stop.signal });
      }
    },
    by.startsWith('a later') || by === 'a signal that a timer aborts' ? limit : beyond,
  );
}

interface Settlement {
  readonly report: ExitReport;
  readonly hasFailed: boolean;
}

async function settlementOf(disposal: Promise<ExitReport>, what: string): Promise<Settlement> {
  let hasFailed = false;
  disposal.catch(() => {
    hasFailed = true;
  });
  const report = await reportOf(disposal, what);
  return { report, hasFailed };
}

/** What an exit is called in these tests. */
function nameOfExit({ service, hook }: ExitRecord): string {
  return service === 'callback' ? hook : service;
}

function namesOf({ exits }: ExitReport): string[] {
  return exits.map(nameOfExit);
}

function expectStartedOnce({ places }: Program, scene: Scene): void {
  const initial = places.flatMap((place) => scene.hooksOf(place));
  const tolerated = scene.started.filter((name) => scene.tolerated.has(name));
  const due = [...initial, ...scene.accepted, ...scene.owed, ...scene.released, ...tolerated];
  expect([...scene.started].sort()).toEqual([...new Set(due)].sort());
  // Each container after those within, and each hook in its order.
  for (const place of places) {
    const within = places.filter((each) => parents[each] === place);
    const inOrder = [...within, place].map((each) => scene.hooksOf(each));
    for (const child of within) {
      expect(startsOf(scene, [...scene.hooksOf(child), ...scene.hooksOf(place)])).toEqual([
        ...scene.hooksOf(child),
        ...scene.hooksOf(place),
      ]);
    }
    expect(startsOf(scene, lastOf(inOrder))).toEqual(lastOf(inOrder));
  }
}

function startsOf(scene: Scene, names: readonly string[]): string[] {
  return scene.started.filter((name) => names.includes(name));
}

function expectReported(
  { places }: Program,
  scene: Scene,
  over: ReadonlySet<Place>,
  { report, hasFailed }: Settlement,
): void {
  const names = namesOf(report);
  const initial = places.flatMap((place) => (over.has(place) ? [] : scene.hooksOf(place)));
  const isOver = (late: string): boolean => [...over].some((place) => late.includes(` ${place} `));
  const accepted = [...scene.accepted].filter((late) => !isOver(late));
  const optional = [...scene.released, ...scene.owed, ...scene.tolerated];
  expect(names.filter((name) => !optional.includes(name)).sort()).toEqual(
    [...initial, ...accepted].filter((name) => !optional.includes(name)).sort(),
  );
  expect(names).toEqual(expect.arrayContaining(accepted));
  expect(new Set(names).size).toBe(names.length);
  for (const exit of report.exits) {
    const kind = kindOf(nameOfExit(exit));
    expect([nameOfExit(exit), outcomes[kind]]).toEqual([
      nameOfExit(exit),
      expect.arrayContaining([exit.outcome]),
    ]);
  }
  expect(hasFailed).toBe(report.exits.some(({ outcome }) => outcome !== 'done'));
}

function kindOf(name: string): Kind {
  if (name.startsWith('late of ')) {
    return 'sync';
  }
  return name.startsWith('part of ') ? 'never' : (name.replace(/^\w+ \d+ /, '') as Kind);
}

describe('P18 Time', () => {
  describe('a disposal with a limit ends by it, every hook started once', () => {
    test.each(programs)('%s', async (_name, program) => {
      await play(program);
    });
  });

  describe('a child in flight, whose container around has its turn when the time is spent', () => {
    interface Tree {
      readonly app: Container;
      readonly started: string[];
      readonly hook: (name: string, container: Container, action: () => unknown) => void;
    }

    /** `other` is the youngest, and takes its time; `request` is in flight. */
    function plant(atFirst: () => unknown): Tree & { readonly request: Promise<unknown> } {
      const app = createContainer();
      const session = createContainer({ parent: app });
      const request = createContainer({ parent: session });
      const other = createContainer({ parent: app });
      const started: string[] = [];
      const hook: Tree['hook'] = (name, container, action) => {
        container.get(Lifecycle).onExit(
          () => {
            started.push(name);
            return action();
          },
          { name },
        );
      };
      hook('other', other, never);
      hook('request, last', request, async () => sleep(1));
      hook('request, first', request, atFirst);
      hook('session', session, () => undefined);
      hook('app', app, () => undefined);
      return { app, started, hook, request: request.dispose().catch(() => undefined) };
    }

    const everything = ['other', 'request, first', 'request, last', 'session', 'app'];

    test('one of its hooks aborts the signal', async () => {
      const stop = new AbortController();
      const { app, started, request } = plant(() => {
        stop.abort();
      });
      const report = await reportOf(app.dispose({ signal: stop.signal }));
      await soon(request, 'The disposal of the request');
      expect([...started].sort()).toEqual([...everything].sort());
      expect(namesOf(report).sort()).toEqual([...everything].sort());
    });

    test('one of its hooks is busy until it is spent', async () => {
      const { app, started, request } = plant(() => {
        busy(beyond);
      });
      const report = await reportOf(app.dispose({ timeout: limit }));
      await soon(request, 'The disposal of the request');
      expect([...started].sort()).toEqual([...everything].sort());
      expect(namesOf(report).sort()).toEqual([...everything].sort());
    });

    test('one of its hooks ends the time of the application by a later call', async () => {
      const { app, started, request } = plant(async () => {
        await sleep(1);
        void app.dispose({ signal: AbortSignal.abort() }).catch(() => undefined);
        busy(1);
      });
      const report = await reportOf(app.dispose());
      await soon(request, 'The disposal of the request');
      expect([...started].sort()).toEqual([...everything].sort());
      expect(namesOf(report).sort()).toEqual([...everything].sort());
    });
  });
});

describe('P17 Children', () => {
  describe.each(['child', 'grandchild'])('a %s that was alive when the disposal began', (which) => {
    test.each<[string, (request: Container) => unknown]>([
      ['is disposed by a hook that awaits it', async (request) => request.dispose()],
      ['is disposed by a hook that does not await it', (request) => void request.dispose()],
      [
        'is disposed by something else',
        async (request) => {
          await setImmediate();
          void request.dispose();
          await setImmediate();
        },
      ],
    ])('%s before its turn: it is part of the report', async (_how, dispose) => {
      const app = createContainer();
      const session = which === 'child' ? app : createContainer({ parent: app });
      const request = createContainer({ parent: session });
      const other = createContainer({ parent: app });
      request.get(Lifecycle).onExit(() => undefined, { name: 'request' });
      other.get(Lifecycle).onExit(async () => dispose(request), { name: 'other' });
      app.get(Lifecycle).onExit(() => undefined, { name: 'app' });
      const { exits } = await reportOf(app.dispose());
      expect(exits.map(({ hook }) => hook).sort()).toEqual(['app', 'other', 'request']);
    });

    test('has failed before its turn: that is a failure of the disposal', async () => {
      const app = createContainer();
      const session = which === 'child' ? app : createContainer({ parent: app });
      const request = createContainer({ parent: session });
      const other = createContainer({ parent: app });
      request.get(Lifecycle).onExit(() => {
        throw new Error('not committed');
      });
      other.get(Lifecycle).onExit(async () => {
        await request.dispose().catch(() => undefined);
      });
      await expect(soon(app.dispose(), 'The disposal')).rejects.toThrow('not committed');
    });
  });
});

/** The action, which may be refused since the time of the disposal is spent. */
function refusable(action: () => unknown): () => void {
  return () => {
    try {
      action();
    } catch (error) {
      if (!ContainerDisposedError.is(error)) {
        throw error;
      }
    }
  };
}

/** It has ended by itself, and not since its hooks were tired of it. */
async function expectToEnd(disposal: Promise<ExitReport>, patience: Patience): Promise<ExitReport> {
  const report = await reportOf(disposal);
  expect(patience.isLost).toBe(false);
  return report;
}

describe('P16 Late arrivals', () => {
  const ways: [string, () => DisposeOptions][] = [
    ['dispose({ timeout: 50 })', () => ({ timeout: 50 })],
    ['a signal that has aborted', () => ({ signal: AbortSignal.abort() })],
  ];

  let patience: Patience;

  beforeEach(() => {
    patience = new Patience();
    // Those of more than 1,000 instances are not what it is about.
    jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  });

  describe.each(ways)('what comes again for ever ends with the time: %s', (_way, options) => {
    test.each<[string, () => Promise<unknown>]>([
      ['after 5 ms', async () => sleep(5)],
      ['after a microtask', async () => Promise.resolve()],
      ['never', never],
    ])('an async callback that registers itself, and settles %s', async (_when, wait) => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const refusals: unknown[] = [];
      const register = patience.limited(() => lifecycle.onExit(again));
      async function again(): Promise<void> {
        try {
          register();
        } catch (error) {
          refusals.push(error);
        }
        await wait();
      }
      lifecycle.onExit(again);
      const { exits } = await expectToEnd(container.dispose(options()), patience);
      await setImmediate();
      expect(refusals.length).toBeGreaterThanOrEqual(1);
      expect(refusals.every((error) => ContainerDisposedError.is(error))).toBe(true);
      expect(exits.length).toBeGreaterThanOrEqual(1);
      expect(lifecycle.state).toBe('disposed');
    });

    test('a sync callback that registers itself', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const register = patience.limited(() => lifecycle.onExit(again));
      function again(): void {
        register();
      }
      lifecycle.onExit(again);
      const { exits } = await expectToEnd(container.dispose(options()), patience);
      expect(exits.at(-1)).toMatchObject({ hook: 'again', outcome: 'failed' });
      expect(ContainerDisposedError.is(exits.at(-1)?.error)).toBe(true);
    });

    test('two callbacks that register each other, of a child', async () => {
      const container = createContainer();
      const lifecycle = createContainer({ parent: container }).get(Lifecycle);
      const registerOther = patience.limited(() => lifecycle.onExit(other));
      const registerOne = patience.limited(() => lifecycle.onExit(one));
      function one(): void {
        registerOther();
      }
      function other(): void {
        registerOne();
      }
      lifecycle.onExit(one);
      await expectToEnd(container.dispose(options()), patience);
      expect(lifecycle.state).toBe('disposed');
    });

    test.each([
      ['sync', () => undefined],
      ['async', async () => sleep(1)],
    ])('a hook that gets a transient of its own class: %s', async (_kind, wait) => {
      const container = createContainer();
      let [made, exited] = [0, 0];
      const get = refusable(patience.limited(() => container.get('Again')));
      const Again = closing('Again', () => {
        exited++;
        get();
        return wait();
      });
      container.bind('Again').toDynamicValue(() => {
        made++;
        return new Again();
      });
      container.get('Again');
      await expectToEnd(container.dispose(options()), patience);
      expect(exited).toBeGreaterThanOrEqual(1);
      // What the last hook has made, which was not started in time, is not exited: it would go on.
      expect(made - exited).toBeGreaterThanOrEqual(0);
      expect(made - exited).toBeLessThanOrEqual(1);
    });

    test('a hook that adopts another value with the same hook', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const adopt = patience.limited(() => lifecycle.adopt({}, again));
      function again(): void {
        adopt();
      }
      adopt();
      await expectToEnd(container.dispose(options()), patience);
    });

    test('a hook that opens another child with the same hook', async () => {
      const container = createContainer();
      const open = patience.limited(() => {
        createContainer({ parent: container }).get(Lifecycle).onExit(again);
      });
      async function again(): Promise<void> {
        await Promise.resolve();
        open();
      }
      open();
      await expectToEnd(container.dispose(options()), patience);
    });

    test('a hook that opens a child of its child, deeper and deeper', async () => {
      const container = createContainer();
      const open = patience.limited(() => {
        parent = createContainer({ parent });
        parent.get(Lifecycle).onExit(async () => {
          await sleep(1);
          open();
        });
      });
      let parent = container;
      open();
      await expectToEnd(container.dispose(options()), patience);
    });

    test('a singleton whose hook starts the activation of another', async () => {
      const container = createContainer();
      const activations: Promise<unknown>[] = [];
      const activate = patience.limited(() => {
        const name = `Number ${String(activations.length)}`;
        const Next = closing(name, refusable(activate));
        container
          .bind(name)
          .toDynamicValue(async () => {
            await sleep(1);
            return new Next();
          })
          .inSingletonScope();
        activations.push(container.getAsync(name));
      });
      activate();
      await expectToEnd(container.dispose(options()), patience);
      for (const activation of activations) {
        await activation.catch((error: unknown) => {
          expect(ContainerDisposedError.is(error)).toBe(true);
        });
      }
    });
  });

  // Those that leave the event loop its turns: else no signal could abort.
  describe('what comes again for ever ends with the time: a signal that aborts later', () => {
    test.each<[string, () => Promise<unknown>]>([
      ['after 5 ms', async () => sleep(5)],
      ['never', never],
    ])('an async callback that registers itself, and settles %s', async (_when, wait) => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const register = refusable(patience.limited(() => lifecycle.onExit(again)));
      async function again(): Promise<void> {
        register();
        await wait();
      }
      lifecycle.onExit(again);
      await expectToEnd(container.dispose({ signal: AbortSignal.timeout(50) }), patience);
    });

    test('a hook that gets a transient of its own class', async () => {
      const container = createContainer();
      const get = refusable(patience.limited(() => container.get('Again')));
      const Again = closing('Again', async () => {
        get();
        await sleep(1);
      });
      container.bind('Again').to(Again);
      container.get('Again');
      await expectToEnd(container.dispose({ signal: AbortSignal.timeout(50) }), patience);
    });
  });

  test('a synchronous disposal ends, whatever registers itself again', () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const register = patience.limited(() => lifecycle.onExit(again));
    function again(): void {
      register();
    }
    lifecycle.onExit(again);
    thrownBy(() => {
      container[Symbol.dispose]();
      throw new Error('it may fail, and need not');
    });
    expect(patience.isLost).toBe(false);
    expect(lifecycle.state).toBe('disposed');
  });

  describe('once the time is spent nothing new is taken in', () => {
    const stop = (): AbortController => new AbortController();

    test.each<[string, (container: Container, lifecycle: Lifecycle) => unknown]>([
      ['onExit', (_container, lifecycle) => lifecycle.onExit(() => undefined)],
      ['adopt', (_container, lifecycle) => lifecycle.adopt({}, () => undefined)],
      [
        'onExit of a new child',
        (container) =>
          createContainer({ parent: container })
            .get(Lifecycle)
            .onExit(() => undefined),
      ],
    ])('%s is refused, and that is thrown to the hook', async (_what, action) => {
      const controller = stop();
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const refusals: unknown[] = [];
      const refuses = (): void => {
        refusals.push(thrownBy(() => action(container, lifecycle)));
      };
      lifecycle.onExit(refuses, { name: 'not in time' });
      lifecycle.onExit(
        () => {
          controller.abort();
          refuses();
        },
        { name: 'spends it' },
      );
      const report = await reportOf(container.dispose({ signal: controller.signal }));
      expect(refusals).toHaveLength(2);
      expect(refusals.every((error) => ContainerDisposedError.is(error))).toBe(true);
      expect(namesOf(report)).toEqual(['spends it', 'not in time']);
    });

    test.each([
      ['get()', (container: Container): unknown => container.get('Late')],
      [
        'a kept factory',
        (container: Container): unknown => container.get<Factory<unknown>>('make')(),
      ],
    ])(
      'an instance made by a hook that was started in time is exited once: %s',
      async (_way, get) => {
        const controller = stop();
        const container = createContainer();
        const exits: string[] = [];
        let made = 0;
        const Late = closing('Late', () => exits.push('Late'));
        container.bind('Late').toDynamicValue(() => {
          made++;
          return new Late();
        });
        container.bind<Factory<unknown>>('make').toFactory((context) => () => context.get('Late'));
        container.get('make');
        const refusals: unknown[] = [];
        container.get(Lifecycle).onExit(() => {
          controller.abort();
          refusals.push(thrownBy(() => get(container)));
        });
        await reportOf(container.dispose({ signal: controller.signal }));
        expect(refusals).toHaveLength(1);
        expect(ContainerDisposedError.is(refusals[0])).toBe(true);
        expect(exits).toHaveLength(made);
      },
    );

    test('an instance that a hook makes which goes on after its time is exited once', async () => {
      const container = createContainer();
      let [made, exited] = [0, 0];
      const Late = closing('Late', () => exited++);
      container.bind('Late').toDynamicValue(() => {
        made++;
        return new Late();
      });
      container.bind<Factory<unknown>>('make').toFactory((context) => () => context.get('Late'));
      const make = container.get<Factory<unknown>>('make');
      const refusals: Promise<unknown>[] = [];
      const [gate, opened] = openable();
      container.get(Lifecycle).onExit(async () => {
        refusals.push(opened.then(() => thrownBy(make)));
        await never();
      });
      await reportOf(container.dispose({ timeout: limit }));
      gate();
      expect(ContainerDisposedError.is(await refusals[0])).toBe(true);
      expect([made, exited]).toEqual([1, 1]);
    });

    test('what a busy hook adds beyond its time is taken in and run once, or refused', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      const told: string[] = [];
      lifecycle.onExit(() => {
        busy(beyond);
        try {
          lifecycle.onExit(() => told.push('run'), { name: 'late' });
          told.push('taken in');
        } catch (error) {
          told.push(ContainerDisposedError.is(error) ? 'refused' : String(error));
        }
      });
      const report = await reportOf(container.dispose({ timeout: limit }));
      expect([['taken in', 'run'], ['refused']]).toContainEqual(told);
      expect(namesOf(report).filter((name) => name === 'late')).toHaveLength(
        told[0] === 'refused' ? 0 : 1,
      );
    });

    test('before that, what comes late is taken in, also with a limit', async () => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      lifecycle.onExit(
        () => {
          lifecycle.onExit(() => undefined, { name: 'late' });
        },
        { name: 'early' },
      );
      const report = await reportOf(container.dispose({ timeout: 60_000 }));
      expect(namesOf(report)).toEqual(['early', 'late']);
    });
  });
});

function openable(): [() => void, Promise<void>] {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return [open, opened];
}

describe('P24 Every ordinary end', () => {
  /** How long a process may take to start, and to end, on a machine that is busy. */
  const patience = 10_000;

  async function endOf(story: string, way: 'SIGTERM' | 'process.exit'): Promise<unknown> {
    const program = await begin('endless', [story, way]);
    if (way === 'SIGTERM') {
      await soon(program.said('ready'), 'The start of the program', patience);
      program.child.kill('SIGTERM');
    }
    const { code, signal, stdout } = await soon(program.ended, `The program (${story})`, patience);
    return { code, signal, stdout };
  }

  const stories: [string, string[]][] = [
    ['registers itself, async', ['refused: ContainerDisposedError', 'older']],
    ['registers itself, sync', ['refused: ContainerDisposedError', 'older']],
    ['gets a transient of its own class', ['refused: ContainerDisposedError', 'older']],
    ['opens child after child', ['refused: ContainerDisposedError', 'older']],
  ];

  test.each(stories)('SIGTERM ends by its limit: a hook that %s', async (story, said) => {
    expect(await endOf(story, 'SIGTERM')).toEqual({
      ...(story.endsWith('async') || story.startsWith('opens')
        ? { code: 1, signal: null }
        : { code: null, signal: 'SIGTERM' }),
      stdout: lines('ready', ...said),
    });
  });

  test.each(stories)('process.exit(0) ends: a hook that %s', async (story, said) => {
    expect(await endOf(story, 'process.exit')).toEqual({
      // It is no fault of a hook that nothing was awaited.
      code: 0,
      signal: null,
      stdout: lines('ready', ...said),
    });
  });

  test('SIGTERM ends by the limit of the module, with a child in flight', async () => {
    expect(await endOf('a child in flight', 'SIGTERM')).toEqual({
      code: 1,
      signal: null,
      stdout: lines('ready', 'other', 'request, first', 'request, last', 'session', 'app'),
    });
  });
});
