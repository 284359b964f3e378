import { runInNewContext } from 'node:vm';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ExitReport, type ExitRecord } from '../../src/disposal/exit-report.js';
import { limits } from '../../src/disposal/serializable.js';
import { guarded } from '../../src/shared/inspect.js';
import { runs, timeout } from '../support/property.js';

/** A report in which each of them was thrown by one hook. */
function reportOf(thrown: readonly unknown[], reason?: unknown): ExitReport {
  const exits = thrown.map((error, index): ExitRecord => {
    const hook = `close${String(index)}`;
    const exit = { id: index, service: 'Pool', hook, phase: 'exit' as const, container: 0 };
    return { ...exit, startTime: index, duration: 1, ...failed(error) };
  });
  return new ExitReport(reason, thrown.length, exits);
}

function failed(error: unknown): Pick<ExitRecord, 'outcome' | 'error'> {
  return { outcome: 'failed', error };
}

interface Kept {
  reason?: unknown;
  exits: (Omit<ExitRecord, 'error'> & { error?: Record<string, unknown> })[];
}

function parsed(report: ExitReport): Kept {
  return JSON.parse(JSON.stringify(report)) as Kept;
}

/** What JSON keeps of one thrown value. */
function kept(thrown: unknown): unknown {
  return parsed(reportOf([thrown])).exits[0]?.error;
}

function throwing(): never {
  throw new Error('hostile');
}

function revoked(target: object = {}): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

class Pool {
  readonly size = 1;
}

/** As many objects, each of which refers to each other one. */
function linked(count: number): object {
  const objects = Array.from({ length: count }, (_, index) => ({ index, others: [] as object[] }));
  for (const object of objects) {
    object.others.push(...objects.filter((other) => other !== object));
  }
  return objects;
}

describe('P20 The report › each object is written once', () => {
  test('within a thrown value', () => {
    const pool = new Pool();
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(kept({ circle, one: pool, two: pool, deep: [pool], list: [[1]] })).toEqual({
      circle: { self: '[repeated: Object]' },
      one: { size: 1 },
      two: '[repeated: Pool]',
      deep: ['[repeated: Pool]'],
      list: [[1]],
    });
    const error = new Error('its own cause');
    error.cause = error;
    expect(kept(error)).toMatchObject({
      message: 'its own cause',
      cause: '[repeated: Error: its own cause]',
    });
  });

  test('in all of a report, and the first that is met is the one that lies highest', () => {
    const pool = new Pool();
    const first = { deep: { deeper: { pool } }, pool };
    expect(parsed(reportOf([{ pool }, [pool]], first))).toMatchObject({
      reason: { deep: { deeper: { pool: '[repeated: Pool]' } }, pool: { size: 1 } },
      exits: [{ error: { pool: '[repeated: Pool]' } }, { error: ['[repeated: Pool]'] }],
    });
  });

  test('an error that several hooks threw keeps its name and message in each record', () => {
    const reason = new DOMException('The disposal was not done within 100 ms', 'TimeoutError');
    const { exits } = parsed(reportOf([reason, reason, new Error('late', { cause: reason })]));
    const { name, message } = reason;
    expect(exits).toMatchObject([
      { error: { name, message, stack: expect.stringContaining(name) as unknown } },
      { error: { name, message, stack: '[repeated]' } },
      { error: { message: 'late', cause: `[repeated: ${name}: ${message}]` } },
    ]);
  });

  test('what takes no entries is short, and written each time', () => {
    const values = [new Date(0), new Map(), /x/, new Date(NaN)];
    const words = ['1970-01-01T00:00:00.000Z', '[object Map]', '/x/', null];
    expect(kept([...values, ...values])).toEqual([...words, ...words]);
  });

  test('every property is read once', () => {
    let reads = 0;
    const counting = {
      get value(): number {
        return ++reads;
      },
    };
    const error = Object.assign(new Error('x'), { counting });
    Object.defineProperty(error, 'cause', { enumerable: true, get: () => [counting, ++reads] });
    expect(kept([error, error, counting])).toHaveLength(3);
    expect(reads).toBe(2);
  });

  test.each([
    [9, 2_500],
    [13, 4_500],
    [30, 21_000],
  ])('%i linked objects take less than %i characters', (count, size) => {
    const error = Object.assign(new Error('linked'), { graph: linked(count) });
    error.stack = 'Error: linked';
    expect(JSON.stringify(reportOf([error])).length).toBeLessThan(size);
  });

  test('reports that refer to each other are not written once for each path between them', () => {
    let [before, last] = [reportOf([]), reportOf([])];
    for (let count = 0; count < 60; count++) {
      const failures = [before, last].map((report) => Object.assign(new Error('x'), { report }));
      [before, last] = [last, reportOf(failures)];
    }
    expect(JSON.stringify(last).length).toBeLessThan(100_000);
    expect(parsed(last).exits[0]?.error).toMatchObject({
      report: { duration: 2, exits: [{ service: 'Pool', error: { message: 'x' } }, {}] },
    });
  });
});

