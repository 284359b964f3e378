/** What Autofac asks of its disposal, as we have it. */
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { injectable, type Factory } from 'inversify';
import { ContainerDisposedError, Lifecycle, OnExit } from 'inversify-onexit';

import { closing, closingAsync, made } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { log, Pool, Repository } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

/** What a user made, whose hooks the container is told of with `adopt()`. */
const SyncValue = closing('sync value');
const AsyncValue = closingAsync('async value');

describe('Autofac disposal', () => {
  test('ComponentsAreDisposedEvenIfCurrentScopeEndingThrowsException (P12) › the callback that runs first may fail', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf().inSingletonScope();
    container.get(Pool);
    container.get(Lifecycle).onExit(() => {
      throw new RangeError('divided by zero');
    });
    await expect(container.dispose()).rejects.toThrow('RangeError: divided by zero');
    expect(log).toEqual(['Pool']);
  });

  test('ComponentsResolvedFromContainer_DisposedInReverseDependencyOrder (P10) › the dependency was resolved first', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind(Repository).toSelf();
    container.get(Pool);
    container.get(Repository);
    await container.dispose();
    expect(log).toEqual(['Repository', 'Pool']);
  });

  test('ComponentsResolvedFromContainerInReverseOrder_DisposedInReverseDependencyOrder (P10) › the dependent was resolved first', async () => {
    const container = createContainer({ defaultScope: 'Singleton' });
    container.bind(Repository).toSelf();
    container.bind(Pool).toSelf();
    container.get(Repository);
    container.get(Pool);
    await container.dispose();
    expect(log).toEqual(['Repository', 'Pool']);
  });

  test('InstancesRegisteredInParentScope_ButResolvedInChild_AreDisposedWithChild (P7) › transients, that is', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf();
    const child = createContainer({ parent });
    child.get(Pool);
    await child.dispose();
    expect(log).toEqual(['Pool']);
    await expect(parent.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('ResolvingFromAnEndedLifetimeProducesObjectDisposedException (P16) › a ContainerDisposedError, also for what has no hooks', async () => {
    const parent = createContainer();
    parent.bind('object').toDynamicValue(() => ({}));
    const child = createContainer({ parent });
    await child.dispose();
    expect(() => child.get('object')).toThrow(ContainerDisposedError);
  });

  test('TwoLayersOfExternalRegistration_OnDisposingInnerLayer_OuterLayerRemains (P7) › disposing a child leaves all above it working', async () => {
    const root = createContainer();
    const middle = createContainer({ parent: root });
    const child = createContainer({ parent: middle });
    for (const [name, container] of Object.entries({ root, middle, child })) {
      container.bind('service').to(closing(name)).inSingletonScope();
    }
    const [rootService, middleService] = [root.get('service'), middle.get('service')];
    expect(child.get('service')).not.toBe(middleService);
    await child.dispose();
    expect(log).toEqual(['child']);
    expect(middle.get('service')).toBe(middleService);
    expect(root.get('service')).toBe(rootService);
    await middle.dispose();
    expect(log).toEqual(['child', 'middle']);
    expect(root.get('service')).toBe(rootService);
    await root.dispose();
    expect(log).toEqual(['child', 'middle', 'root']);
  });

  test('DisposalOfContainerPreventsResolveInLifetimeScope (P17) › a child was disposed with its parent, also if it owned nothing', async () => {
    const root = createContainer();
    root.bind('number').toConstantValue(1);
    const child = createContainer({ parent: root });
    await root.dispose();
    expect(() => child.get('number')).toThrow(ContainerDisposedError);
  });

  test('DisposalOfParentScopePreventsResolveInNestedScope (P17) › and no further up than what was disposed', async () => {
    const root = createContainer();
    root.bind('number').toConstantValue(1);
    const outer = createContainer({ parent: root });
    const inner = createContainer({ parent: outer });
    await outer.dispose();
    expect(() => inner.get('number')).toThrow(ContainerDisposedError);
    expect(root.get('number')).toBe(1);
  });

  test('DisposalOfContainerPreventsResolveInNestedScope (P17) › however deep', async () => {
    const root = createContainer();
    root.bind('number').toConstantValue(1);
    const outer = createContainer({ parent: root });
    const inner = createContainer({ parent: outer });
    await root.dispose();
    expect(() => outer.get('number')).toThrow(ContainerDisposedError);
    expect(() => inner.get('number')).toThrow(ContainerDisposedError);
  });
});

