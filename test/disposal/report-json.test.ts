/** A report's JSON: it keeps what tells why, and is bounded whatever that refers to. */
import 'reflect-metadata';

import { describe, expect, test } from '@jest/globals';
import { Lifecycle, type DisposeOptions, type ExitReport } from 'inversify-onexit';

import { runFixture } from '../support/child.js';
import { createContainer } from '../support/containers.js';
import { reportOf, soon } from '../support/limits.js';

/** In characters: far more than anybody reads of one error. */
const bound = 1_000_000;

/** The report of a disposal with one hook for each of these, which throws it. */
async function reportOfFailures(
  failures: readonly unknown[],
  options?: DisposeOptions,
): Promise<ExitReport> {
  const container = createContainer();
  failures.forEach((thrown, index) => {
    container.get(Lifecycle).onExit(
      () => {
        throw thrown;
      },
      { name: `hook ${String(index)}` },
    );
  });
  return reportOf(container.dispose(options));
}

interface Exit {
  readonly hook: string;
  readonly outcome: string;
  readonly error: unknown;
}

interface Parsed {
  readonly json: string;
  readonly reason: unknown;
  readonly exits: readonly Exit[];
}

function parsed(report: ExitReport): Parsed {
  const json = JSON.stringify(report);
  return { json, ...(JSON.parse(json) as Omit<Parsed, 'json'>) };
}

async function jsonOf(thrown: unknown): Promise<string> {
  return parsed(await reportOfFailures([thrown])).json;
}

/** Each refers to all of them. */
function linked(count: number): object[] {
  const nodes = Array.from({ length: count }, (_, id) => ({ id, links: [] as object[] }));
  for (const node of nodes) {
    node.links.push(...nodes);
  }
  return nodes;
}

function errorWith(properties: object): Error {
  return Object.assign(new Error('not closed'), properties);
}

/** How often the text is in it. */
function countOf(json: string, text: string): number {
  return json.split(text).length - 1;
}

