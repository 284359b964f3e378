/** In whose async context hooks run: that of who has asked for the disposal first. */
import 'reflect-metadata';

import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Container, injectable, preDestroy } from 'inversify';
import {
  Lifecycle,
  LifecycleModule,
  OnExit,
  type DisposeOptions,
  type ExitReport,
} from 'inversify-onexit';

import { createContainer, unbindAsync } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { never, reportOf, soon } from '../support/limits.js';
import { bindSlowly } from '../support/services.js';

const store = new AsyncLocalStorage<string>();
const seen: string[] = [];

beforeEach(() => {
  seen.length = 0;
});

function look(name: string): void {
  seen.push(`${name}: ${String(store.getStore())}`);
}

/** Registers a callback that tells in which context it runs, and goes on in. */
function onExit(
  container: Container,
  name: string,
  hook: () => unknown = () => undefined,
  phase: 'drain' | 'exit' = 'exit',
): void {
  container.get(Lifecycle).onExit(
    () => {
      look(name);
      return hook();
    },
    { name, phase },
  );
}

/** Observed, since a test awaits it when something else has happened. */
function disposeIn(
  context: string,
  container: Container,
  options?: DisposeOptions,
): Promise<ExitReport> {
  const disposal = store.run(context, () => container.dispose(options));
  disposal.catch(() => undefined);
  return disposal;
}

