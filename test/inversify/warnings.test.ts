import 'reflect-metadata';

import { runInNewContext } from 'node:vm';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Container, inject, injectable } from 'inversify';
import { Lifecycle, LifecycleModule, type LifecycleOptions } from 'inversify-onexit';

import { bundleForBrowsers, runFixture } from '../support/child.js';
import { createContainer } from '../support/containers.js';
import { log, Pool, Repository } from '../support/services.js';

const tooManyTransients = (service: string): string =>
  `More than 1,000 instances of ${service} are owned by one container, which keeps them until it ` +
  'is disposed. To have them disposed earlier, bind it in singleton scope, create it in a child ' +
  'container that is disposed with its unit of work, or call `lifecycle.release(instance)` when ' +
  'an instance is not needed any more.';

const tooManyChildren =
  'More than 1,000 child containers of one container have something to exit and are not disposed, ' +
  'so it keeps them all. Dispose each one when its unit of work has ended: `await using child = …`, ' +
  'or `await child.dispose()`.';

let container: Container;
let lifecycle: Lifecycle;
let warnings: { readonly message: unknown; readonly type: unknown; readonly code: unknown }[];

beforeEach(() => {
  log.length = 0;
  container = createContainer();
  lifecycle = container.get(Lifecycle);
  warnings = [];
  // Not by its event: what jest gives as `process` has those of another.
  jest.spyOn(process, 'emitWarning').mockImplementation((message, options) => {
    warnings.push({ message, ...(options as unknown as { type: unknown; code: unknown }) });
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

function warned(): unknown[] {
  return warnings.map(({ message }) => message);
}

function times(count: number, call: () => unknown): void {
  for (let time = 0; time < count; time++) {
    call();
  }
}

describe('P8 transients', () => {
  test('1,000 live ones are fine; one more is one warning, whatever follows', async () => {
    container.bind(Pool).toSelf();
    const get = (): Pool => container.get(Pool);
    times(1_000, get);
    expect(warned()).toEqual([]);
    const last = get();
    expect(warned()).toEqual([tooManyTransients('Pool')]);
    expect(warnings).toMatchObject([
      { type: 'LifecycleWarning', code: 'INVERSIFY_ONEXIT_TRANSIENTS' },
    ]);
    await lifecycle.release(last);
    times(2_000, get);
    expect(warned()).toHaveLength(1);
  });

  test('are counted for each binding', async () => {
    container.bind(Pool).toSelf();
    container.bind('pool').to(Pool);
    times(1_000, () => container.get(Pool));
    times(1_000, () => container.get('pool'));
    expect(warned()).toEqual([]);
    container.get('pool');
    expect(warned()).toEqual([tooManyTransients('pool [Pool]')]);
  });

  test('are counted for each container', async () => {
    container.bind(Pool).toSelf();
    const children = [container, container].map((parent) => createContainer({ parent }));
    for (const each of [container, ...children]) {
      times(1_000, () => each.get(Pool));
    }
    expect(warned()).toEqual([]);
    for (const each of [container, ...children]) {
      each.get(Pool);
    }
    expect(warned()).toEqual(Array(3).fill(tooManyTransients('Pool')));
  });

  test('count as parts of others, too', async () => {
    container.bind(Pool).toSelf();
    container.bind(Repository).toSelf();
    times(600, () => container.get(Pool));
    times(600, () => container.get(Repository));
    expect(warned()).toEqual([tooManyTransients('Pool')]);
  });

  test('do not count once they are released', async () => {
    container.bind(Pool).toSelf();
    container.bind('request').to(Pool).inRequestScope();
    container.bind('dynamic').toDynamicValue(() => new Pool());
    for (const service of [Pool, 'request', 'dynamic']) {
      times(999, () => container.get(service));
      for (let each = 0; each < 1_001; each++) {
        await lifecycle.release(container.get<Pool>(service));
      }
      container.get(service);
    }
    expect(warned()).toEqual([]);
    for (const service of [Pool, 'request', 'dynamic']) {
      container.get(service);
    }
    expect(warned()).toHaveLength(3);
  });

  test('count in request scope, and as dynamic and resolved values', async () => {
    container.bind('request').to(Pool).inRequestScope();
    container.bind('dynamic').toDynamicValue(() => new Pool());
    container.bind('resolved').toResolvedValue(() => new Pool());
    for (const service of ['request', 'dynamic', 'resolved']) {
      times(1_001, () => container.get(service));
    }
    expect(warned()).toEqual([
      tooManyTransients('request [Pool]'),
      tooManyTransients('dynamic [Pool]'),
      tooManyTransients('resolved [Pool]'),
    ]);
  });

  test('without hooks do not count, nor do singletons', async () => {
    class Plain {}
    container.bind(Plain).toSelf();
    container.bind('dynamic').toDynamicValue(() => new Plain());
    container.bind(Pool).toSelf().inSingletonScope();
    for (const service of [Plain, 'dynamic', Pool]) {
      times(1_500, () => container.get(service));
    }
    expect(warned()).toEqual([]);
  });

  test.each([
    ['', 0],
    [', in a container that has much else to exit', 3_000],
  ])(
    'are not more when a dynamic value hands on the same few again and again%s',
    async (_much, callbacks) => {
      times(callbacks, () => lifecycle.onExit(() => undefined));
      for (const name of ['first', 'second']) {
        container.bind(`${name} pool`).to(Pool).inSingletonScope();
        container.bind(name).toDynamicValue((context) => context.get(`${name} pool`));
      }
      times(1_500, () => {
        container.get('first');
        container.get('second');
      });
      expect(warned()).toEqual([]);
      await container.dispose();
      expect(log).toEqual(['Pool', 'Pool']);
    },
  );

  test('count on when restore() has made another object of the binding', async () => {
    container.bind(Pool).toSelf();
    times(600, () => container.get(Pool));
    container.snapshot();
    container.restore();
    times(600, () => container.get(Pool));
    expect(lifecycle.pending()).toHaveLength(1_200);
    expect(warned()).toEqual([tooManyTransients('Pool')]);
  });

  test('count on when the binding has got another handler', async () => {
    const binding = container.bind(Pool).toSelf();
    times(600, () => container.get(Pool));
    binding.onActivation((_context, pool) => pool);
    // What looks the binding up shows us the handler.
    container.isBound(Pool);
    times(600, () => container.get(Pool));
    expect(lifecycle.pending()).toHaveLength(1_200);
    expect(warned()).toEqual([tooManyTransients('Pool')]);
  });

  describe("'refuse'", () => {
    const createRefusing = (parent?: Container): Container => {
      const created = new Container(parent === undefined ? {} : { parent });
      created.register(LifecycleModule.with({ transients: 'refuse' }));
      return created;
    };

    const refused = (service: string): Error =>
      new Error(
        `${service} has exit hooks and was activated outside singleton scope, and its container ` +
          "was registered with `transients: 'refuse'`. Do one of these: bind it in singleton " +
          'scope, create it in a child container that is disposed with its unit of work, or call ' +
          '`lifecycle.release(instance)` when an instance is not needed any more (there, with ' +
          "`transients: 'own'`).",
      );

    beforeEach(() => {
      container = createRefusing();
      lifecycle = container.get(Lifecycle);
    });

    test('fails the activation, and exits the refused instance at once', async () => {
      container.bind(Pool).toSelf();
      container.bind('request').to(Pool).inRequestScope();
      container.bind('dynamic').toDynamicValue(() => new Pool());
      expect(() => container.get(Pool)).toThrow(refused('Pool'));
      expect(log).toEqual(['Pool']);
      expect(() => container.get('request')).toThrow(refused('request [Pool]'));
      expect(() => container.get('dynamic')).toThrow(refused('dynamic [Pool]'));
      expect(log).toEqual(['Pool', 'Pool', 'Pool']);
      expect(lifecycle.pending()).toEqual([]);
      await container.dispose();
      expect(log).toHaveLength(3);
    });

    test('fails an asynchronous activation, too', async () => {
      container.bind('late').toDynamicValue(async () => Promise.resolve(new Pool()));
      await expect(container.getAsync('late')).rejects.toThrow(refused('late [Pool]'));
      expect(log).toEqual(['Pool']);
    });

    test('fails what the transient is a part of', () => {
      container.bind(Pool).toSelf();
      container.bind(Repository).toSelf().inSingletonScope();
      expect(() => container.get(Repository)).toThrow(refused('Pool'));
      expect(log).toEqual(['Pool']);
      expect(lifecycle.pending()).toEqual([]);
    });

    test('lets be what has no hooks, singletons, and what is adopted', async () => {
      class Plain {}
      @injectable()
      class Service {
        constructor(
          @inject(Plain) readonly plain: Plain,
          @inject(Pool) readonly pool: Pool,
        ) {}
      }
      container.bind(Plain).toSelf();
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind(Service).toSelf();
      expect(container.get(Service).pool).toBe(container.get(Pool));
      lifecycle.adopt(new Pool());
      await container.dispose();
      expect(log).toEqual(['Pool', 'Pool']);
    });

    test('lets be a singleton that a dynamic value hands on', async () => {
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind('alias').toDynamicValue((context) => context.get(Pool));
      const pool = container.get(Pool);
      expect(container.get('alias')).toBe(pool);
      expect(log).toEqual([]);
      await container.dispose();
      expect(log).toEqual(['Pool']);
    });

    test('never exits what is in use, and is owned already', async () => {
      container.bind(Pool).toSelf().inSingletonScope();
      container.bind('alias').toDynamicValue((context) => context.get(Pool));
      container.get(Pool);
      try {
        container.get('alias');
      } catch {
        // Whether it may be handed on is another question.
      }
      expect(log).toEqual([]);
    });

    test("is a child's, too, unless it says otherwise", async () => {
      container.bind(Pool).toSelf();
      const child = createContainer({ parent: container });
      const owning = new Container({ parent: child });
      owning.register(LifecycleModule.with({ transients: 'own' }));
      const grandchild = createContainer({ parent: owning });
      const refusing = createRefusing(grandchild);
      const silent = new Container({ parent: container });
      silent.register(LifecycleModule.with({}));
      for (const each of [child, refusing, silent, new Container({ parent: container })]) {
        expect(() => each.get(Pool)).toThrow(refused('Pool'));
      }
      expect(log).toHaveLength(4);
      owning.get(Pool);
      grandchild.get(Pool);
      expect(log).toHaveLength(4);
      await container.dispose();
      expect(log).toHaveLength(6);
    });

    test("is decided by the owner: a part of an ancestor's singleton is the ancestor's", () => {
      const owning = createContainer();
      owning.bind(Pool).toSelf();
      owning.bind(Repository).toSelf().inSingletonScope();
      const child = createRefusing(owning);
      expect(child.get(Repository)).toBe(owning.get(Repository));
      expect(() => child.get(Pool)).toThrow(refused('Pool'));
      expect(log).toEqual(['Pool']);
    });

    test.each([
      ["'never'", 'never'],
      ["''", ''],
      ['null', null],
      ['true', true],
      ['1000', 1_000],
      ['Array', ['own']],
    ])('another value is an error that shows it: %s', (shown, transients) => {
      expect(() => LifecycleModule.with({ transients } as LifecycleOptions)).toThrow(
        new TypeError(
          `LifecycleModule.with() was given transients: ${shown}. It takes 'own' or 'refuse'.`,
        ),
      );
    });
  });
});

describe('P17 children first', () => {
  const addBusyChild = (parent = container): Container => {
    const child = createContainer({ parent });
    child.get(Lifecycle).onExit(() => {});
    return child;
  };

  test('1,000 children that nobody disposes are fine; one more is one warning', async () => {
    times(1_000, addBusyChild.bind(undefined, container));
    expect(warned()).toEqual([]);
    addBusyChild();
    expect(warned()).toEqual([tooManyChildren]);
    expect(warnings).toMatchObject([
      { type: 'LifecycleWarning', code: 'INVERSIFY_ONEXIT_CHILDREN' },
    ]);
    times(1_500, addBusyChild.bind(undefined, container));
    expect(warned()).toHaveLength(1);
  });

  test('those with nothing to exit do not count', async () => {
    container.bind('plain').toDynamicValue(() => ({}));
    const children: Container[] = [];
    times(1_500, () => {
      const child = createContainer({ parent: container });
      child.get('plain');
      child
        .bind('singleton')
        .toDynamicValue(() => ({}))
        .inSingletonScope();
      child.get('singleton');
      children.push(child);
    });
    times(1_500, () => {
      const child = createContainer({ parent: container });
      const undo = child.get(Lifecycle).onExit(() => {});
      undo();
      children.push(child);
    });
    times(1_000, addBusyChild.bind(undefined, container));
    expect(warned()).toEqual([]);
    children[0]?.get(Lifecycle).onExit(() => {});
    expect(warned()).toEqual([tooManyChildren]);
  });

  test('disposed ones do not count', async () => {
    times(999, addBusyChild.bind(undefined, container));
    for (let each = 0; each < 1_500; each++) {
      await addBusyChild().dispose();
    }
    addBusyChild();
    expect(warned()).toEqual([]);
  });

  test('are counted for each parent', async () => {
    const parents = [container, createContainer(), createContainer({ parent: container })];
    for (const parent of parents) {
      times(999, addBusyChild.bind(undefined, parent));
    }
    expect(warned()).toEqual([]);
    times(2, addBusyChild.bind(undefined, parents[2]));
    expect(warned()).toEqual([tooManyChildren]);
  });
});

describe("warnings take the platform's own channel", () => {
  test('in Node.js process.emitWarning(), which prints them', async () => {
    const { code, stderr } = await runFixture('too-many');
    expect(code).toBe(0);
    expect(stderr.match(/(?<=^\(node:\d+\) ).*/gm)).toEqual([
      `[INVERSIFY_ONEXIT_TRANSIENTS] LifecycleWarning: ${tooManyTransients('Session')}`,
      `[INVERSIFY_ONEXIT_CHILDREN] LifecycleWarning: ${tooManyChildren}`,
    ]);
  });

  test('console.warn() where that is not there', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const replaced = jest.replaceProperty(globalThis, 'process', {} as never);
    container.bind(Pool).toSelf();
    times(1_001, () => container.get(Pool));
    replaced.restore();
    expect(warn.mock.calls).toEqual([[`LifecycleWarning: ${tooManyTransients('Pool')}`]]);
  });

  test.each([
    ['has no process', {}],
    ['has a process that lacks it, as bundlers make it up', { process: { env: {} } }],
  ])('console.warn() in a realm that %s', async (_realm, globals) => {
    const printed: unknown[] = [];
    const console = { warn: (line: unknown) => printed.push(line) };
    const program = await bundleForBrowsers('too-many');
    await runInNewContext(program, { console, performance, queueMicrotask, ...globals });
    expect(printed).toEqual([
      `LifecycleWarning: ${tooManyTransients('Session')}`,
      `LifecycleWarning: ${tooManyChildren}`,
    ]);
  });
});