describe('Autofac provided instances', () => {
  test('ResolvedProvidedInstances_DisposedWithLifetimeScope (P5) › only if adopted: who made it knows whether others still use it', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    container.bind('given').toConstantValue(new SyncValue());
    container.bind('adopted').toConstantValue(lifecycle.adopt(new AsyncValue()));
    container.get('given');
    container.get('adopted');
    await container.dispose();
    expect(log).toEqual(['async value']);
  });

  test('ResolvedProvidedInstances_DisposedWithLifetimeScope_OnlyDisposedOnce (P6) › however often it is bound, resolved and adopted', async () => {
    const container = createContainer();
    const value = container.get(Lifecycle).adopt(new AsyncValue());
    container.get(Lifecycle).adopt(value);
    container.bind('constant').toConstantValue(value);
    container.bind('dynamic').toDynamicValue(() => value);
    for (const service of ['constant', 'constant', 'dynamic', 'dynamic']) {
      expect(container.get(service)).toBe(value);
    }
    await container.dispose();
    expect(log).toEqual(['async value']);
  });

  test('ResolvedProvidedInstances_DisposedWithNestedLifetimeScope (P7) › what a child adopts goes with the child, once', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    child.bind('value').toConstantValue(child.get(Lifecycle).adopt(new AsyncValue()));
    child.get('value');
    await child.dispose();
    expect(log).toEqual(['async value']);
    await parent.dispose();
    expect(log).toEqual(['async value']);
  });

  test('ResolvedProvidedInstances_NotOwnedByLifetimeScope_NeverDisposed (P5) › as it is for constants without a word', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    for (const container of [parent, child]) {
      container.bind('value').toConstantValue(new AsyncValue());
      container.get('value');
      container.bind('unresolved').toConstantValue(new SyncValue());
    }
    await child.dispose();
    await parent.dispose();
    expect(log).toEqual([]);
  });

  test('UnresolvedProvidedInstances_DisposedWithLifetimeScope (P5) › an adopted value need not be bound, let alone resolved', async () => {
    const container = createContainer();
    container.get(Lifecycle).adopt(new SyncValue());
    await container.dispose();
    expect(log).toEqual(['sync value']);
  });

  test('UnresolvedProvidedInstances_ActualAsyncDisposable_CorrectlyDisposed (P11) › its hook is awaited', async () => {
    const [gate, started] = [createGate(), createGate()];
    const Slow = closingAsync('slow value', async () => {
      started.open();
      await gate.passed;
    });
    const child = createContainer({ parent: createContainer() });
    child.get(Lifecycle).adopt(new SyncValue());
    child.get(Lifecycle).adopt(new Slow());
    const disposal = child.dispose();
    await started.passed;
    expect(log).toEqual([]);
    gate.open();
    await disposal;
    expect(log).toEqual(['slow value', 'sync value']);
  });

  test('RootInstancesNotDisposedOnContainerDisposal (P5) › what a factory returns; what a class binding makes has always an owner', async () => {
    const container = createContainer();
    container.bind<Factory<Pool>>('factory').toFactory(() => () => new Pool());
    container.bind('class').to(closing('class'));
    expect(container.get<Factory<Pool>>('factory')()).toBeInstanceOf(Pool);
    container.get('class');
    await container.dispose();
    expect(log).toEqual(['class']);
  });

  test('OnReleaseForSingletonStillFiresIfNotResolved (P5) › for an adopted value; a class is not built to be exited', async () => {
    const container = createContainer();
    const value = container.get(Lifecycle).adopt({ name: 'adopted' }, ({ name }) => log.push(name));
    container.bind('value').toConstantValue(value);
    container.bind(Pool).toSelf().inSingletonScope();
    await container.dispose();
    expect(log).toEqual(['adopted']);
  });
});