describe('P15 Single flight', () => {
  describe('hooks run in the async context of the first call', () => {
    test('each, whatever was awaited before', async () => {
      const container = createContainer();
      onExit(container, 'last');
      onExit(container, 'async', async () => {
        await sleep(1);
        look('async goes on');
      });
      onExit(container, 'sync');
      onExit(container, 'first', async () => setImmediate());
      onExit(container, 'drains', async () => sleep(1), 'drain');
      await disposeIn('caller', container);
      expect(seen).toEqual([
        'drains: caller',
        'first: caller',
        'sync: caller',
        'async: caller',
        'async goes on: caller',
        'last: caller',
      ]);
    });

    test('not in that of who has registered them', async () => {
      const container = createContainer();
      store.run('registers', () => {
        onExit(container, 'hook');
      });
      await disposeIn('caller', container);
      expect(seen).toEqual(['hook: caller']);
    });

    test('in none, if it was called in none', async () => {
      const container = createContainer();
      const stop = new AbortController();
      onExit(container, 'last');
      onExit(container, 'hangs', never);
      const disposal = container.dispose({ signal: stop.signal });
      await setImmediate();
      store.run('aborts', () => {
        stop.abort();
      });
      await reportOf(disposal);
      expect(seen).toEqual(['hangs: undefined', 'last: undefined']);
    });

    test('after one whose time has passed', async () => {
      const container = new Container();
      container.register(LifecycleModule.with({ hookTimeout: 5 }));
      onExit(container, 'last');
      onExit(container, 'hangs', never);
      await reportOf(disposeIn('caller', container));
      expect(seen).toEqual(['hangs: caller', 'last: caller']);
    });

    test('after one that another has ended, and by a thenable of its own', async () => {
      const gate = createGate();
      const container = createContainer();
      onExit(container, 'last');
      onExit(container, 'thenable', () => ({
        then: (done: () => void) => {
          store.run('thenable', () => {
            setTimeout(done, 1);
          });
        },
      }));
      onExit(container, 'waits', () => gate.passed);
      const disposal = disposeIn('caller', container);
      await setImmediate();
      store.run('opens', () => {
        gate.open();
      });
      await reportOf(disposal);
      expect(seen).toEqual(['waits: caller', 'thenable: caller', 'last: caller']);
    });

    test('after an activation that another has ended', async () => {
      const gate = createGate();
      const container = createContainer();
      onExit(container, 'older');
      const slow = store.run('activates', () => {
        bindSlowly(container, 'slow', gate.passed, () => new Slow());
        return container.getAsync('slow');
      });
      const disposal = disposeIn('caller', container);
      await setImmediate();
      store.run('opens', () => {
        gate.open();
      });
      await Promise.all([slow, disposal]);
      expect(seen).toEqual(['Slow: caller', 'older: caller']);
    });

    test('what is registered, and activated, meanwhile', async () => {
      const container = createContainer();
      container.bind('late').to(Slow);
      onExit(container, 'last');
      onExit(container, 'first', () => {
        store.run('of a hook', () => {
          onExit(container, 'late');
          container.get('late');
        });
      });
      await disposeIn('caller', container);
      expect(seen).toEqual(['first: caller', 'Slow: caller', 'late: caller', 'last: caller']);
    });

    test("Inversify's own teardown", async () => {
      @injectable()
      class Service {
        @preDestroy()
        async destroy(): Promise<void> {
          look('@preDestroy');
          await setImmediate();
        }

        @OnExit()
        close(): void {
          look('@OnExit');
        }
      }
      const container = createContainer();
      container
        .bind(Service)
        .toSelf()
        .inSingletonScope()
        .onDeactivation(async () => {
          look('onDeactivation');
          await sleep(1);
        });
      store.run('gets', () => container.get(Service));
      await disposeIn('caller', container);
      expect(seen).toEqual(['@preDestroy: caller', 'onDeactivation: caller', '@OnExit: caller']);
    });

    test('a synchronous disposal', () => {
      const container = createContainer();
      onExit(container, 'hook');
      store.run('caller', () => {
        container[Symbol.dispose]();
      });
      expect(seen).toEqual(['hook: caller']);
    });
  });

  describe('also those that are started since the time is spent', () => {
    test('by the timer of its timeout', async () => {
      const container = createContainer();
      onExit(container, 'last');
      onExit(container, 'hangs', never);
      await reportOf(disposeIn('caller', container, { timeout: 5 }));
      expect(seen).toEqual(['hangs: caller', 'last: caller']);
    });

    test('by another that aborts the signal', async () => {
      const stop = new AbortController();
      const container = createContainer();
      onExit(container, 'last', async () => {
        await sleep(1);
        look('last goes on');
      });
      onExit(container, 'next');
      onExit(container, 'hangs', never);
      const disposal = disposeIn('caller', container, { signal: stop.signal });
      await setImmediate();
      store.run('aborts', () => {
        stop.abort();
      });
      await reportOf(disposal);
      await sleep(5);
      expect(seen).toEqual([
        'hangs: caller',
        'next: caller',
        'last: caller',
        'last goes on: caller',
      ]);
    });

    test('by a hook that aborts the signal in a context of its own', async () => {
      const stop = new AbortController();
      const container = createContainer();
      onExit(container, 'last');
      onExit(container, 'aborts', async () => {
        await setImmediate();
        store.run('of a hook', () => {
          stop.abort();
        });
        await never();
      });
      await reportOf(disposeIn('caller', container, { signal: stop.signal }));
      expect(seen).toEqual(['aborts: caller', 'last: caller']);
    });

    test.each<[string, () => DisposeOptions]>([
      ['dispose({ timeout })', () => ({ timeout: 5 })],
      ['dispose({ signal }), which has aborted', () => ({ signal: AbortSignal.abort() })],
      ['dispose({ signal }), which aborts', () => ({ signal: AbortSignal.timeout(5) })],
    ])('by a later %s of another', async (_what, options) => {
      const container = createContainer();
      onExit(container, 'last');
      onExit(container, 'hangs', never);
      const disposal = disposeIn('caller', container);
      await setImmediate();
      void disposeIn('later', container, options());
      await reportOf(disposal);
      expect(seen).toEqual(['hangs: caller', 'last: caller']);
    });

    test('of children, by another that aborts the signal', async () => {
      const stop = new AbortController();
      const parent = createContainer();
      const elder = createContainer({ parent });
      const younger = createContainer({ parent });
      onExit(parent, 'parent');
      onExit(elder, 'elder');
      onExit(younger, 'last of the younger');
      onExit(younger, 'younger hangs', never);
      const disposal = disposeIn('caller', parent, { signal: stop.signal });
      await setImmediate();
      store.run('aborts', () => {
        stop.abort();
      });
      await reportOf(disposal);
      expect(seen).toEqual([
        'younger hangs: caller',
        'last of the younger: caller',
        'elder: caller',
        'parent: caller',
      ]);
    });
  });
});

