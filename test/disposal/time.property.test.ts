import 'reflect-metadata';

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { Disposer } from '../../src/disposal/disposer.js';
import { HookWait } from '../../src/disposal/hook-wait.js';
import { RunLog } from '../../src/disposal/run-log.js';
import { Run } from '../../src/disposal/run.js';
import { ScopeWaits } from '../../src/disposal/scope-waits.js';
import { ContainerWorld } from '../support/container-world.js';
import { type Platform, watchPlatform, withPlatform } from '../support/platform.js';
import { runs, Shares, timeout } from '../support/property.js';
import { Checks } from '../support/time-checks.js';
import { Play } from '../support/time-play.js';
import { programArbitrary, type Program } from '../support/time-programs.js';
import { CoreWorld, type World } from '../support/time-worlds.js';

const { stackTraceLimit } = Error;
let unwatch: () => void;

beforeEach(() => {
  unwatch = watchPlatform();
});

afterEach(() => {
  unwatch();
  Error.stackTraceLimit = stackTraceLimit;
  jest.restoreAllMocks();
});

type MakeWorld = (platform: Platform) => World;

const onCore: MakeWorld = () => new CoreWorld();
const onContainers: MakeWorld = (platform) => new ContainerWorld(platform);

async function played(
  program: Program,
  makeWorld: MakeWorld,
): Promise<{ faults: string[]; met: Record<string, boolean> }> {
  return withPlatform(async (platform) => {
    const play = new Play(makeWorld(platform), program);
    await play.run();
    const { faults, met } = await Checks.of(play, platform.uncaught);
    return { faults, met: { ...play.met, ...met } };
  });
}

function property(makeWorld: MakeWorld, shares?: Shares): fc.IAsyncProperty<[Program]> {
  return fc.asyncProperty(programArbitrary, async (program) => {
    const { faults, met } = await played(program, makeWorld);
    expect(faults).toEqual([]);
    shares?.count(met);
  });
}

test(
  'P18 time › random trees, hooks and limits',
  async () => {
    const shares = new Shares();
    await fc.assert(property(onCore, shares), runs);
    shares.check('programs of time', 0.05);
  },
  timeout,
);

/** A smaller program takes as long. */
const shrinking = { interruptAfterTimeLimit: 20_000 };

/** How many programs are played at once, when they take real time. */
const atOnce = 100;

/** So many are drawn at once. */
const chunk = 1_000;

interface Failure {
  readonly program: Program;
  readonly faults: readonly string[];
  /** What fast-check draws it from. */
  readonly seed: number;
  readonly path: string;
}

/** Plays programs in real time until one has failed. */
async function firstFailure(
  numRuns: number,
  firstSeed: number,
  shares?: Shares,
): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  // Jest formats the stacks of what hooks throw, which takes a fifth of the time.
  Error.stackTraceLimit = 0;
  for (let from = 0; from < numRuns && failure === undefined; from += chunk) {
    const seed = firstSeed + from / chunk;
    const sample = fc.sample(programArbitrary, { seed, numRuns: Math.min(chunk, numRuns - from) });
    const programs = sample.entries();
    const playNext = async (): Promise<void> => {
      // All take their next one from here.
      for (const [index, program] of programs) {
        if (failure !== undefined) {
          return;
        }
        const { faults, met } = await played(program, onContainers);
        shares?.count(met);
        if (faults.length > 0) {
          failure ??= { program, faults, seed, path: String(index) };
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, playNext));
  }
  return failure;
}

test(
  'P18 time › random trees, hooks and limits, on real containers in real time',
  async () => {
    const shares = new Shares();
    const { numRuns, seed = Date.now() % 2 ** 31 } = runs;
    const failure = await firstFailure(numRuns, seed, shares);
    if (failure !== undefined) {
      const { program, faults, ...drawn } = failure;
      // By itself it may not fail. If it does, it is made smaller.
      await fc.assert(property(onContainers), { ...drawn, numRuns: 1, ...shrinking });
      throw new Error(`${faults.join('\n')}\n${fc.stringify(program)}\n${fc.stringify(drawn)}`);
    }
    shares.check('programs of real time', 0.02);
  },
  2 * timeout,
);

/** Cores that are wrong in one way each: each is found. */
const wrongCores: Record<string, () => void> = {
  'a child that is waited for is not finished when the time has passed': () => {
    jest.spyOn(Run.prototype, 'waitFor').mockImplementation(function (this: Run, run: Run) {
      const gate = { finish: () => undefined };
      this.close(gate);
      run.whenEnded(() => {
        this.open(gate);
      });
    });
  },
  'what comes when the time has passed is taken in': () => {
    jest.spyOn(Disposer.prototype, 'isClosed', 'get').mockReturnValue(false);
  },
  'a hook that is awaited when the time passes goes on': () => {
    jest.spyOn(HookWait.prototype, 'abandon').mockImplementation(() => undefined);
  },
  'a report lacks what a child has done': () => {
    jest.spyOn(RunLog.prototype, 'include').mockImplementation(() => undefined);
  },
  'scopes are not waited for': () => {
    jest.spyOn(ScopeWaits.prototype, 'isDue').mockReturnValue(false);
  },
  'scopes that were opened meanwhile are waited for': () => {
    jest
      .spyOn(ScopeWaits.prototype, 'isDue')
      .mockImplementation((scopes: readonly unknown[]) => scopes.length > 0);
  },
  'scopes are not disposed when the time has passed': () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own one
    const { newChildren } = Disposer.prototype;
    jest.spyOn(Disposer.prototype, 'newChildren').mockImplementation(function (this: Disposer) {
      return newChildren.call(this, 'without scopes');
    });
  },
  'all work has completed': () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own one
    const { dispose } = Disposer.prototype;
    jest.spyOn(Disposer.prototype, 'dispose').mockImplementation(function (
      this: Disposer,
      options,
    ) {
      return dispose.call(this, { ...options, completed: true });
    });
  },
};

test.each(Object.entries(wrongCores))(
  'P18 time › a wrong core is found: %s',
  async (_fault, breakCore) => {
    breakCore();
    const { failed, numRuns } = await fc.check(property(onCore), {
      numRuns: 300,
      seed: 20_261_124,
      endOnFailure: true,
    });
    expect({ failed, isSoon: numRuns < 300 }).toEqual({ failed: true, isSoon: true });
  },
  timeout,
);

test.each([
  'a hook that is awaited when the time passes goes on',
  'a report lacks what a child has done',
])(
  'P18 time › a wrong core is found on real containers: %s',
  async (fault) => {
    wrongCores[fault]?.();
    expect(await firstFailure(300, 20_261_124)).toBeDefined();
  },
  timeout,
);