describe('P20 The report › its size has limits', () => {
  test('of depth', () => {
    let deep: unknown = 'bottom';
    for (let depth = 0; depth < 10_000; depth++) {
      deep = { deep };
    }
    const json = JSON.stringify(kept(deep));
    expect(json.split('{')).toHaveLength(limits.depth + 1);
    expect(json).toContain('"[too deep: Object]"');
    expect(kept({ deep: 1, shallow: { shallow: new Pool() } })).toEqual({
      deep: 1,
      shallow: { shallow: { size: 1 } },
    });
  });

  test('what was too deep in one place is written where it is not', () => {
    const pool = new Pool();
    let deep: object = { pool };
    for (let depth = 0; depth < limits.depth; depth++) {
      deep = { deep };
    }
    expect(kept([deep])).not.toMatchObject([{ pool: {} }]);
    expect(parsed(reportOf([deep, pool])).exits[1]?.error).toEqual({ size: 1 });
  });

  test('of elements and properties', () => {
    const names = Array.from({ length: 150 }, (_, index) => `p${String(index)}`);
    const [list, record] = kept([names, Object.fromEntries(names.map((name) => [name, 1]))]) as [
      string[],
      Record<string, unknown>,
    ];
    expect(list).toHaveLength(101);
    expect(list.slice(99)).toEqual(['p99', '[50 more]']);
    expect(Object.keys(record)).toHaveLength(101);
    expect(record).toMatchObject({ p99: 1, '…': '[50 more]' });
  });

  test('of values, of which those are kept that lie highest', () => {
    const wide = (depth: number): object =>
      Array.from({ length: 20 }, () => (depth === 0 ? {} : wide(depth - 1)));
    const error = Object.assign(new Error('wide', { cause: wide(3) }), { code: 'EIO' });
    const json = JSON.stringify(kept(error));
    expect(kept(error)).toMatchObject({ message: 'wide', code: 'EIO' });
    expect(json.length).toBeLessThan(20_000);
    expect(json).toContain('[20 more]');
  });

  test('of characters', () => {
    const [text, record] = kept(['x'.repeat(10_005), { ['n'.repeat(205)]: 1 }]) as [string, object];
    expect(text).toBe(`${'x'.repeat(10_000)}… [5 more characters]`);
    expect(record).toEqual({ [`${'n'.repeat(200)}… [5 more characters]`]: 1 });
    expect(kept(`${'x'.repeat(9_999)}😀`)).toBe(`${'x'.repeat(9_999)}… [2 more characters]`);
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`p${String(index)}`, 'x'.repeat(10_000)]),
    );
    expect(Object.keys(kept(many) as object)).toEqual([
      ...Array.from({ length: 10 }, (_, index) => `p${String(index)}`),
      '…',
    ]);
  });

  test('also for what takes the most that is allowed', () => {
    const texts = Array.from({ length: 100 }, () => '\0'.repeat(1_000));
    const lists = Array.from({ length: 100 }, () => [[], [], {}, {}, {}, {}, {}, {}, {}, '\0']);
    for (const thrown of [texts, [texts, lists], [lists, texts]]) {
      expect(JSON.stringify(kept(thrown)).length).toBeLessThan(1_000_000);
    }
  });

  test('in all; every exit is there whatever its error took, and every error has its message', () => {
    const big = (): object => Array.from({ length: 10 }, () => Array.from({ length: 99 }, () => 1));
    const failures = Array.from({ length: 300 }, (_, index) =>
      Object.assign(new Error(`failure ${String(index)}`), { big: big() }),
    );
    const hostile = Object.defineProperty(new Error('x'), 'message', { get: throwing });
    const others = ['x'.repeat(300), { big: big() }, 1, null, undefined, hostile];
    const report = reportOf([...failures, ...others]);
    const { exits } = parsed(report);
    expect(exits.map(({ hook }) => hook)).toEqual(report.exits.map(({ hook }) => hook));
    expect(exits.slice(0, 300).map(({ error }) => error?.message)).toEqual(
      failures.map(({ message }) => message),
    );
    expect((exits[90]?.error?.big as unknown[]).length).toBe(10);
    expect(exits[299]?.error).toEqual({
      name: 'Error',
      message: 'failure 299',
      stack: '[left out]',
    });
    expect(exits.slice(300).map(({ error }) => error)).toEqual([
      `${'x'.repeat(200)}… [100 more characters]`,
      '[left out: Object]',
      1,
      null,
      'undefined',
      { name: 'Error', message: '[cannot be read]', stack: '[left out]' },
    ]);
  });

  test('in all, of characters', () => {
    const failures = Array.from({ length: 2_000 }, () => ['x', 'y'].map((x) => x.repeat(9_000)));
    const json = JSON.stringify(reportOf(failures));
    expect(json.length).toBeLessThan(limits.charactersInAll * 1.1);
    expect(json).toContain('"error":"[left out: Array]"');
  });

  test('of records there are none', () => {
    const exits = Array.from({ length: 20_000 }, (_, id) => {
      const service = 'x'.repeat(id === 0 ? 50_000 : 1);
      const [hook, phase, outcome] = ['close', 'drain', 'done'] as const;
      return { service, hook, container: 1, startTime: -1, outcome, duration: 0, id, phase };
    });
    expect(parsed(new ExitReport(undefined, 0, exits))).toEqual({ duration: 0, exits });
  });
});

