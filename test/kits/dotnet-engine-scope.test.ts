/** What .NET asks of the scope that disposes, as we have it. */
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { inject, injectable, type Container } from 'inversify';
import { ContainerDisposedError, DisposeError, Lifecycle, OnExit } from 'inversify-onexit';

import { closing, made, thrownBy } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { log, Pool } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

const synchronously = (error: Error) => (): never => {
  throw error;
};

const asynchronously = (error: Error) => async (): Promise<never> => {
  await Promise.resolve();
  throw error;
};

function bindAliases(container: Container, names: readonly string[]): void {
  for (const name of names) {
    container
      .bind(name)
      .toDynamicValue((context) => context.get(Pool))
      .inSingletonScope();
  }
}

describe('.NET engine scope', () => {
  test('DoubleDisposeWorks (P15) › in either way, as often as one likes', async () => {
    const [now, later] = [createContainer(), createContainer()];
    made(now, closing('now'));
    made(later, closing('later'));
    now[Symbol.dispose]();
    now[Symbol.dispose]();
    await later.dispose();
    await later.dispose();
    later[Symbol.dispose]();
    expect(log).toEqual(['now', 'later']);
  });

  test('RootEngineScopeDisposeTest (P21) › disposing through what the container serves disposes the container', async () => {
    const container = createContainer();
    await container.get(Lifecycle).dispose();
    expect(() => container.get(Lifecycle)).toThrow(ContainerDisposedError);
  });

  test('Dispose_ServiceThrows_DisposesAllAndThrows (P12) › one failure is a DisposeError too, so that callers need not tell one from several', () => {
    const failure = new Error('only');
    const container = createContainer();
    made(container, closing('last'));
    made(container, closing('failing', synchronously(failure)));
    made(container, closing('first'));
    const error = thrownBy(() => {
      container[Symbol.dispose]();
    });
    expect(DisposeError.is(error)).toBe(true);
    expect(error).toMatchObject({ errors: [{ service: 'failing', cause: failure }] });
    expect(log).toEqual(['first', 'failing', 'last']);
  });

  test('Dispose_TwoServicesThrows_DisposesAllAndThrowsAggregateException (P12) › `errors` in the order in which they happened', () => {
    const failures = [new Error('earlier'), new Error('later')] as const;
    const container = createContainer();
    made(container, closing('second', synchronously(failures[1])));
    made(container, closing('between'));
    made(container, closing('first', synchronously(failures[0])));
    const error = thrownBy(() => {
      container[Symbol.dispose]();
    });
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ errors: [{ cause: failures[0] }, { cause: failures[1] }] });
    expect(log).toEqual(['first', 'between', 'second']);
  });

  test('DisposeAsync_ServiceThrows_DisposesAllAndThrows (P12) › a DisposeError again, for what was thrown as for what was rejected', async () => {
    for (const failing of [synchronously, asynchronously]) {
      const failure = new Error('only');
      const container = createContainer();
      made(container, closing('last'));
      made(container, closing('failing', failing(failure)));
      await expect(container.dispose()).rejects.toMatchObject({
        name: 'DisposeError',
        errors: [{ service: 'failing', outcome: 'failed', cause: failure }],
      });
    }
    expect(log).toEqual(['failing', 'last', 'failing', 'last']);
  });

  test('DisposeAsync_TwoServicesThrows_DisposesAllAndThrowsAggregateException (P12) › all of them in one error, thrown or rejected', async () => {
    for (const failing of [synchronously, asynchronously]) {
      const failures = [new Error('earlier'), new Error('later')] as const;
      const container = createContainer();
      made(container, closing('last'));
      made(container, closing('second', failing(failures[1])));
      made(container, closing('first', failing(failures[0])));
      const error: unknown = await container.dispose().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(AggregateError);
      expect(error).toMatchObject({ errors: [{ cause: failures[0] }, { cause: failures[1] }] });
    }
    expect(log).toEqual(['first', 'second', 'last', 'first', 'second', 'last']);
  });

  test('SharedSingletonResolvedAsMultipleServices_IsDisposedOnce (P6) › behind aliases of either kind', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.bind('service').toService(Pool);
    bindAliases(container, ['dynamic']);
    expect(container.get('service')).toBe(container.get(Pool));
    expect(container.get('dynamic')).toBe(container.get(Pool));
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('SharedSingletonIsDisposedAfterDependents (P6) › an alias that is activated later does not move it up', async () => {
    @injectable()
    class Dependent {
      constructor(@inject(Pool) readonly pool: Pool) {}

      @OnExit()
      close(): void {
        log.push('Dependent');
      }
    }
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.bind(Dependent).toSelf().inSingletonScope();
    bindAliases(container, ['alias']);
    container.get(Dependent);
    container.get('alias');
    await container.dispose();
    expect(log).toEqual(['Dependent', 'Pool']);
  });

  test('SharedSingletonWithManyAliases_IsDisposedOnce (P6) › twenty of them', () => {
    const container = createContainer();
    const aliases = Array.from({ length: 20 }, (_, index) => `alias ${String(index)}`);
    container.bind(Pool).toSelf().inSingletonScope();
    bindAliases(container, aliases);
    expect(new Set(aliases.map((alias) => container.get(alias)))).toEqual(
      new Set([container.get(Pool)]),
    );
    container[Symbol.dispose]();
    expect(log).toEqual(['Pool']);
  });

  test('DisposeAsync_SkipsNulledDuplicatesInAsyncContinuation (P6) › once, also when the disposal goes on after a wait', async () => {
    const gate = createGate();
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    bindAliases(container, ['one', 'other']);
    container.get('one');
    container.get('other');
    made(
      container,
      closing('slow', () => gate.passed),
    );
    const disposal = container.dispose();
    gate.open();
    const { exits } = await disposal;
    expect(exits.map(({ hook }) => hook)).toEqual(['close', 'close']);
    expect(log).toEqual(['slow', 'Pool']);
  });
});