describe('P17 Children', () => {
  test('those that are disposed with their parent run in the context of its call', async () => {
    const parent = createContainer();
    const child = store.run('creates', () => createContainer({ parent }));
    onExit(parent, 'parent');
    onExit(child, 'child', async () => sleep(1));
    await disposeIn('caller', parent);
    expect(seen).toEqual(['child: caller', 'parent: caller']);
  });

  test('one in flight that was begun in another context keeps its own', async () => {
    const gate = createGate();
    const parent = createContainer();
    const child = createContainer({ parent });
    onExit(parent, 'last of the parent');
    onExit(parent, 'first of the parent', async () => setImmediate());
    onExit(child, 'last of the child');
    onExit(child, 'first of the child', () => gate.passed);
    const inFlight = disposeIn('request', child);
    await setImmediate();
    const disposal = disposeIn('application', parent);
    await setImmediate();
    gate.open();
    await Promise.all([inFlight, disposal]);
    expect(seen).toEqual([
      'first of the child: request',
      'last of the child: request',
      'first of the parent: application',
      'last of the parent: application',
    ]);
  });

  test.each<[string, () => [DisposeOptions, () => void]]>([
    ['since the time of its parent is spent', () => [{ timeout: 5 }, () => undefined]],
    [
      'since another has aborted the signal of its parent',
      () => {
        const stop = new AbortController();
        return [
          { signal: stop.signal },
          () => {
            stop.abort();
          },
        ];
      },
    ],
  ])('also if it is ended %s', async (_why, make) => {
    const [options, abort] = make();
    const parent = createContainer();
    const child = createContainer({ parent });
    onExit(parent, 'parent');
    onExit(child, 'last of the child');
    onExit(child, 'child hangs', never);
    const inFlight = disposeIn('request', child);
    await setImmediate();
    const disposal = disposeIn('application', parent, options);
    await setImmediate();
    store.run('aborts', abort);
    await reportOf(inFlight);
    await reportOf(disposal);
    expect(seen).toEqual([
      'child hangs: request',
      'last of the child: request',
      'parent: application',
    ]);
  });

  test('one that is begun by itself while its parent is being disposed has its own', async () => {
    const gate = createGate();
    const parent = createContainer();
    const child = createContainer({ parent });
    const other = createContainer({ parent });
    onExit(parent, 'parent');
    onExit(child, 'child');
    onExit(other, 'other', () => gate.passed);
    const disposal = disposeIn('application', parent);
    await setImmediate();
    await soon(disposeIn('request', child), 'The disposal of the child');
    gate.open();
    await disposal;
    expect(seen).toEqual(['other: application', 'child: request', 'parent: application']);
  });
});

describe('what is not disposed, but goes, has the context of who asks for it', () => {
  test('release()', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const value = lifecycle.adopt({}, async () => {
      look('second');
    });
    lifecycle.adopt(value, async () => {
      look('first');
      await sleep(1);
    });
    await store.run('releases', async () => lifecycle.release(value));
    expect(seen).toEqual(['first: releases', 'second: releases']);
  });

  test('unbind()', async () => {
    const container = createContainer();
    container.bind(Slow).toSelf().inSingletonScope();
    store.run('gets', () => container.get(Slow));
    await store.run('unbinds', async () => unbindAsync(container, Slow));
    expect(seen).toEqual(['Slow: unbinds']);
  });

  test('release() in flight keeps its own when the time of a disposal is spent', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    const value = lifecycle.adopt({}, () => {
      look('second');
    });
    lifecycle.adopt(value, async () => {
      look('first');
      return never();
    });
    onExit(container, 'kept');
    const release = store
      .run('releases', async () => lifecycle.release(value))
      .catch(() => undefined);
    await reportOf(disposeIn('caller', container, { timeout: 5 }));
    await soon(release, 'The release');
    expect(seen).toEqual(['first: releases', 'second: releases', 'kept: caller']);
  });
});

@injectable()
class Slow {
  @OnExit()
  close(): void {
    look('Slow');
  }
}