describe('P20 The report › toJSON of what an error refers to', () => {
  test('is called once, and its result is bounded like the rest', () => {
    let calls = 0;
    const config = { url: 'https://example.org', list: Array.from({ length: 101 }, () => 1) };
    class AxiosError extends Error {
      readonly request = linked(30);

      toJSON(key: string): object {
        calls++;
        return { name: 'AxiosError', message: this.message, config, key };
      }
    }
    const error = new AxiosError('Request failed');
    const json = kept([error, error, config]);
    expect(json).toEqual([
      {
        name: 'AxiosError',
        message: 'Request failed',
        config: '[repeated: Object]',
        key: '',
      },
      '[repeated: Error: Request failed]',
      { url: config.url, list: [...config.list.slice(1), '[1 more]'] },
    ]);
    expect(calls).toBe(1);
  });

  test('may return anything', () => {
    const shared = { shared: true };
    const json = (data: unknown): object => ({ toJSON: () => data });
    const itself = {
      own: 1,
      toJSON(): unknown {
        return this;
      },
    };
    expect(
      kept([
        new URL('https://example.org'),
        json(shared),
        json(shared),
        json(json(1)),
        json(undefined),
        json(null),
        json(2n),
        json(revoked()),
        json('x'.repeat(10_001)),
        Object.assign(() => 1, json('of a function')),
        { toJSON: 'no method' },
        itself,
      ]),
    ).toEqual([
      'https://example.org/',
      { shared: true },
      '[repeated: Object]',
      { toJSON: '() => data' },
      'undefined',
      null,
      '2',
      'a value that cannot be printed',
      `${'x'.repeat(10_000)}… [1 more characters]`,
      'of a function',
      { toJSON: 'no method' },
      { own: 1, toJSON: expect.stringContaining('return this') },
    ]);
  });

  test('if it throws, the value is written without it', () => {
    const error = Object.assign(new Error('kept'), { code: 'E', toJSON: throwing });
    expect(kept(error)).toMatchObject({ name: 'Error', message: 'kept', code: 'E' });
    const getter = Object.defineProperty({ code: 'E' }, 'toJSON', { get: throwing });
    expect(kept(getter)).toEqual({ code: 'E' });
  });

  test('a Buffer is not copied', () => {
    const bytes = Buffer.alloc(1_000_000);
    expect(kept([bytes, new Float64Array(2), new DataView(bytes.buffer), bytes.buffer])).toEqual([
      '[object Uint8Array]',
      '[object Float64Array]',
      '[object DataView]',
      '[object ArrayBuffer]',
    ]);
  });
});

