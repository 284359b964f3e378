/** What CPython asks of `atexit`, as we have it. */
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { inject, injectable, type Container } from 'inversify';
import { DisposeError, Lifecycle } from 'inversify-onexit';

import { runFixture } from '../support/child.js';
import { closing, closingAsync } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { log } from '../support/services.js';

let container: Container;
let lifecycle: Lifecycle;

beforeEach(() => {
  log.length = 0;
  container = createContainer();
  lifecycle = container.get(Lifecycle);
});

/** Disposes, and tells what had failed. */
async function failures(): Promise<readonly unknown[]> {
  const error: unknown = await container.dispose().catch((reason: unknown) => reason);
  return DisposeError.is(error) ? error.errors : [];
}

describe('CPython atexit', () => {
  test('test_order (P10) › last in, first out; arguments are what the callback closes over, or the adopted value', async () => {
    const tell = (...words: readonly string[]): unknown => log.push(words.join(' '));
    lifecycle.onExit(() => tell('no arguments'));
    lifecycle.onExit(() => tell('one'));
    lifecycle.adopt('two', (value) => tell('one', value));
    await container.dispose();
    expect(log).toEqual(['one two', 'one', 'no arguments']);
  });

  test('test_badargs (P1) › what cannot be called is refused when it is registered; a function may take fewer parameters', async () => {
    for (const callback of [undefined, null, 'print', 42, {}]) {
      expect(() => lifecycle.onExit(callback as never)).toThrow(TypeError);
    }
    lifecycle.onExit((...given: unknown[]) => log.push(String(given.length)));
    await container.dispose();
    expect(log).toEqual(['1']);
  });

  test('test_raise (P12) › is told by a rejection that names the callback: there is somebody to hear it', async () => {
    const failure = new TypeError('raised');
    lifecycle.onExit(function save() {
      throw failure;
    });
    await expect(container.dispose()).rejects.toMatchObject({
      message: expect.stringContaining('callback save failed: TypeError: raised') as unknown,
      errors: [{ service: 'callback', hook: 'save', cause: failure }],
    });
  });

  test('test_raise_unnormalized (P12) › what is thrown need be no Error', async () => {
    const thrown = [undefined, null, 'text', 42, Object.freeze({ code: 'EIO' })];
    for (const value of [...thrown].reverse()) {
      lifecycle.onExit(() => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what it is about
        throw value;
      });
    }
    expect(await failures()).toMatchObject(thrown.map((cause) => ({ cause })));
  });

  test('test_print_tracebacks (P12) › every failure is told, not only the last', async () => {
    for (const name of ['first', 'second', 'third']) {
      lifecycle.onExit(async () => Promise.reject(new Error(`failure of ${name}`)), { name });
    }
    await expect(container.dispose()).rejects.toThrow(
      [
        '3 of 3 exit hooks failed; all were run:',
        '  - callback third failed: Error: failure of third',
        '  - callback second failed: Error: failure of second',
        '  - callback first failed: Error: failure of first',
      ].join('\n'),
    );
  });

  test('test_exit (P24) › process.exit() in a callback ends the process with that status; the others are run', async () => {
    await expect(runFixture('process/atexit', { parameters: ['exit'] })).resolves.toEqual({
      code: 7,
      signal: null,
      stdout: 'two\none\n',
      stderr: expect.stringMatching(
        /^inversify-onexit: callback exit was cut off after \d+ ms: process.exit\(\) was called\n$/,
      ) as unknown,
    });
  });

  test('test_stress (P10) › registered 128 times, run 128 times', async () => {
    const callback = (): unknown => log.push('callback');
    for (let count = 0; count < 128; count++) {
      lifecycle.onExit(callback);
    }
    const { exits } = await container.dispose();
    expect(exits).toHaveLength(128);
    expect(log).toHaveLength(128);
  });

  test('test_unregister (P10) › removes every entry of the function, and tells how many', async () => {
    const increment = (): unknown => log.push('increment');
    const decrement = (): unknown => log.push('decrement');
    for (const callback of [increment, increment, decrement, increment, increment]) {
      lifecycle.onExit(callback);
    }
    expect(lifecycle.unregister(increment)).toBe(4);
    expect(lifecycle.unregister(() => undefined)).toBe(0);
    await container.dispose();
    expect(log).toEqual(['decrement']);
  });

  test('test_bound_methods (P15) › run once; unregistered by identity: a method bound anew is another function', async () => {
    const list: unknown[] = [];
    const append = list.push.bind(list);
    lifecycle.onExit(append);
    lifecycle.onExit(list.push.bind(list));
    expect(lifecycle.unregister(list.push.bind(list))).toBe(0);
    expect(lifecycle.unregister(append)).toBe(1);
    await container.dispose({ reason: 5 });
    await container.dispose({ reason: 5 });
    expect(list).toMatchObject([{ reason: 5 }]);
    expect(lifecycle.pending()).toEqual([]);
  });

  test('test_atexit_with_unregistered_function (P12) › a callback that unregisters itself, and fails, is told as any other', async () => {
    const failure = new Error('failed');
    const removed: number[] = [];
    const unregistering = (): never => {
      removed.push(lifecycle.unregister(unregistering));
      throw failure;
    };
    lifecycle.onExit(() => log.push('last'));
    lifecycle.onExit(unregistering);
    expect(await failures()).toMatchObject([{ hook: 'unregistering', cause: failure }]);
    expect(removed).toEqual([0]);
    expect(log).toEqual(['last']);
  });

  test('test_shutdown (P24) › callbacks are run at the end of the process, last in, first out', async () => {
    await expect(runFixture('process/atexit')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: 'two\none\n',
      stderr: '',
    });
  });

  test('test_atexit_instances (P10) › however one comes by the Lifecycle of a container, it is one stack', async () => {
    @injectable()
    class Service {
      constructor(@inject(Lifecycle) readonly lifecycle: Lifecycle) {}
    }
    container.bind(Service).toSelf();
    lifecycle.onExit(() => log.push('first'));
    container.get(Service).lifecycle.onExit(() => log.push('second'));
    container.get(Lifecycle).onExit(() => log.push('third'));
    await container.dispose();
    expect(log).toEqual(['third', 'second', 'first']);
  });

  test('test_callback_on_subinterpreter_teardown (P17) › callbacks of a child run at its end, or before those of its parent', async () => {
    const [disposed, living] = [container, container].map((parent) => createContainer({ parent }));
    lifecycle.onExit(() => log.push('parent'));
    disposed?.get(Lifecycle).onExit(() => log.push('disposed child'));
    living?.get(Lifecycle).onExit(() => log.push('living child'));
    await disposed?.dispose();
    expect(log).toEqual(['disposed child']);
    await container.dispose();
    expect(log).toEqual(['disposed child', 'living child', 'parent']);
  });

  test('test_thread_created_in_atexit (P16) › what a callback has made, or registered, is waited for and exited next', async () => {
    container.bind('late').to(closingAsync('late'));
    lifecycle.onExit(() => log.push('last'));
    lifecycle.onExit(() => {
      lifecycle.onExit(() => log.push('registered'));
      container.get('late');
      log.push('callback');
    });
    await container.dispose();
    expect(log).toEqual(['callback', 'late', 'registered', 'last']);
  });

  test('test_thread_created_in_atexit_subinterpreter (P16) › also what it has made in a child that is new', async () => {
    lifecycle.onExit(() => log.push('last'));
    lifecycle.onExit(() => {
      const child = createContainer({ parent: container });
      child.bind('late').to(closing('late'));
      child.get('late');
      log.push('callback');
    });
    await container.dispose();
    expect(log).toEqual(['callback', 'late', 'last']);
  });
});
