/** Random trees of containers of two copies of the package: they exit as those of one copy do. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Container } from 'inversify';
import * as first from 'inversify-onexit';

import { exitLink, type ExitLink } from '../../src/disposal/exit-link.js';
import { reportOf } from '../support/core.js';
import { runs, Shares, timeout } from '../support/property.js';
import { loadSecondCopy, type Copy } from '../support/second-copy.js';

const kinds = ['returns', 'throws', 'waits', 'waits long', 'rejects', 'hangs', 'aborts'] as const;
const ends = ['dispose', 'abort', 'synchronous', 'leave'] as const;

const containers = fc.array(
  fc.record({
    /** The number of an earlier one. */
    parent: fc.nat(5),
    isSecondCopy: fc.boolean(),
    hooks: fc.array(fc.record({ kind: fc.constantFrom(...kinds), isDrain: fc.boolean() }), {
      maxLength: 3,
    }),
  }),
  { minLength: 2, maxLength: 6 },
);
const programs = fc.record({
  containers,
  /** What is done to the outermost one, and at which turns. */
  end: fc.constantFrom(...ends),
  disposedAt: fc.nat(4),
  endsAt: fc.nat(6),
});

type Program = typeof programs extends fc.Arbitrary<infer T> ? T : never;

let second: Copy;

beforeAll(async () => {
  second = await loadSecondCopy();
});

interface Played {
  /** What was started, settled and reported, in that order. */
  readonly log: readonly string[];
  readonly exits: readonly string[];
}

async function play(program: Program, copies: readonly [Copy, Copy]): Promise<Played> {
  const log: string[] = [];
  const stop = new AbortController();
  const built: Container[] = [];
  const disposals: unknown[] = [];
  let hasBegun = false;
  for (const [at, { parent, isSecondCopy, hooks }] of program.containers.entries()) {
    const copy = copies[isSecondCopy ? 1 : 0];
    const container = new Container({ parent: built[parent % at] });
    container.register(copy.LifecycleModule);
    built.push(container);
    const lifecycle = container.get(copy.Lifecycle);
    lifecycle.signal.addEventListener('abort', () => log.push(`${String(at)} stops`));
    for (const [number, { kind, isDrain }] of hooks.entries()) {
      const name = `${String(at)}.${String(number)} ${kind}`;
      lifecycle.onExit(
        ({ signal }) => {
          log.push(`${name}${signal.aborted ? ', late' : ''}`);
          signal.addEventListener('abort', () => log.push(`${name} is aborted`));
          return run(kind, () => {
            if (hasBegun) {
              stop.abort();
            }
          });
        },
        { name, phase: isDrain ? 'drain' : 'exit' },
      );
    }
  }
  const [root = new Container()] = built;
  const { disposedAt, endsAt, end } = program;
  for (let turn = 0; turn < 12; turn++) {
    if (turn === (end === 'synchronous' ? 10 : disposedAt)) {
      hasBegun = true;
      disposals.push(root.dispose({ signal: stop.signal }).catch(() => undefined));
    }
    if (turn === endsAt && end === 'synchronous') {
      try {
        root[Symbol.dispose]();
      } catch (error) {
        log.push((error as Error).message);
      }
    }
    if (turn === disposedAt + endsAt && end === 'leave') {
      (Reflect.get(root, exitLink) as () => ExitLink)().leave('reason', 'why');
    }
    if (turn === 11 || (turn === disposedAt + endsAt && end === 'abort')) {
      // No hook hangs for ever.
      stop.abort();
    }
    await setImmediate();
  }
  const { exits } = await reportOf(root.dispose());
  await Promise.all(disposals);
  return {
    log,
    exits: exits.map(({ hook, phase, outcome }) => `${phase} ${hook} ${outcome}`),
  };
}

function run(kind: (typeof kinds)[number], abort: () => void): unknown {
  switch (kind) {
    case 'throws':
      throw new Error('it throws');
    case 'aborts':
      abort();
      return undefined;
    case 'waits':
      return setImmediate();
    case 'waits long':
      return setImmediate().then(async () => setImmediate());
    case 'rejects':
      return Promise.reject(new Error('it rejects'));
    case 'hangs':
      return new Promise(() => undefined);
    default:
      return undefined;
  }
}

test(
  'P17 Children › random trees of two copies of the package exit as those of one',
  async () => {
    const shares = new Shares();
    await fc.assert(
      fc.asyncProperty(programs, async (program) => {
        const expected = await play(program, [first, first]);
        expect(await play(program, [first, second])).toEqual(expected);
        const some = (matches: RegExp): boolean =>
          expected.exits.some((exit) => matches.test(exit));
        shares.count({
          'two copies': new Set(program.containers.map((each) => each.isSecondCopy)).size === 2,
          children: some(/ [1-9]\./),
          'timed out': some(/ timed-out$/),
          'not awaited': some(/ not-awaited$/),
        });
      }),
      runs,
    );
    shares.check('trees', 0.1);
  },
  timeout,
);