describe('P20 The report › what JSON has no word for is described', () => {
  test.each([
    [undefined, 'undefined'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [1n, '1'],
    [1n << 511n, '[bigint of more than 512 bits]'],
    [Symbol('thrown'), 'Symbol(thrown)'],
    [throwing, expect.stringContaining('function throwing()')],
    [Pool, expect.stringContaining('class Pool')],
    [new Map([[1, 2]]), '[object Map]'],
    [new Set([1]), '[object Set]'],
    [new WeakMap(), '[object WeakMap]'],
    [Promise.resolve(), '[object Promise]'],
    [Object('boxed'), 'boxed'],
    [Object.create(null), {}],
    [new Pool(), { size: 1 }],
    [JSON.parse('{ "__proto__": { "x": 1 } }'), JSON.parse('{ "__proto__": { "x": 1 } }')],
    [true, true],
    [null, null],
    [1.5, 1.5],
  ])('%p', (value: unknown, json: unknown) => {
    expect(kept(value)).toEqual(json);
    expect(kept({ value })).toEqual({ value: json });
    expect(kept([value])).toEqual([json]);
  });

  test('a huge array that is empty takes no loop over all of it', () => {
    expect(kept(Array(2 ** 32 - 1))).toEqual([
      ...Array<string>(100).fill('undefined'),
      '[4294967195 more]',
    ]);
  });

  test.each(['{}', '[]', 'new Error("foreign")', 'function foreign() {}'])(
    'a revoked proxy of %s',
    (code) => {
      const value = revoked(runInNewContext(`(${code})`) as object);
      expect(kept(value)).toBe('a value that cannot be printed');
      expect(kept({ value })).toEqual({ value: 'a value that cannot be printed' });
    },
  );

  test('a property whose getter throws costs no other', () => {
    const hostile = Object.defineProperty(new Error('kept'), 'cause', { get: throwing });
    Object.defineProperty(hostile, 'code', { enumerable: true, get: throwing });
    expect(kept(hostile)).toEqual({
      name: 'Error',
      message: 'kept',
      stack: hostile.stack,
      cause: '[cannot be read]',
      code: '[cannot be read]',
    });
  });

  test('proxies that lie or throw', () => {
    const list = (length: unknown): unknown =>
      kept(new Proxy([1], { get: (_, name) => (name === 'length' ? length : undefined) }));
    expect([list(1), list(-1), list(NaN), list('x')]).toEqual([['undefined'], [], [], []]);
    expect(list(Infinity)).toHaveLength(101);
    // What is no number, and cannot be made one.
    expect(list(Symbol('length'))).toBe('a value that cannot be printed');
    expect(kept(new Proxy({}, { ownKeys: throwing }))).toBe('[object Object]');
    expect(kept(new Proxy(new Error('kept'), { has: throwing }))).toBe('Error: kept');
    expect(kept(new Proxy({}, { get: throwing }))).toEqual({});
    expect(kept({ [Symbol.toStringTag]: 'Error', toString: throwing })).toMatchObject({
      toString: expect.stringContaining('throwing'),
    });
  });

  test('errors of every kind, with their causes', () => {
    const cause = runInNewContext('new TypeError("foreign", { cause: "realm" })') as Error;
    const several = new AggregateError([cause, 1n], 'several', { cause: { code: 'E' } });
    const stack = expect.any(String) as unknown;
    expect(kept(several)).toEqual({
      name: 'AggregateError',
      message: 'several',
      stack,
      cause: { code: 'E' },
      errors: [{ name: 'TypeError', message: 'foreign', stack, cause: 'realm' }, '1'],
    });
    expect(kept(new DOMException('cut off', 'AbortError'))).toEqual({
      name: 'AbortError',
      message: 'cut off',
      stack,
    });
    expect(kept(Object.assign(new Error('x'), { cause: 1, name: 'Named' }))).toEqual({
      name: 'Named',
      message: 'x',
      stack,
      cause: 1,
    });
  });

  test('a reason is kept like what was thrown; without one there is none', () => {
    expect(parsed(reportOf([]))).toEqual({ duration: 0, exits: [] });
    expect(parsed(reportOf([], () => 1)).reason).toBe('() => 1');
    expect(parsed(reportOf([], { type: 'signal', signal: 'SIGTERM' })).reason).toEqual({
      type: 'signal',
      signal: 'SIGTERM',
    });
  });
});

const kinds = {
  object: () => ({}),
  'null prototype': () => Object.create(null) as object,
  instance: () => new Pool(),
  array: () => [],
  error: () => new Error('random'),
  'foreign error': () => runInNewContext('new Error("foreign")') as object,
  aggregate: () => new AggregateError([], 'aggregate'),
  map: () => new Map(),
  bytes: () => new Uint8Array(1_000),
  function: () => () => 1,
  revoked: () => revoked(),
  'throwing traps': () =>
    new Proxy(new Error('trapped'), { get: throwing, has: throwing, ownKeys: throwing }),
  'throwing toJSON': () => ({ toJSON: throwing }),
  'toJSON of itself': () => ({
    toJSON(): unknown {
      return this;
    },
  }),
  'toJSON of a copy': () => ({
    toJSON(): unknown {
      return { ...this };
    },
  }),
  'toJSON without end': () => ({
    toJSON(): unknown {
      return { again: { ...this, id: 'copy' } };
    },
  }),
  'throwing texts': () => ({
    toString: throwing,
    [Symbol.toPrimitive]: throwing,
    get [Symbol.toStringTag]() {
      return throwing();
    },
  }),
};

interface Graph {
  readonly nodes: readonly {
    readonly kind: keyof typeof kinds;
    readonly links: readonly { readonly to: number; readonly isGetter: boolean }[];
    readonly leaf: unknown;
    readonly hasThrowingGetter: boolean;
  }[];
  readonly thrown: readonly number[];
  readonly reason: number;
}

const leaf = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
  fc.anything({ withBoxedValues: true, withTypedArray: true, withSparseArray: true }),
  fc.constantFrom(NaN, -Infinity, 1n, Symbol('leaf'), undefined, '\0'.repeat(20_000), '😀'),
);