describe('P20 The report', () => {
  describe('its JSON is bounded, whatever an error refers to', () => {
    class Endless {
      get left(): Endless {
        return new Endless();
      }

      get right(): Endless {
        return new Endless();
      }
    }
    for (const side of ['left', 'right']) {
      const descriptor = Object.getOwnPropertyDescriptor(Endless.prototype, side);
      Object.defineProperty(Endless.prototype, side, { ...descriptor, enumerable: true });
    }
    const endless = (): object => ({
      get left(): object {
        return endless();
      },
      get right(): object {
        return endless();
      },
    });
    const deep = (depth: number): object => {
      let value: object = { bottom: true };
      for (let level = 0; level < depth; level++) {
        value = { value };
      }
      return value;
    };
    const many = Array.from({ length: 300_000 }, (_, index) => index);

    test.each<[string, () => unknown]>([
      ['objects that all refer to each other', () => errorWith({ graph: linked(9) })],
      ['such objects, thrown themselves', () => linked(9)],
      ['a wide tree', () => errorWith({ tree: many.slice(0, 300).map(() => many.slice(0, 300)) })],
      ['a value that is 10,000 deep', () => errorWith({ deep: deep(10_000) })],
      ['getters that make ever new objects', () => errorWith({ endless: endless() })],
      ['an instance with such getters', () => errorWith({ endless: new Endless() })],
      ['a long message', () => new Error('x'.repeat(5_000_000))],
      ['a long text', () => 'x'.repeat(5_000_000)],
      ['a long property', () => errorWith({ body: 'x'.repeat(5_000_000) })],
      ['a long name', () => errorWith({ name: 'x'.repeat(5_000_000) })],
      ['a long stack', () => errorWith({ stack: 'x'.repeat(5_000_000) })],
      ['a long key', () => errorWith({ ['x'.repeat(5_000_000)]: 1 })],
      ['a long array', () => errorWith({ many })],
      [
        'many keys',
        () =>
          errorWith(
            Object.fromEntries(
              many.slice(0, 50_000).map((index) => [`key ${String(index)}`, index]),
            ),
          ),
      ],
      ['a buffer', () => errorWith({ buffer: Buffer.alloc(5_000_000) })],
      ['a typed array', () => errorWith({ array: new Float64Array(1_000_000) })],
      [
        'an error of many errors',
        () => new AggregateError(many.slice(0, 50_000).map(String), 'several'),
      ],
      [
        'many causes',
        () => {
          let error = new Error('root');
          for (const index of many.slice(0, 20_000)) {
            error = new Error(`cause ${String(index)}`, { cause: error });
          }
          return error;
        },
      ],
      [
        'a toJSON() that says much',
        () => errorWith({ entity: { toJSON: () => ({ body: 'x'.repeat(5_000_000) }) } }),
      ],
      [
        'a toJSON() that hands on a graph',
        () => errorWith({ entity: { toJSON: () => linked(9) } }),
      ],
    ])('%s', async (_what, make) => {
      const { json, exits } = parsed(await reportOfFailures([make()]));
      expect(json.length).toBeLessThan(bound);
      expect(exits).toMatchObject([{ service: 'callback', hook: 'hook 0', outcome: 'failed' }]);
      expect(exits[0]).toHaveProperty('error');
    });

    test('so is the reason', async () => {
      for (const reason of [linked(9), 'x'.repeat(5_000_000), errorWith({ endless: endless() })]) {
        const { json } = parsed(await reportOfFailures([new Error('not closed')], { reason }));
        expect(json.length).toBeLessThan(bound);
        expect(json).toContain('not closed');
      }
    });

    test('in time and memory, too', async () => {
      const ended = await soon(
        runFixture('linked-objects', { flags: ['--max-old-space-size=128'] }),
        'The program',
        10_000,
      );
      expect(ended).toEqual({ code: 0, signal: null, stdout: 'bounded\n', stderr: '' });
    });
  });

  describe('each object is in it once', () => {
    test('one that several refer to', async () => {
      const shared = { marker: 'only one of me' };
      const json = await jsonOf(
        errorWith({ one: shared, two: shared, three: [shared, { shared }] }),
      );
      expect(countOf(json, 'only one of me')).toBe(1);
    });

    test('an error and its causes, however they go round', async () => {
      const [outer, inner] = [new Error('the outer one'), new Error('the inner one')];
      outer.cause = inner;
      inner.cause = outer;
      for (const error of [outer, inner]) {
        // These would tell the message once more.
        error.stack = 'no stack';
      }
      const json = await jsonOf(outer);
      expect(json).toContain('the inner one');
      expect(json.length).toBeLessThan(1_000);
    });

    test('but what is no object is, wherever it stands', async () => {
      const json = await jsonOf(errorWith({ one: 'the same text', two: 'the same text' }));
      expect(countOf(json, 'the same text')).toBe(2);
    });

    test('what several hooks have thrown is told of each', async () => {
      const error = new Error('the same error');
      const { exits } = parsed(await reportOfFailures([error, error, error]));
      expect(exits.map((exit) => JSON.stringify(exit.error))).toEqual(
        exits.map(() => expect.stringContaining('the same error') as unknown),
      );
    });

    test('the same report is the same JSON each time', async () => {
      const report = await reportOfFailures([errorWith({ graph: linked(4) })]);
      expect(JSON.stringify(report)).toBe(JSON.stringify(report));
    });
  });

  describe('it keeps what tells why', () => {
    test('causes, their causes, and the errors of an AggregateError', async () => {
      const root = Object.assign(new Error('the root'), { code: 'ECONNRESET' });
      const error = new AggregateError(
        [new Error('the first', { cause: root }), new TypeError('the second')],
        'several',
        { cause: new Error('why all', { cause: 'a text' }) },
      );
      const { exits } = parsed(await reportOfFailures([error]));
      expect(exits[0]?.error).toMatchObject({
        name: 'AggregateError',
        message: 'several',
        stack: expect.any(String),
        cause: { name: 'Error', message: 'why all', cause: 'a text' },
        errors: [
          {
            message: 'the first',
            cause: { message: 'the root', code: 'ECONNRESET', stack: expect.any(String) },
          },
          { name: 'TypeError', message: 'the second' },
        ],
      });
    });

    test('eight causes, one of the other', async () => {
      let error = new Error('number 0');
      for (let number = 1; number <= 8; number++) {
        error = new Error(`number ${String(number)}`, { cause: error });
      }
      const { exits } = parsed(await reportOfFailures([error]));
      let cause = exits[0]?.error as { message?: unknown; cause?: unknown } | undefined;
      for (let number = 8; number >= 0; number--) {
        expect(cause?.message).toBe(`number ${String(number)}`);
        cause = cause?.cause as typeof cause;
      }
    });

    test.each<[string, object]>([
      ['a graph', { request: linked(9) }],
      ['a long array', { rows: Array.from({ length: 300_000 }, (_, index) => index) }],
      ['a long text', { body: 'x'.repeat(5_000_000) }],
    ])('causes beside %s', async (_what, noise) => {
      const root = Object.assign(new Error('the root'), noise);
      const { exits } = parsed(
        await reportOfFailures([
          Object.assign(new Error('the outer one', { cause: root }), structuredClone(noise)),
        ]),
      );
      expect(exits[0]?.error).toMatchObject({
        message: 'the outer one',
        cause: { message: 'the root' },
      });
    });

    test('the beginning of a long message', async () => {
      const { exits } = parsed(
        await reportOfFailures([new Error(`This is why. ${'x'.repeat(5_000_000)}`)]),
      );
      expect((exits[0]?.error as Error).message).toMatch(/^This is why\. x+/);
    });

    test('every exit, however much the others say', async () => {
      const failures = Array.from({ length: 50 }, (_, index) =>
        Object.assign(new Error(`failure ${String(index)}.`), { graph: linked(9) }),
      );
      const { exits } = parsed(await reportOfFailures(failures));
      expect(exits.map(({ hook }) => hook)).toEqual(
        failures.map((_, index) => `hook ${String(failures.length - 1 - index)}`),
      );
      for (const [index, { error }] of exits.entries()) {
        expect(error).toMatchObject({ message: `failure ${String(failures.length - 1 - index)}.` });
      }
    });

    test('10,000 exits', async () => {
      const container = createContainer();
      for (let index = 0; index < 10_000; index++) {
        container.get(Lifecycle).onExit(() => undefined, { name: `hook ${String(index)}` });
      }
      const { exits } = parsed(await container.dispose());
      expect(exits).toHaveLength(10_000);
      expect(exits.at(-1)).toMatchObject({ hook: 'hook 0', outcome: 'done' });
    });
  });

  describe('nothing that an error refers to makes it fail', () => {
    const fail = (): never => {
      throw new Error('hostile');
    };
    const revoked = (): object => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    };

    test.each<[string, () => unknown]>([
      [
        'a getter that throws',
        () => Object.defineProperty({}, 'x', { get: fail, enumerable: true }),
      ],
      ['a toJSON() that throws', () => ({ toJSON: fail })],
      [
        'a toJSON that is a getter which throws',
        () => Object.defineProperty({}, 'toJSON', { get: fail }),
      ],
      ['a toJSON() that returns itself', () => ({ toJSON: (): unknown => hostile.self })],
      ['a toJSON() that returns nothing', () => ({ toJSON: () => undefined })],
      ['a revoked proxy', revoked],
      ['a proxy that shows no keys', () => new Proxy({}, { ownKeys: fail })],
      [
        'a proxy that throws at everything',
        () =>
          new Proxy(
            {},
            {
              get: fail,
              has: fail,
              ownKeys: fail,
              getOwnPropertyDescriptor: fail,
              getPrototypeOf: fail,
            },
          ),
      ],
      [
        'an array whose length is a lie',
        () => new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 32 - 1 : undefined) }),
      ],
      ['a bigint', () => 5n],
      ['a symbol', () => Symbol('hostile')],
      ['a function', () => fail],
      ['an invalid date', () => new Date(NaN)],
      ['no prototype', () => Object.create(null) as unknown],
      ['a map that holds itself', () => selfContaining()],
    ])('%s', async (_what, make) => {
      const value = make();
      hostile.self = value;
      const { exits } = parsed(
        await reportOfFailures([value, errorWith({ value }), new Error('outer', { cause: value })]),
      );
      expect(exits.map(({ hook, outcome }) => `${hook} ${outcome}`)).toEqual([
        'hook 2 failed',
        'hook 1 failed',
        'hook 0 failed',
      ]);
      expect(exits[1]?.error).toMatchObject({ message: 'not closed' });
      expect(exits[0]?.error).toMatchObject({ message: 'outer' });
    });

    const hostile: { self?: unknown } = {};

    function selfContaining(): Map<string, unknown> {
      const map = new Map<string, unknown>();
      map.set('self', map);
      return map;
    }
  });
});