describe('Autofac disposer', () => {
  test('DisposerDisposesContainedInstances_InReverseOfOrderAdded (P10) › of adoptions', () => {
    const container = createContainer();
    for (const name of ['first', 'second']) {
      container.get(Lifecycle).adopt(new (closing(name))());
    }
    container[Symbol.dispose]();
    expect(log).toEqual(['second', 'first']);
  });

  test('OnDispose_DisposerDisposesContainedInstances (P19) › and not before', () => {
    const container = createContainer();
    container.get(Lifecycle).adopt(new SyncValue());
    expect(log).toEqual([]);
    container[Symbol.dispose]();
    expect(log).toEqual(['sync value']);
  });

  test('CannotAddObjectsToDisposerAfterSyncDispose (P16) › neither values nor callbacks', () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    container[Symbol.dispose]();
    expect(() => lifecycle.adopt(new SyncValue())).toThrow(ContainerDisposedError);
    expect(() => lifecycle.onExit(() => undefined)).toThrow(ContainerDisposedError);
    expect(log).toEqual([]);
  });

  test('DisposerDisposesOfObjectsAsyncIfIAsyncDisposableDeclared (P11) › the disposal ends when the hook has', async () => {
    const [gate, started] = [createGate(), createGate()];
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    lifecycle.adopt({}, async () => {
      started.open();
      await gate.passed;
      log.push('ended');
    });
    const disposal = container.dispose();
    await started.passed;
    expect(lifecycle.state).toBe('disposing');
    gate.open();
    await disposal;
    expect(log).toEqual(['ended']);
    expect(lifecycle.state).toBe('disposed');
  });

  test('DisposerDisposesOfObjectsSyncIfIDisposableOnly (P11) › hooks that return nothing run in an asynchronous disposal, too', async () => {
    const container = createContainer();
    container.get(Lifecycle).adopt(new SyncValue());
    await container.dispose();
    expect(log).toEqual(['sync value']);
  });

  test('DisposerDisposesOfObjectsSyncIfIAsyncDisposableDeclaredButSyncDisposeCalled (P19) › there is no second method to fall back on: all that is marked would run, so an async one is refused', async () => {
    @injectable()
    class Both {
      @OnExit()
      [Symbol.dispose](): void {
        log.push('dispose');
      }

      @OnExit()
      async [Symbol.asyncDispose](): Promise<void> {
        log.push('asyncDispose');
      }
    }
    const container = createContainer();
    made(container, Both);
    expect(() => {
      container[Symbol.dispose]();
    }).toThrow('Both[Symbol.asyncDispose] is an async function');
    expect(log).toEqual([]);
    await container.dispose();
    expect(log).toEqual(['asyncDispose', 'dispose']);
  });

  test('SyncDisposalOnObjectWithNoIDisposableCanDispose (P19) › no: JavaScript cannot block until a promise settles', () => {
    const container = createContainer();
    container.get(Lifecycle).adopt(new AsyncValue());
    expect(() => {
      container[Symbol.dispose]();
    }).toThrow('async value.close is an async function');
    expect(container.get(Lifecycle).state).toBe('active');
  });

  test('CannotAddObjectsToDisposerAfterAsyncDispose (P16) › nor after an asynchronous one', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    lifecycle.adopt(new AsyncValue());
    await container.dispose();
    expect(() => lifecycle.adopt(new AsyncValue())).toThrow(ContainerDisposedError);
    expect(log).toEqual(['async value']);
  });

  test('DisposerAsyncDisposesContainedInstances_InReverseOfOrderAdded (P10) › sync and async ones mixed', async () => {
    const container = createContainer();
    const types = [
      ...[closingAsync('a'), closing('b'), closing('c'), closingAsync('d')],
      closing('e', () => Promise.resolve()),
    ];
    for (const type of types) {
      container.get(Lifecycle).adopt(new type());
    }
    await container.dispose();
    expect(log).toEqual(['e', 'd', 'c', 'b', 'a']);
  });
});

describe('Autofac owned', () => {
  test('DisposingOwned_CallsDisposeOnLifetimeToken (P8) › release() exits one instance when the caller wants it', async () => {
    const container = createContainer();
    container.bind(Pool).toSelf();
    const [pool, other] = [container.get(Pool), container.get(Pool)];
    await container.get(Lifecycle).release(pool);
    expect(log).toEqual(['Pool']);
    await container.get(Lifecycle).release(other);
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
  });

  test('DisposingOwnedAsynchronously_CallsDisposeAsyncOnLifetimeTokenIfAsyncDisposableDeclared (P11) › release() awaits its hooks', async () => {
    const container = createContainer();
    await container.get(Lifecycle).release(made(container, closingAsync('async')));
    expect(log).toEqual(['async']);
  });
});
