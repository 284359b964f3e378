/** Several copies of the package in one process: containers of one within containers of another. */
import 'reflect-metadata';

import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Container, inject, injectable } from 'inversify';
import * as first from 'inversify-onexit';
import type { ExitContext, ExitReport, LifecycleOptions } from 'inversify-onexit';

import { exitLink, pendingOf, type ExitLink } from '../../src/disposal/exit-link.js';
import { outcomes, reportOf } from '../support/core.js';
import { Traces } from '../support/garbage.js';
import { createGate } from '../support/gate.js';
import { loadSecondCopy, type Copy } from '../support/second-copy.js';

let second: Copy;
const log: string[] = [];

beforeAll(async () => {
  second = await loadSecondCopy();
});

beforeEach(() => {
  log.length = 0;
});

/** A container with the module of this copy. */
function create(copy: Copy, parent?: Container, options: LifecycleOptions = {}): Container {
  const container = new Container({ parent });
  container.register(copy.LifecycleModule.with(options));
  return container;
}

/** Has it exit something that says so. */
function closes(copy: Copy, container: Container, name: string): void {
  container.get(copy.Lifecycle).onExit(() => log.push(name), { name });
}

function exitsOf({ exits }: ExitReport): string[] {
  return exits.map(({ hook, phase, container }) => `${String(container)} ${phase} ${hook}`);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await Promise.resolve();
  }
}

