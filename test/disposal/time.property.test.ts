import 'reflect-metadata';

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { Disposer } from '../../src/disposal/disposer.js';
import { HookWait } from '../../src/disposal/hook-wait.js';
import { RunLog } from '../../src/disposal/run-log.js';
import { Run } from '../../src/disposal/run.js';
import { runs, Shares, timeout } from '../support/property.js';
import { Checks } from '../support/time-checks.js';
import { Play } from '../support/time-play.js';
import { programArbitrary, type Program } from '../support/time-programs.js';
import { CoreWorld } from '../support/time-worlds.js';

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

function coreProperty(shares?: Shares): fc.IAsyncProperty<[Program]> {
  return fc.asyncProperty(programArbitrary, async (program) => {
    uncaught = [];
    const play = new Play(new CoreWorld(), program);
    await play.run();
    const { faults, met } = await Checks.of(play, uncaught);
    expect(faults).toEqual([]);
    shares?.count({ ...play.met, ...met });
  });
}

test(
  'P18 time › random trees, hooks and limits',
  async () => {
    const shares = new Shares();
    await fc.assert(coreProperty(shares), runs);
    shares.check('programs of time', 0.05);
  },
  timeout,
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
};

test.each(Object.entries(wrongCores))(
  'P18 time › a wrong core is found: %s',
  async (_fault, breakCore) => {
    breakCore();
    const { failed, numRuns } = await fc.check(coreProperty(), {
      numRuns: 300,
      seed: 20_261_124,
      endOnFailure: true,
    });
    expect({ failed, isSoon: numRuns < 300 }).toEqual({ failed: true, isSoon: true });
  },
  timeout,
);