const graph: fc.Arbitrary<Graph> = fc.record({
  nodes: fc.array(
    fc.record({
      kind: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
      links: fc.array(fc.record({ to: fc.nat(19), isGetter: fc.boolean() }), {
        maxLength: 6,
        size: 'max',
      }),
      leaf,
      hasThrowingGetter: fc.boolean(),
    }),
    { minLength: 1, maxLength: 20, size: 'max' },
  ),
  thrown: fc.array(fc.nat(19), { minLength: 1, maxLength: 8 }),
  reason: fc.nat(19),
});

function built({ nodes }: Graph): object[] {
  const made = nodes.map((node) => ({ node, object: kinds[node.kind]() }));
  const objects = made.map(({ object }) => object);
  for (const [index, { node, object }] of made.entries()) {
    const define = (name: string, how: PropertyDescriptor): void => {
      const property = { enumerable: true, configurable: true, ...how };
      // Those that are revoked take nothing.
      guarded(() => Object.defineProperty(object, name, property), undefined);
    };
    define('id', { value: `node ${String(index)}` });
    define('leaf', { value: node.leaf });
    if (node.hasThrowingGetter) {
      define('throwing', { get: throwing });
    }
    for (const [place, { to, isGetter }] of node.links.entries()) {
      const value = objects[to % objects.length];
      // Of arrays these are the elements.
      define(String(place), isGetter ? { get: () => value } : { value });
    }
  }
  return objects;
}

const notes = [
  ' more characters]"',
  '"[cannot be read]"',
  '"[repeated: ',
  '"[too deep: ',
  '"a value that cannot be printed"',
  '"stack":"[repeated]"',
];

test(
  'P20 The report › whatever errors refer to, its JSON is complete, bounded, and of one piece',
  () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(graph, (random) => {
        const objects = built(random);
        const at = (index: number): unknown => objects[index % objects.length];
        const report = reportOf(random.thrown.map(at), at(random.reason));
        const json = JSON.stringify(report);
        const { exits } = JSON.parse(json) as Kept;
        expect(exits.map(({ hook, startTime }) => [hook, startTime])).toEqual(
          report.exits.map(({ hook, startTime }) => [hook, startTime]),
        );
        expect(exits.every((exit) => 'error' in exit)).toBe(true);
        expect(json.length).toBeLessThan(1_000_000 * (exits.length + 1));
        const ids = json.match(/"id":"node \d+"/g) ?? [];
        expect(ids).toHaveLength(new Set(ids).size);
        for (const note of notes.filter((each) => json.includes(each))) {
          met.add(note);
        }
      }),
      { ...runs, numRuns: Math.ceil(runs.numRuns / 5) },
    );
    // So that the generator does not go stale unnoticed.
    expect([...met].sort()).toEqual(notes);
  },
  timeout,
);