describe.each(['a child of the second', 'a child of the first'] as const)('%s copy', (which) => {
  let outer: Copy;
  let inner: Copy;

  beforeAll(() => {
    [outer, inner] = which === 'a child of the second' ? [first, second] : [second, first];
    expect(outer.LifecycleModule).not.toBe(inner.LifecycleModule);
  });

  describe('P17 children', () => {
    test('are disposed with their parent, with those of its own copy, the youngest first', async () => {
      const parent = create(outer);
      closes(outer, parent, 'parent');
      closes(inner, create(inner, parent), 'eldest');
      closes(outer, create(outer, parent), 'second');
      const third = create(inner, parent);
      closes(inner, third, 'third');
      closes(outer, create(outer, parent), 'youngest');
      const report = await parent.dispose({ reason: 'why' });

      expect(log).toEqual(['youngest', 'third', 'second', 'eldest', 'parent']);
      expect(exitsOf(report)).toEqual([
        '3 exit youngest',
        '1 exit third',
        '4 exit second',
        '2 exit eldest',
        '0 exit parent',
      ]);
      expect(() => third.get('anything')).toThrow(inner.ContainerDisposedError);
      await expect(third.dispose()).resolves.toMatchObject({ reason: 'why' });
    });

    test('are disposed in three levels of two copies, the innermost first', async () => {
      const root = create(outer);
      const middle = create(inner, root);
      const leaf = create(outer, middle);
      closes(outer, root, 'root');
      closes(inner, middle, 'middle');
      closes(outer, leaf, 'leaf');

      expect(root.get(outer.Lifecycle).pending()).toMatchObject([
        { hook: 'leaf' },
        { hook: 'middle' },
        { hook: 'root' },
      ]);
      const report = await root.dispose();
      expect(log).toEqual(['leaf', 'middle', 'root']);
      expect(outcomes(report)).toEqual(['leaf done', 'middle done', 'root done']);
    });

    test('a middle one disposes those within it, and leaves no trace', async () => {
      const root = create(outer);
      const middle = create(inner, root);
      const leaf = create(outer, middle);
      closes(outer, root, 'root');
      closes(inner, middle, 'middle');
      closes(outer, leaf, 'leaf');
      expect(outcomes(await middle.dispose())).toEqual(['leaf done', 'middle done']);

      expect(root.get(outer.Lifecycle).pending()).toMatchObject([{ hook: 'root' }]);
      expect(outcomes(await root.dispose())).toEqual(['root done']);
    });

    test('their failures are those of the disposal, their exits wait for what they waited for', async () => {
      const parent = create(outer);
      const child = create(inner, parent);
      closes(outer, parent, 'parent');
      child.get(inner.Lifecycle).onExit(
        () => {
          throw new Error('it fails');
        },
        { name: 'failing' },
      );
      child.get(inner.Lifecycle).onExit(() => undefined, { name: 'drains', phase: 'drain' });
      const failure: unknown = await parent.dispose().catch((error: unknown) => error);

      expect(outer.DisposeError.is(failure)).toBe(true);
      const { errors, report } = failure as first.DisposeError;
      expect(errors).toMatchObject([
        { service: 'callback', hook: 'failing', outcome: 'failed', cause: new Error('it fails') },
      ]);
      expect(report.exits).toMatchObject([
        { id: 0, hook: 'drains', phase: 'drain' },
        { id: 1, hook: 'failing', outcome: 'failed', after: 0 },
        { id: 2, hook: 'parent', after: 1 },
      ]);
    });

    test('a disposal of one that is in flight is awaited, and is part of the report', async () => {
      const gate = createGate();
      const parent = create(outer);
      const child = create(inner, parent);
      closes(outer, parent, 'parent');
      closes(inner, child, 'last');
      child.get(inner.Lifecycle).onExit(async () => gate.passed, { name: 'slow' });
      closes(inner, child, 'first');
      const ofChild = child.dispose({ reason: 'by itself' });
      await turns(10);
      const ofParent = parent.dispose();
      await turns(10);
      expect(log).toEqual(['first']);

      gate.open();
      expect(outcomes(await ofParent)).toEqual([
        'first done',
        'slow done',
        'last done',
        'parent done',
      ]);
      await expect(ofChild).resolves.toMatchObject({ reason: 'by itself' });
    });

    test('one that fails by itself is reported to who disposes it alone', async () => {
      const parent = create(outer);
      const child = create(inner, parent);
      child.get(inner.Lifecycle).onExit(() => {
        throw new Error('it fails');
      });
      await expect(child.dispose()).rejects.toThrow('it fails');
      await expect(parent.dispose()).resolves.toMatchObject({ exits: [] });
    });

    test('one that comes while its parent is being disposed is disposed with it', async () => {
      const parent = create(outer);
      closes(outer, parent, 'parent');
      let child: Container | undefined;
      parent.get(outer.Lifecycle).onExit(() => {
        child = create(inner, parent);
        closes(inner, child, 'late');
        log.push(`aborted: ${String(child.get(inner.Lifecycle).signal.aborted)}`);
      });
      await parent.dispose();
      expect(log).toEqual(['aborted: true', 'late', 'parent']);
    });

    test('is refused once its parent is disposed', async () => {
      const parent = create(outer);
      await parent.dispose();
      const child = new Container({ parent });
      expect(() => {
        child.register(inner.LifecycleModule);
      }).toThrow(/^Cannot register LifecycleModule: the container is disposed/);
    });

    test('is known to a parent that registers the module later', async () => {
      const root = create(outer);
      const middle = new Container({ parent: root });
      const child = create(inner, middle);
      closes(inner, child, 'child');
      middle.register(outer.LifecycleModule);
      closes(outer, middle, 'middle');

      expect(outcomes(await middle.dispose())).toEqual(['child done', 'middle done']);
      expect(outcomes(await root.dispose())).toEqual([]);
    });

    test('one that registers while its child is being disposed waits for that', async () => {
      const gate = createGate();
      const parent = new Container();
      const child = create(inner, parent);
      closes(inner, child, 'last');
      child.get(inner.Lifecycle).onExit(async () => gate.passed, { name: 'slow' });
      const ofChild = child.dispose();
      await turns(10);
      parent.register(outer.LifecycleModule);
      closes(outer, parent, 'parent');
      const ofParent = parent.dispose();
      await turns(10);
      gate.open();
      await ofChild;

      // What had begun before it was known is in the report of the child alone.
      expect(outcomes(await ofParent)).toEqual(['last done', 'parent done']);
      expect(log).toEqual(['last', 'parent']);
    });

    test('one that was being disposed before, and has ended, leaves no trace', async () => {
      const gate = createGate();
      const parent = new Container();
      const child = create(inner, parent);
      closes(inner, child, 'last');
      child.get(inner.Lifecycle).onExit(async () => gate.passed, { name: 'slow' });
      const ofChild = child.dispose();
      await turns(10);
      parent.register(outer.LifecycleModule);
      gate.open();
      await ofChild;
      expect(outcomes(await parent.dispose())).toEqual([]);
      expect(log).toEqual(['last']);
    });

    test('are kept while they have something to exit, and may be forgotten otherwise', async () => {
      const traces = new Traces();
      const parent = create(outer);
      const forget = (): void => {
        traces.of('without hooks', create(inner, parent));
        const released = create(inner, traces.of('middle', create(inner, parent)));
        const undo = released.get(inner.Lifecycle).onExit(() => log.push('undone'));
        undo();
        traces.of('released', released);
        closes(inner, create(inner, create(inner, parent)), 'below');
        closes(inner, create(inner, parent), 'kept');
      };
      forget();
      expect(await traces.left()).toEqual({});
      await parent.dispose();
      expect(log).toEqual(['kept', 'below']);
    });

    test('are not kept once they are disposed', async () => {
      const traces = new Traces();
      const parent = create(outer);
      const disposeMany = async (): Promise<void> => {
        for (let count = 0; count < 100; count++) {
          const child = traces.of('child', create(inner, parent));
          closes(inner, child, 'child');
          await child.dispose();
        }
      };
      await disposeMany();
      expect(await traces.left()).toEqual({});
      expect(parent.get(outer.Lifecycle).pending()).toEqual([]);
    });

    test('a scope waits for its work, and is disposed with what is within it', async () => {
      const gate = createGate();
      const parent = create(outer);
      closes(outer, parent, 'parent');
      const child = create(inner, parent);
      const work = child.get(inner.Lifecycle).withScope(async (scope) => {
        closes(outer, create(outer, scope), 'within the scope');
        scope
          .get(inner.Lifecycle)
          .onExit(({ completed }) => log.push(`scope ${String(completed)}`));
        await gate.passed;
      });
      const waited: unknown[] = [];
      parent.get(outer.Lifecycle).observe({
        waiting: (waits: unknown) => waited.push(waits),
      } as first.ExitObserver);
      const disposal = parent.dispose();
      await turns(10);
      expect(log).toEqual([]);
      gate.open();
      await Promise.all([work, disposal]);
      expect(log).toEqual(['within the scope', 'scope true', 'parent']);
      expect(waited).toEqual([[{ service: 'scope', hook: 'work' }], []]);
    });
  });

  describe('P30 phases', () => {
    test('their signals abort first, then they drain, and exit in their turn', async () => {
      const root = create(outer);
      const middle = create(inner, root);
      const leaf = create(outer, middle);
      const sibling = create(outer, root);
      for (const [copy, container, name] of [
        [outer, root, 'root'],
        [inner, middle, 'middle'],
        [outer, leaf, 'leaf'],
        [outer, sibling, 'sibling'],
      ] as const) {
        const lifecycle = container.get(copy.Lifecycle);
        lifecycle.signal.addEventListener('abort', () => {
          log.push(`${name} aborts: ${String(lifecycle.signal.reason)}`);
        });
        lifecycle.onExit(
          async () => {
            await Promise.resolve();
            log.push(`${name} drains`);
          },
          { phase: 'drain' },
        );
        closes(copy, container, `${name} exits`);
      }
      await root.dispose({ reason: 'why' });

      expect(log.splice(0, 4).sort()).toEqual([
        'leaf aborts: why',
        'middle aborts: why',
        'root aborts: why',
        'sibling aborts: why',
      ]);
      expect(log).toEqual([
        'sibling drains',
        'leaf drains',
        'middle drains',
        'root drains',
        'sibling exits',
        'leaf exits',
        'middle exits',
        'root exits',
      ]);
    });
  });

  describe('P18 time', () => {
    test('the time of the parent is that of the child: what is left of it is not awaited', async () => {
      const parent = create(outer);
      const child = create(inner, parent);
      closes(outer, parent, 'parent');
      closes(inner, child, 'last');
      child
        .get(inner.Lifecycle)
        .onExit(async () => new Promise(() => undefined), { name: 'hangs' });
      const disposal = parent.dispose({ timeout: 20 });

      expect(outcomes(await reportOf(disposal))).toEqual([
        'hangs timed-out',
        'last done',
        'parent done',
      ]);
    });

    test('a signal that aborts reaches the child at once, in its drain phase too', async () => {
      for (const phase of ['drain', 'exit'] as const) {
        const stop = new AbortController();
        const parent = create(outer);
        const child = create(inner, parent);
        closes(outer, parent, 'parent');
        closes(inner, child, 'last');
        child.get(inner.Lifecycle).onExit(
          async ({ signal }: ExitContext) => {
            signal.addEventListener('abort', () => log.push(String(signal.reason)));
            return new Promise(() => undefined);
          },
          { name: 'hangs', phase },
        );
        const disposal = parent.dispose({ signal: stop.signal });
        await turns(10);
        stop.abort('spent');
        expect(log.splice(0)).toEqual(['spent', 'last', 'parent']);
        expect(outcomes(await reportOf(disposal))).toEqual([
          'hangs timed-out',
          'last done',
          'parent done',
        ]);
      }
    });

    test('a child that begins when no time is left is not awaited', async () => {
      const parent = create(outer);
      const child = create(inner, parent);
      const younger = create(outer, parent);
      closes(outer, parent, 'parent');
      child.get(inner.Lifecycle).onExit(async () => undefined, { name: 'of the child' });
      child.get(inner.Lifecycle).onExit(async () => undefined, { name: 'drains', phase: 'drain' });
      younger.get(outer.Lifecycle).onExit(async () => new Promise(() => undefined), {
        name: 'hangs',
        phase: 'drain',
      });
      const report = await reportOf(parent.dispose({ timeout: 20 }));
      expect(outcomes(report)).toEqual([
        'hangs timed-out',
        'drains not-awaited',
        'of the child not-awaited',
        'parent done',
      ]);
      expect(report.exits[1]).not.toHaveProperty('error');
    });

    test('it holds for a disposal that is in flight, also while hooks are synchronous', async () => {
      const parent = create(outer);
      const child = create(inner, parent);
      closes(inner, child, 'last');
      child.get(inner.Lifecycle).onExit(async () => undefined, { name: 'late' });
      child.get(inner.Lifecycle).onExit(
        async () => {
          await Promise.resolve();
          for (const end = performance.now() + 30; performance.now() < end;);
        },
        { name: 'busy' },
      );
      const ofChild = child.dispose();
      const ofParent = parent.dispose({ timeout: 10 });
      ofChild.catch(() => undefined);
      expect(outcomes(await reportOf(ofParent))).toEqual([
        'busy done',
        'late not-awaited',
        'last done',
      ]);
    });

    test('a child has the time limit of its module besides', async () => {
      const parent = create(outer);
      const child = create(inner, parent, { timeout: 10 });
      closes(outer, parent, 'parent');
      child
        .get(inner.Lifecycle)
        .onExit(async () => new Promise(() => undefined), { name: 'hangs' });
      expect(outcomes(await reportOf(parent.dispose()))).toEqual([
        'hangs timed-out',
        'parent done',
      ]);
    });
  });

  describe('P19 synchronous', () => {
    test('the child is disposed, and what it has started is not awaited', async () => {
      const parent = create(outer);
      const child = create(inner, parent);
      closes(outer, parent, 'parent');
      child.get(inner.Lifecycle).onExit(() => Promise.resolve(), { name: 'returns a promise' });
      closes(inner, child, 'child');
      expect(() => {
        parent[Symbol.dispose]();
      }).toThrow(/returned a promise/);
      expect(log).toEqual(['child', 'parent']);
      expect(() => {
        child[Symbol.dispose]();
      }).toThrow(/returned a promise/);
    });

    test('refuses when a hook of the child is an async function, or the child is being disposed', async () => {
      const parent = create(outer);
      const child = create(inner, parent);
      closes(outer, parent, 'parent');
      child.get(inner.Lifecycle).onExit(async () => undefined, { name: 'asynchronous' });
      expect(() => {
        parent[Symbol.dispose]();
      }).toThrow(/callback asynchronous is an async function/);
      const disposal = child.dispose();
      expect(() => {
        parent[Symbol.dispose]();
      }).toThrow(/^A child of the container is being disposed already/);
      await disposal;
      parent[Symbol.dispose]();
      expect(log).toEqual(['parent']);
    });

    test('a child that is disposed so leaves no trace', async () => {
      const parent = create(outer);
      const child = create(inner, parent);
      closes(inner, child, 'child');
      child[Symbol.dispose]();
      expect(outcomes(await parent.dispose())).toEqual([]);
      expect(log).toEqual(['child']);
    });

    test('the exiting process leaves it, in the middle of a hook of it, too', async () => {
      for (const when of ['before', 'in a hook'] as const) {
        log.length = 0;
        const parent = create(outer);
        const child = create(inner, parent);
        closes(outer, parent, 'parent');
        closes(inner, child, 'last');
        const linkOf = Reflect.get(parent, exitLink) as () => ExitLink;
        const leave = (): void => {
          linkOf().leave('reason', 'why');
          log.push('left');
        };
        child.get(inner.Lifecycle).onExit(
          async ({ signal }) => {
            log.push(`first ${String(signal.reason)}`);
            if (when === 'in a hook') {
              leave();
            }
          },
          { name: 'first' },
        );
        if (when === 'before') {
          leave();
        }
        expect(outcomes(await reportOf(parent.dispose()))).toEqual([
          when === 'before' ? 'first not-awaited' : 'first timed-out',
          'last done',
          'parent done',
        ]);
        expect(log).toEqual(
          when === 'before'
            ? ['first why', 'last', 'parent', 'left']
            : ['first undefined', 'last', 'parent', 'left'],
        );
      }
    });
  });

  describe('P7 owner', () => {
    class Closing {
      readonly name: string = '';
      // Marks are shared, whichever copy makes them.
      @first.OnExit()
      close(): void {
        log.push(this.name);
      }
    }

    test('what is made from bindings of the parent exits once, and with the parent', async () => {
      @injectable()
      class Pool extends Closing {
        override readonly name = 'pool';
      }
      @injectable()
      class Repository extends Closing {
        override readonly name = 'repository';
        constructor(@inject(Pool) readonly pool: Pool) {
          super();
        }
      }
      @injectable()
      class Handler extends Closing {
        override readonly name = 'handler';
        constructor(@inject(Repository) readonly repository: Repository) {
          super();
        }
      }
      const root = create(outer);
      const parent = create(outer, root);
      const child = create(inner, parent);
      // A sibling of the same copy: contexts are looked at.
      create(outer, parent).get(outer.Lifecycle);
      root.bind(Pool).toSelf().inSingletonScope();
      parent.bind(Repository).toSelf();
      child.bind(Handler).toSelf();
      child.get(Handler);
      child.get(Repository);

      expect(outcomes(await child.dispose())).toEqual(['close done']);
      expect(log.splice(0)).toEqual(['handler']);
      await parent.dispose();
      expect(log.splice(0)).toEqual(['repository', 'repository']);
      await root.dispose();
      expect(log).toEqual(['pool']);
    });

    test('what a child hands on of its parent exits once, and with the parent', async () => {
      @injectable()
      class Pool extends Closing {
        override readonly name = 'pool';
      }
      const root = create(outer);
      const child = create(inner, root);
      const leaf = create(outer, child);
      root.bind(Pool).toSelf().inSingletonScope();
      child.bind('pool').toDynamicValue(() => root.get(Pool));
      leaf.bind('again').toDynamicValue(() => child.get('pool'));
      leaf.get('again');
      await leaf.dispose();
      await child.dispose();
      expect(log).toEqual([]);
      await root.dispose();
      expect(log).toEqual(['pool']);
    });

    test('in three levels, singletons belong to who binds them, other instances to who makes them', async () => {
      @injectable()
      class Pool extends Closing {
        override readonly name = 'pool';
      }
      @injectable()
      class Cache extends Closing {
        override readonly name = 'cache';
        constructor(@inject(Pool) readonly pool: Pool) {
          super();
        }
      }
      @injectable()
      class Job extends Closing {
        override readonly name = 'job';
        constructor(@inject(Cache) readonly cache: Cache) {
          super();
        }
      }
      const root = create(outer);
      const middle = create(inner, root);
      const leaf = create(outer, middle);
      root.bind(Pool).toSelf().inSingletonScope();
      middle.bind(Cache).toSelf().inSingletonScope();
      root.bind(Job).toSelf();
      leaf.get(Job);
      await leaf.dispose();
      expect(log.splice(0)).toEqual(['job']);
      await root.dispose();
      expect(log).toEqual(['cache', 'pool']);
    });
  });
});

test('P17 children › what a child of an earlier version waits for, without a hook, is an activation', () => {
  expect(pendingOf([{ service: 'slow' }, { service: 'scope', hook: 'work' }])).toEqual([
    { service: 'slow', hook: 'activation' },
    { service: 'scope', hook: 'work' },
  ]);
});
