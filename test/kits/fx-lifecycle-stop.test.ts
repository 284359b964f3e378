/** What fx asks of stopping its lifecycle, as we have it. */
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { inject, injectable, postConstruct } from 'inversify';
import { Lifecycle, OnExit, type ExitContext } from 'inversify-onexit';

import { createContainer } from '../support/containers.js';
import { log, Pool } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

describe('fx lifecycle stop', () => {
  test('DoesNothingWithoutHooks (P20) › an empty report', async () => {
    const container = createContainer();
    container.bind('plain').toDynamicValue(() => ({}));
    container.get('plain');
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('DoesNothingWhenNotStarted (P20) › what was bound but never resolved is not built to be exited', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
    expect(log).toEqual([]);
  });

  test('ExecutesInReverseOrder (P10) › of registrations', async () => {
    const container = createContainer();
    for (const name of ['first', 'second', 'third']) {
      container.get(Lifecycle).onExit(() => log.push(name));
    }
    await container.dispose();
    expect(log).toEqual(['third', 'second', 'first']);
  });

  test('ErrDoesntHaltChain (P12) › the others run, then the disposal rejects', async () => {
    const failure = new Error('some stop error');
    const container = createContainer();
    container.get(Lifecycle).onExit(() => log.push('last'));
    container.get(Lifecycle).onExit(async () => Promise.reject(failure));
    await expect(container.dispose()).rejects.toMatchObject({ errors: [{ cause: failure }] });
    expect(log).toEqual(['last']);
  });

  test('GathersAllErrs (P12) › in one error, in the order in which they happened', async () => {
    const [earlier, later] = [new Error('earlier'), new Error('later')];
    const container = createContainer();
    for (const failure of [later, earlier]) {
      container.get(Lifecycle).onExit(async () => Promise.reject(failure));
    }
    await expect(container.dispose()).rejects.toMatchObject({
      name: 'DisposeError',
      errors: [{ cause: earlier }, { cause: later }],
    });
  });

  test('AllowEmptyHooks (P5) › no: adopting what has nothing to run is a mistake, and said at once', async () => {
    const container = createContainer();
    expect(() => container.get(Lifecycle).adopt({})).toThrow(TypeError);
    expect(() => container.get(Lifecycle).onExit(undefined as never)).toThrow(TypeError);
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('DoesNothingIfStartFailed (P9) › what failed in its @postConstruct is not exited; what it was built from is', async () => {
    @injectable()
    class Server {
      constructor(@inject(Pool) readonly pool: Pool) {}

      @postConstruct()
      listen(): void {
        throw new Error('address in use');
      }

      @OnExit()
      close(): void {
        log.push('Server');
      }
    }
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.bind(Server).toSelf();
    expect(() => container.get(Server)).toThrow('@postConstruct');
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('DoNotRunStopHooksWithExpiredCtx (P18) › they are started all the same, told by their signal, and not awaited: a hook that never runs leaks what it would close', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    for (const name of ['second', 'first']) {
      lifecycle.onExit(async ({ signal }) => log.push(`${name}: ${String(signal.aborted)}`), {
        name,
      });
    }
    await expect(container.dispose({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      errors: [
        { hook: 'first', outcome: 'not-awaited' },
        { hook: 'second', outcome: 'not-awaited' },
      ],
    });
    expect(log).toEqual(['first: true', 'second: true']);
  });

  test('nil ctx (P20) › there is none to forget: options are optional, and each hook gets its context', async () => {
    const contexts: ExitContext[] = [];
    const container = createContainer();
    container.get(Lifecycle).onExit((context) => contexts.push(context));
    const report = await container.dispose(undefined);
    expect(report.reason).toBeUndefined();
    expect(contexts).toMatchObject([{ reason: undefined }]);
  });
});
