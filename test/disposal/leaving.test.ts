/** The core when the process exits, and nothing returns to who waits. In a real one: `test/process`. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Lifecycle } from 'inversify-onexit';

import { exitLink, type ExitLink } from '../../src/disposal/exit-link.js';
import { createContainer } from '../support/containers.js';
import { Core, never, outcomes, reportOf } from '../support/core.js';

const log: string[] = [];
const why = new Error('the process exits');

beforeEach(() => {
  log.length = 0;
});

function leave(core: Core): void {
  core.disposer.leave('reason', why);
  log.push('left');
}

describe('P19 synchronous › the same forced finish serves the exiting process', () => {
  test('an active container starts every hook in order, and awaits nothing', async () => {
    const core = new Core();
    core.hook('last', () => log.push('last'));
    core.hook('slow', ({ reason, signal }) => {
      log.push(`slow: ${String(reason)}, ${String(signal.reason)}`);
      return never();
    });
    leave(core);

    expect(log).toEqual(['slow: reason, Error: the process exits', 'last', 'left']);
    const report = await reportOf(core.dispose());
    expect(outcomes(report)).toEqual(['slow not-awaited', 'last done']);
  });

  test('the hook that is being awaited has timed out, with the reason', async () => {
    const core = new Core();
    core.hook('last', () => log.push('last'));
    core.hook('slow', never);
    const disposal = core.dispose();
    await Promise.resolve();
    leave(core);

    expect(log).toEqual(['last', 'left']);
    const report = await reportOf(disposal);
    expect(report.exits).toMatchObject([
      { hook: 'slow', outcome: 'timed-out', error: why },
      { hook: 'last', outcome: 'done' },
    ]);
  });

  test('in the synchronous part of a hook, those after it are run before that goes on', async () => {
    const core = new Core();
    core.hook('last', () => log.push('last'));
    core.owns([
      {
        name: 'leaving',
        call: () => {
          leave(core);
        },
      },
      { name: 'second of the same', call: () => log.push('second of the same') },
    ]);
    const report = await reportOf(core.dispose());

    expect(log).toEqual(['second of the same', 'last', 'left']);
    expect(report.exits).toMatchObject([
      { hook: 'leaving', outcome: 'timed-out', error: why },
      { hook: 'second of the same', outcome: 'done' },
      { hook: 'last', outcome: 'done' },
    ]);
    expect(outcomes(await reportOf(core.dispose()))).toEqual(outcomes(report));
  });

  test('a hook that goes on after it and rejects is no unhandled rejection', async () => {
    const core = new Core();
    core.hook('leaving', async () => {
      leave(core);
      throw new Error('too late');
    });
    const report = await reportOf(core.dispose());
    // Node.js has told of what nobody handles by then, and Jest would fail this test.
    await setImmediate();

    expect(report.exits).toMatchObject([{ hook: 'leaving', outcome: 'timed-out', error: why }]);
  });

  test('in a hook that was started when the time was spent', async () => {
    const core = new Core({ timeout: 10 });
    core.hook('last', () => log.push('last'));
    core.hook('leaving', () => {
      leave(core);
    });
    core.hook('slow', never);
    const disposal = core.dispose();
    await Promise.resolve();
    await core.clock.pass(10);

    expect(log).toEqual(['last', 'left']);
    expect(outcomes(await reportOf(disposal))).toEqual([
      'slow timed-out',
      'leaving timed-out',
      'last done',
    ]);
  });

  test('in a hook of a child, its siblings and what is around it are run, too', async () => {
    const core = new Core();
    core.hook('of the parent', () => log.push('of the parent'));
    const elder = core.child();
    elder.hook('of the elder', () => log.push('of the elder'));
    const child = core.child();
    child.hook('last of the child', () => log.push('last of the child'));
    child.hook('leaving', () => {
      leave(core);
    });
    const report = await reportOf(core.dispose());

    expect(log).toEqual(['last of the child', 'of the elder', 'of the parent', 'left']);
    expect(report.exits.map(({ hook, container }) => `${String(container)} ${hook}`)).toEqual([
      '1 leaving',
      '1 last of the child',
      '2 of the elder',
      '0 of the parent',
    ]);
  });

  test('in a hook of a child that is awaited, and finished within', async () => {
    const core = new Core();
    core.hook('of the parent', () => log.push('of the parent'));
    const child = core.child();
    child.hook('leaving', () => {
      leave(core);
    });
    child.hook('slow', never);
    const disposal = core.dispose({ timeout: 10 });
    await Promise.resolve();
    await core.clock.pass(10);

    expect(log).toEqual(['of the parent', 'left']);
    expect(outcomes(await reportOf(disposal))).toEqual([
      'slow timed-out',
      'leaving timed-out',
      'of the parent done',
    ]);
  });

  test('in a hook of what is released, and of what stays', async () => {
    const core = new Core();
    core.hook('last', () => log.push('last'));
    const released = core.owns([
      {
        name: 'leaving',
        call: () => {
          leave(core);
        },
      },
      { name: 'second', call: () => log.push('second') },
    ]);
    await core.release(released).catch(() => undefined);

    expect(log).toEqual(['second', 'last', 'left']);
  });

  test('before the first hook: in an observer, and in one that is told of the end', async () => {
    const core = new Core();
    core.hook('only', () => log.push('only'));
    core.disposer.observers.add({
      disposing: () => {
        leave(core);
      },
      disposed: () => {
        leave(core);
        log.push('disposed');
      },
    });
    await core.dispose();

    expect(log).toEqual(['only', 'left', 'disposed', 'left']);
  });

  test('a container is found by whichever copy of the package, and left', async () => {
    const container = createContainer();
    container.get(Lifecycle).onExit(({ reason, signal }) => {
      log.push(`${String(reason)}, ${String(signal.reason)}`);
    });
    const link = Reflect.get(container, exitLink) as () => ExitLink;
    link().leave('reason', why);

    expect(log).toEqual(['reason, Error: the process exits']);
    expect(outcomes(await container.dispose())).toHaveLength(1);
  });

  test('what has been disposed is left alone', async () => {
    const core = new Core();
    core.hook('only', () => log.push('only'));
    await core.dispose();
    leave(core);

    expect(log).toEqual(['only', 'left']);
  });
});
