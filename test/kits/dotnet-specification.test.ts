/** What .NET asks of every container in the place of its own, and tests of its own, as we have it. */
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Container, inject, injectable, multiInject } from 'inversify';
import { ContainerDisposedError, DisposeError, Lifecycle, OnExit } from 'inversify-onexit';

import { closing, closingAsync, made, thrownBy } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { log, Pool, Repository } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

describe('.NET specification', () => {
  test('DisposesInReverseOrderOfCreation (P10) › what was created last is exited first, in every scope', async () => {
    @injectable()
    class Outer {
      constructor(
        @inject('single') readonly single: object,
        @multiInject('several') readonly several: readonly object[],
      ) {}

      @OnExit()
      close(): void {
        log.push('outer');
      }
    }
    const container = createContainer();
    container.bind(Outer).toSelf();
    container.bind('several').to(closing('first')).inSingletonScope();
    container.bind('several').to(closing('second')).inRequestScope();
    container.bind('several').to(closing('third')).inTransientScope();
    container.bind('single').to(closing('single')).inSingletonScope();
    expect(container.get(Outer).several).toHaveLength(3);
    await container.dispose();
    expect(log).toEqual(['outer', 'third', 'second', 'first', 'single']);
  });

  test('ServiceProviderIsDisposable (P15) › dispose(), `await using` and `using` are there once the module is', () => {
    expect(createContainer()).toMatchObject({
      dispose: expect.any(Function) as unknown,
      [Symbol.asyncDispose]: expect.any(Function) as unknown,
      [Symbol.dispose]: expect.any(Function) as unknown,
    });
  });

  test('DisposingScopeDisposesService (P7) › a child exits its own singletons and transients, and no other', async () => {
    const parent = createContainer();
    parent.bind('singleton').to(closing('singleton')).inSingletonScope();
    parent.bind('transient').to(closing('transient'));
    parent.get('transient');
    {
      await using child = createContainer({ parent });
      child.bind('scoped').to(closing('scoped')).inSingletonScope();
      for (const service of ['scoped', 'transient', 'transient', 'singleton']) {
        child.get(service);
      }
    }
    expect(log).toEqual(['transient', 'transient', 'scoped']);
    await parent.dispose();
    expect(log.slice(3)).toEqual(['singleton', 'transient']);
  });

  test('ScopedServices_FromCachedScopeFactory_CanBeResolvedAndDisposed (P17) › inner scopes before outer ones, as often as they are made', async () => {
    const root = createContainer();
    for (let round = 0; round < 3; round++) {
      await using outer = createContainer({ parent: root });
      await using inner = createContainer({ parent: outer });
      made(outer, closing('outer'));
      made(inner, closing('inner'));
    }
    expect(log).toEqual(['inner', 'outer', 'inner', 'outer', 'inner', 'outer']);
    await expect(root.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('SelfResolveThenDispose (P5) › a container that serves itself does not own itself', async () => {
    const container = createContainer();
    container.bind(Container).toConstantValue(container);
    expect(container.get(Container)).toBe(container);
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('SafelyDisposeNestedProviderReferences (P6) › by release(), since nobody else may call a hook: with a hook that releases in turn, each once', async () => {
    @injectable()
    class Nesting {
      constructor(
        @inject(Lifecycle) readonly lifecycle: Lifecycle,
        @inject(Pool) readonly pool: Pool,
      ) {}

      @OnExit()
      async close(): Promise<void> {
        log.push('Nesting');
        await this.lifecycle.release(this.pool);
      }
    }
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.bind(Nesting).toSelf();
    await container.get(Lifecycle).release(container.get(Nesting));
    expect(log).toEqual(['Nesting', 'Pool']);
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('SingletonServicesComeFromRootProvider (P7) › children share it, and none of them exits it', async () => {
    const root = createContainer();
    root.bind(Pool).toSelf().inSingletonScope();
    const seen = new Set<Pool>();
    for (let round = 0; round < 2; round++) {
      await using child = createContainer({ parent: root });
      seen.add(child.get(Pool));
    }
    expect(seen.size).toBe(1);
    expect(log).toEqual([]);
    await root.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('NestedScopedServiceCanBeResolved (P7) › each level has an instance of its own, which goes with it', async () => {
    const root = createContainer();
    root.bind(Pool).toSelf();
    const outer = createContainer({ parent: root });
    const inner = createContainer({ parent: outer });
    expect(outer.get(Pool)).not.toBe(inner.get(Pool));
    await inner.dispose();
    expect(log).toEqual(['Pool']);
    await outer.dispose();
    expect(log).toEqual(['Pool', 'Pool']);
  });

  test('ScopesAreFlatNotHierarchical (P17) › they are a tree here: a child uses what its parent has, so it is disposed before', async () => {
    const root = createContainer();
    const outer = createContainer({ parent: root });
    const inner = createContainer({ parent: outer });
    made(outer, closing('outer'));
    made(inner, closing('inner'));
    await outer.dispose();
    expect(log).toEqual(['inner', 'outer']);
    expect(() => inner.get('inner')).toThrow(ContainerDisposedError);
    expect(root.get(Lifecycle).state).toBe('active');
  });
});

describe('.NET container', () => {
  test('ProviderDisposeThrowsWhenOnlyDisposeAsyncImplemented (P19) › `using` refuses before anything has run, so that dispose() still can', async () => {
    const container = createContainer();
    made(container, closing('sync'));
    made(container, closingAsync('async'));
    const error = thrownBy(() => {
      container[Symbol.dispose]();
    });
    expect(DisposeError.is(error)).toBe(true);
    expect(error).toMatchObject({ errors: [{ service: 'async', outcome: 'not-awaited' }] });
    expect(log).toEqual([]);
    await container.dispose();
    expect(log).toEqual(['async', 'sync']);
  });

  test('ProviderScopeDisposeAsyncCallsDisposeAsyncOnServices (P11) › `await using` of a child awaits its hooks', async () => {
    {
      await using child = createContainer({ parent: createContainer() });
      made(child, closing('last'));
      made(child, closingAsync('first'));
    }
    expect(log).toEqual(['first', 'last']);
  });

  test('ProviderScopeDisposeAsyncPrefersDisposeAsyncOnServices (P1) › nothing is preferred: what is marked is run, whatever its name', async () => {
    @injectable()
    class Both {
      [Symbol.dispose](): void {
        log.push('dispose');
      }

      @OnExit()
      async [Symbol.asyncDispose](): Promise<void> {
        log.push('asyncDispose');
      }
    }
    await using child = createContainer({ parent: createContainer() });
    made(child, Both);
    await child.dispose();
    expect(log).toEqual(['asyncDispose']);
  });

  test('ProviderScopeDisposePrefersServiceDispose (P1) › the kind of disposal does not choose the hook', () => {
    @injectable()
    class Both {
      @OnExit()
      [Symbol.dispose](): void {
        log.push('dispose');
      }

      async [Symbol.asyncDispose](): Promise<void> {
        log.push('asyncDispose');
      }
    }
    {
      using child = createContainer({ parent: createContainer() });
      made(child, Both);
    }
    expect(log).toEqual(['dispose']);
  });

  test('ProviderScopeDisposeThrowsWhenOnlyDisposeAsyncImplemented (P19) › a child refuses before anything has run, and so does its parent', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    made(parent, closing('sync'));
    made(child, closingAsync('async'));
    for (const container of [child, parent]) {
      expect(() => {
        container[Symbol.dispose]();
      }).toThrow('async.close is an async function');
      expect(container.get(Lifecycle).state).toBe('active');
    }
    expect(log).toEqual([]);
    await parent.dispose();
    expect(log).toEqual(['async', 'sync']);
  });

  test('SingletonServiceCreatedFromFactoryIsDisposedWhenContainerIsDisposed (P3) › a dynamic value is made by the container', async () => {
    const container = createContainer();
    container
      .bind(Pool)
      .toDynamicValue(() => new Pool())
      .inSingletonScope();
    container.get(Pool);
    await container.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('SingletonServiceCreatedFromInstanceIsNotDisposedWhenContainerIsDisposed (P5) › a constant belongs to who made it', async () => {
    const container = createContainer();
    container.bind(Pool).toConstantValue(new Pool());
    container.get(Pool);
    await container.dispose();
    expect(log).toEqual([]);
  });

  test('RootProviderDispose_PreventsServiceResolution (P16) › get() fails and names the service', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf();
    await container.dispose();
    const error = thrownBy(() => container.get(Pool));
    expect(ContainerDisposedError.is(error)).toBe(true);
    expect(error).toMatchObject({ service: 'Pool' });
  });

  test('RootProviderDispose_PreventsScopeCreation (P16) › a child cannot register the module; without it, what has hooks is refused', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf();
    await parent.dispose();
    expect(() => createContainer({ parent })).toThrow(ContainerDisposedError);
    expect(() => new Container({ parent }).get(Pool)).toThrow(ContainerDisposedError);
  });

  test('RootProviderDispose_PreventsServiceResolution_InChildScope (P17) › an open child was disposed with its parent', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    child.bind(Pool).toSelf();
    await parent.dispose();
    expect(() => child.get(Pool)).toThrow(ContainerDisposedError);
    await expect(child.getAsync(Pool)).rejects.toThrow(ContainerDisposedError);
  });

  test('ScopeDispose_PreventsServiceResolution (P16) › of the child only; its parent goes on', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf();
    const child = createContainer({ parent });
    await child.dispose();
    expect(() => child.get(Pool)).toThrow(ContainerDisposedError);
    expect(parent.get(Pool)).toBeInstanceOf(Pool);
    expect(createContainer({ parent }).get(Pool)).toBeInstanceOf(Pool);
  });

  test('GetService_DisposeOnSameThread_Throws (P16) › a constructor that disposes synchronously gets nobody an instance', () => {
    @injectable()
    class Disposing {
      constructor(@inject(Container) container: Container) {
        container[Symbol.dispose]();
      }

      @OnExit()
      close(): void {
        log.push('Disposing');
      }
    }
    const container = createContainer();
    container.bind(Container).toConstantValue(container);
    container.bind(Disposing).toSelf().inSingletonScope();
    expect(() => container.get(Disposing)).toThrow(ContainerDisposedError);
    expect(log).toEqual(['Disposing']);
  });

  test('GetService_DisposeOnSameThread_ThrowsAndDoesNotHangAndDisposeGetsCalled (P16) › nor does a dynamic value; what it had made is exited', () => {
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container
      .bind(Repository)
      .toDynamicValue((context) => {
        const pool = context.get(Pool);
        container[Symbol.dispose]();
        log.push('disposed');
        return new Repository(pool);
      })
      .inSingletonScope();
    expect(() => container.get(Repository)).toThrow(ContainerDisposedError);
    expect(log).toEqual(['Pool', 'disposed']);
  });

  test('GetAsyncService_DisposeAsyncOnSameThread_ThrowsAndDoesNotHangAndDisposeAsyncGetsCalled (P16) › an asynchronous disposal can wait, so it lets the activation end and exits that first', async () => {
    @injectable()
    class Asking {
      constructor(
        @inject(Lifecycle) lifecycle: Lifecycle,
        @inject(Pool) readonly pool: Pool,
      ) {
        void lifecycle.dispose();
      }

      @OnExit()
      close(): void {
        log.push('Asking');
      }
    }
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.bind(Asking).toSelf().inSingletonScope();
    expect(container.get(Asking)).toBeInstanceOf(Asking);
    await container.dispose();
    expect(log).toEqual(['Asking', 'Pool']);
  });

  test('AddDisposablesAndAsyncDisposables_DisposeAsync_AllDisposed (P11) › sync, async and slow hooks, each awaited in its turn', async () => {
    const [gate, started] = [createGate(), createGate()];
    const container = createContainer();
    made(container, closing('sync'));
    made(container, closingAsync('async'));
    made(
      container,
      closingAsync('slow', async () => {
        started.open();
        await gate.passed;
      }),
    );
    const disposal = container.dispose();
    await started.passed;
    expect(log).toEqual([]);
    gate.open();
    await disposal;
    expect(log).toEqual(['slow', 'async', 'sync']);
  });
});
