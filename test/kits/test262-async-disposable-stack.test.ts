/** What test262 asks of `AsyncDisposableStack`, as we have it: `defer` is `onExit`, `use` and `adopt` are `adopt`. */
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { injectable, type Container } from 'inversify';
import { ContainerDisposedError, DisposeError, Lifecycle, OnExit } from 'inversify-onexit';

import { closing, closingAsync, made } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { log, Pool } from '../support/services.js';

let container: Container;
let lifecycle: Lifecycle;

beforeEach(() => {
  log.length = 0;
  container = createContainer();
  lifecycle = container.get(Lifecycle);
});

@injectable()
class AsyncDisposable {
  @OnExit()
  async [Symbol.asyncDispose](): Promise<void> {
    log.push('asyncDispose');
  }
}

@injectable()
class SyncDisposable {
  @OnExit()
  [Symbol.dispose](): void {
    log.push('dispose');
  }
}

describe('test262 AsyncDisposableStack', () => {
  test('prototype/Symbol.asyncDispose (P15) › another function than dispose(), for the same disposal', async () => {
    made(container, closing('service'));
    const disposals = [container[Symbol.asyncDispose](), container.dispose()] as const;
    await expect(disposals[0]).resolves.toBeUndefined();
    await expect(disposals[1]).resolves.toMatchObject({ exits: [{ service: 'service' }] });
    expect(log).toEqual(['service']);
  });

  test('adopt/adds-value-onDisposeAsync (P5) › the callback gets the value, and adopt() returns it', async () => {
    const value = { name: 'value' };
    const seen: unknown[] = [];
    expect(lifecycle.adopt(value, async (given) => seen.push(given))).toBe(value);
    await container.dispose();
    expect(seen).toEqual([value]);
    expect(seen[0]).toBe(value);
  });

  test('adopt/allows-any-value (P5) › with a callback, also what is no object', async () => {
    const values = [null, undefined, 1, 'text', Symbol.iterator, {}, (): void => {}];
    const seen: unknown[] = [];
    for (const value of values) {
      expect(lifecycle.adopt<unknown>(value, (given) => seen.unshift(given))).toBe(value);
    }
    await container.dispose();
    expect(seen).toEqual(values);
  });

  test('adopt/async-disposable-stack-adopt-on-disposed-stack (P16) › is refused, and nothing is run', async () => {
    await container.dispose();
    expect(() => lifecycle.adopt({}, () => log.push('adopted'))).toThrow(ContainerDisposedError);
    expect(log).toEqual([]);
  });

  test('adopt/puts-value-onDisposeAsync-on-top-of-stack (P10) › what was adopted last is exited first', async () => {
    made(container, closing('service'));
    lifecycle.adopt({}, () => log.push('adopted'));
    await container.dispose();
    expect(log).toEqual(['adopted', 'service']);
  });

  test('defer/adds-onDisposeAsync (P10) › a callback of onExit() is run', async () => {
    lifecycle.onExit(async () => log.push('callback'));
    await container.dispose();
    expect(log).toEqual(['callback']);
  });

  test('defer/async-disposable-stack-defer-on-disposed-stack (P16) › is refused, and nothing is run', async () => {
    await container.dispose();
    expect(() => lifecycle.onExit(() => log.push('callback'))).toThrow(ContainerDisposedError);
    expect(log).toEqual([]);
  });

  test('defer/puts-onDisposeAsync-on-top-of-stack (P10) › what was registered last is run first', async () => {
    made(container, closing('service'));
    lifecycle.onExit(() => log.push('callback'));
    await container.dispose();
    expect(log).toEqual(['callback', 'service']);
  });

  test('defer/returns-undefined (P10) › its undo: a stack can only grow, a long life also unregisters', async () => {
    const undo = lifecycle.onExit(() => log.push('callback'));
    expect(undo()).toBe(true);
    expect(undo()).toBe(false);
    await container.dispose();
    expect(log).toEqual([]);
  });

  test('disposeAsync/disposes-resources-in-reverse-order (P10) › values, services and callbacks on one stack', async () => {
    lifecycle.adopt(new AsyncDisposable());
    made(container, closing('service'));
    lifecycle.onExit(() => log.push('callback'));
    lifecycle.adopt({}, () => log.push('adopted'));
    await container.dispose();
    expect(log).toEqual(['adopted', 'callback', 'service', 'asyncDispose']);
  });

  test('disposeAsync/does-not-reinvoke-disposers-if-already-disposed (P15) › nor while it disposes', async () => {
    made(container, closingAsync('service'));
    await Promise.all([container.dispose(), container.dispose()]);
    await container.dispose();
    expect(log).toEqual(['service']);
  });

  test('disposeAsync/does-not-reject-if-already-disposed (P15) › a later call ends as the first did, so it rejects if that has', async () => {
    await container.dispose();
    await expect(container.dispose()).resolves.toBeDefined();
    const other = createContainer();
    other.get(Lifecycle).onExit(async () => Promise.reject(new Error('failed')));
    const error: unknown = await other.dispose().catch((reason: unknown) => reason);
    expect(DisposeError.is(error)).toBe(true);
    await expect(other.dispose()).rejects.toBe(error);
  });

  test('disposeAsync/rejects-with-suppressederror-if-multiple-errors-during-disposal (P12) › a flat DisposeError: the failures of hooks have not suppressed each other', async () => {
    const failures = ['first', 'second', 'third'].map((message) => new Error(message));
    for (const failure of [...failures].reverse()) {
      lifecycle.onExit(async () => Promise.reject(failure));
    }
    await expect(container.dispose()).rejects.toMatchObject({
      name: 'DisposeError',
      errors: failures.map((cause) => ({ cause })),
    });
  });

  test('disposeAsync/resolves-to-undefined (P20) › dispose() tells what was done; `await using` has no use for it', async () => {
    await expect(container.dispose()).resolves.toMatchObject({ exits: [] });
    await expect(container[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  test('disposeAsync/returns-promise (P15) › the same one to every caller', async () => {
    const promise = container.dispose();
    expect(promise).toBeInstanceOf(Promise);
    expect(container.dispose()).toBe(promise);
    await promise;
    expect(container.dispose()).toBe(promise);
  });

  test('disposed/getter (P15) › `state` tells three, since disposing takes time', async () => {
    const states = [lifecycle.state];
    lifecycle.onExit(() => states.push(lifecycle.state));
    await container.dispose();
    expect([...states, lifecycle.state]).toEqual(['active', 'disposing', 'disposed']);
  });

  test('use/Symbol.asyncDispose-getter (P1) › an accessor is refused where it is decorated', () => {
    expect(() => {
      class Accessor {
        get [Symbol.asyncDispose](): () => void {
          return () => undefined;
        }
      }
      decorateMember(Accessor.prototype, Symbol.asyncDispose);
    }).toThrow(TypeError);
  });

  test('use/adds-async-disposable-value (P5) › adopt() takes the marked methods of a value', async () => {
    const value = new AsyncDisposable();
    expect(lifecycle.adopt(value)).toBe(value);
    const { exits } = await container.dispose();
    expect(exits).toMatchObject([{ service: 'AsyncDisposable', hook: '[Symbol.asyncDispose]' }]);
    expect(log).toEqual(['asyncDispose']);
  });

  test('use/adds-sync-disposable-value (P5) › whichever they are', async () => {
    lifecycle.adopt(new SyncDisposable());
    const { exits } = await container.dispose();
    expect(exits).toMatchObject([{ service: 'SyncDisposable', hook: '[Symbol.dispose]' }]);
    expect(log).toEqual(['dispose']);
  });

  test('use/allows-null-value (P5) › no: without a callback there is nothing to run, which is a mistake', () => {
    for (const value of [null, undefined]) {
      expect(() => lifecycle.adopt(value)).toThrow(TypeError);
    }
    expect(lifecycle.pending()).toEqual([]);
  });

  test('use/async-disposable-stack-use-on-disposed-stack (P16) › is refused, and its hooks are not run', async () => {
    await container.dispose();
    expect(() => lifecycle.adopt(new AsyncDisposable())).toThrow(ContainerDisposedError);
    expect(log).toEqual([]);
  });

  test('use/gets-value-Symbol.asyncDispose-property-once (P1) › when it is run, so that what a test puts in its place is what runs', async () => {
    const value = lifecycle.adopt(new AsyncDisposable());
    let reads = 0;
    Object.defineProperty(value, Symbol.asyncDispose, {
      get: () => {
        reads++;
        return () => log.push('replaced');
      },
    });
    await container.dispose();
    expect(log).toEqual(['replaced']);
    expect(reads).toBe(1);
  });

  test('use/gets-value-Symbol.dispose-property-after-trying-Symbol.asyncDispose (P1) › neither is looked for: a method is run because it is marked', async () => {
    const value = {
      [Symbol.dispose]: (): unknown => log.push('dispose'),
      [Symbol.asyncDispose]: async (): Promise<unknown> => log.push('asyncDispose'),
    };
    container.bind('value').toDynamicValue(() => value);
    container.get('value');
    expect(() => lifecycle.adopt(value)).toThrow(TypeError);
    await container.dispose();
    expect(log).toEqual([]);
  });

  test('use/puts-value-on-top-of-stack (P10) › in the place of its adoption', async () => {
    const value = new AsyncDisposable();
    made(container, closing('service'));
    lifecycle.adopt(value);
    await container.dispose();
    expect(log).toEqual(['asyncDispose', 'service']);
  });

  test('use/throws-if-value-Symbol.asyncDispose-property-not-callable (P12) › a marked method that is none any more fails on exit, and stops nobody', async () => {
    made(container, closing('last'));
    for (const member of [null, undefined, 42]) {
      Object.defineProperty(lifecycle.adopt(new AsyncDisposable()), Symbol.asyncDispose, {
        value: member,
      });
    }
    await expect(container.dispose()).rejects.toMatchObject({
      errors: Array.from({ length: 3 }, () => ({
        hook: '[Symbol.asyncDispose]',
        cause: expect.any(TypeError),
      })),
    });
    expect(log).toEqual(['last']);
  });

  test('use/throws-if-value-missing-Symbol.asyncDispose-and-Symbol.dispose (P5) › what has neither marks nor a callback is a TypeError', () => {
    class Unmarked {
      [Symbol.asyncDispose](): void {}
    }
    expect(() => lifecycle.adopt({})).toThrow(TypeError);
    expect(() => lifecycle.adopt(new Unmarked())).toThrow(TypeError);
    expect(lifecycle.adopt(new Pool())).toBeInstanceOf(Pool);
  });
});

/** Decorates as a program does whose types are not checked. */
function decorateMember(prototype: object, name: symbol): void {
  const decorator = OnExit() as unknown as MethodDecorator;
  decorator(prototype, name, Object.getOwnPropertyDescriptor(prototype, name) ?? {});
}
