import process from 'node:process';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Container } from 'inversify';
import { Lifecycle } from 'inversify-onexit';
import {
  disposeOnExit,
  exit,
  type DisposeOnExitOptions,
  type Unhook,
} from 'inversify-onexit/process';

import { createContainer } from '../support/containers.js';

const events = [
  'beforeExit',
  'exit',
  'uncaughtException',
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGBREAK',
  'SIGUSR2',
];

let before: number[];
let unhooks: Unhook[];

beforeEach(() => {
  before = listeners();
  unhooks = [];
});

afterEach(() => {
  for (const unhook of unhooks) {
    unhook();
  }
  expect(listeners()).toEqual(before);
});

function listeners(): number[] {
  return events.map((event) => process.listenerCount(event));
}

/** How many listeners of each event there are more than before. */
function added(): number[] {
  return listeners().map((count, index) => count - (before[index] ?? 0));
}

/** Attaches what is given, or a container. */
function attach(options?: DisposeOnExitOptions, ...given: unknown[]): Unhook {
  const container = given.length === 0 ? createContainer() : given[0];
  const unhook = disposeOnExit(container as Container, options);
  unhooks.push(unhook);
  return unhook;
}

const all = [1, 1, 1, 1, 1, 1, 0, 0];
const none = events.map(() => 0);

describe('disposeOnExit()', () => {
  test('P25 listens once, however many containers there are', () => {
    for (let count = 0; count < 12; count++) {
      attach();
    }
    attach({}, [createContainer(), createContainer()]);
    expect(added()).toEqual(all);
  });

  test('listens to the given signals, each once, and to no errors with fatal: false', () => {
    attach({ signals: ['SIGUSR2', 'SIGUSR2', 'SIGBREAK'], fatal: false });
    expect(added()).toEqual([1, 1, 0, 0, 0, 0, 0, 1]);
  });

  test('listens to nothing when there is nothing to dispose', async () => {
    const disposed = createContainer();
    await disposed.dispose();
    attach({}, []);
    attach({}, disposed);
    expect(added()).toEqual(none);
  });

  test('P25 a container disposed by hand unhooks itself', async () => {
    const [first, second] = [createContainer(), createContainer()];
    attach({}, [first, second]);
    await first.dispose();
    expect(added()).toEqual(all);
    await second.dispose();
    expect(added()).toEqual(none);
  });

  test('P25 so does one that `using` disposes, and one whose hooks fail', () => {
    const container = createContainer();
    attach({}, container);
    container[Symbol.dispose]();
    expect(added()).toEqual(none);
  });

  test('a parent that is disposed by hand unhooks its children', async () => {
    const parent = createContainer();
    attach({}, [parent, createContainer({ parent })]);
    await parent.dispose();
    expect(added()).toEqual(none);
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['container', 'string'],
    [42, 'number'],
    [{}, 'Object'],
    [new Container(), 'Container'],
    [() => undefined, 'Function'],
    [[createContainer(), new Container()], 'Container'],
    [[undefined], 'undefined'],
    [[[createContainer()]], 'Array'],
  ])('refuses what is no container, as %o', (container, name) => {
    expect(() => attach({}, container)).toThrow(
      new TypeError(
        `disposeOnExit() was given ${name}, which has no method dispose(). It takes containers: ` +
          'register LifecycleModule on each of them first.',
      ),
    );
    expect(added()).toEqual(none);
  });

  test.each([
    ['timeout', 0, RangeError, '0'],
    ['timeout', -1, RangeError, '-1'],
    ['timeout', NaN, RangeError, 'NaN'],
    ['timeout', '8000', TypeError, "'8000'"],
    ['timeout', null, TypeError, 'null'],
    ['timeout', 5n, TypeError, '5n'],
    ['repeatAfter', 0, RangeError, '0'],
    ['repeatAfter', {}, TypeError, 'Object'],
  ])('refuses %s: %p', (option, value, Fault, shown) => {
    expect(() => attach({ [option]: value })).toThrow(
      new Fault(
        `disposeOnExit() ${option} was given ${shown}. It takes milliseconds: a number greater than 0, ` +
          'or Infinity.',
      ),
    );
    expect(added()).toEqual(none);
  });

  test.each([
    ['fatal', 1, '1', 'true or false'],
    ['fatal', null, 'null', 'true or false'],
    ['terminate', 'yes', "'yes'", 'true or false'],
    ['report', 'stderr', "'stderr'", 'a function'],
    ['report', {}, 'Object', 'a function'],
    ['signals', 'SIGTERM', "'SIGTERM'", "an array of names such as 'SIGTERM'"],
  ])('refuses %s: %p', (option, value, shown, takes) => {
    expect(() => attach({ [option]: value })).toThrow(
      new TypeError(`disposeOnExit() ${option} was given ${shown}. It takes ${takes}.`),
    );
    expect(added()).toEqual(none);
  });

  test.each([
    ['SIGFOO', "'SIGFOO'"],
    ['sigterm', "'sigterm'"],
    ['toString', "'toString'"],
    [15, '15'],
    [undefined, 'undefined'],
  ])('refuses the signal %p', (signal, shown) => {
    expect(() => attach({ signals: ['SIGTERM', signal as NodeJS.Signals] })).toThrow(
      new TypeError(
        `disposeOnExit() signals has ${shown}, which is no signal here. It takes names such as 'SIGTERM'.`,
      ),
    );
    expect(added()).toEqual(none);
  });

  test.each(['SIGKILL', 'SIGSTOP'] as const)('refuses the signal %s', (signal) => {
    expect(() => attach({ signals: [signal] })).toThrow(
      new TypeError(
        `disposeOnExit() signals has '${signal}', which no process can handle: nothing is disposed on ` +
          'it. Leave it out.',
      ),
    );
    expect(added()).toEqual(none);
  });
});

describe('P25 the policy is the process’s', () => {
  const report = (): void => undefined;

  test.each<[keyof DisposeOnExitOptions, DisposeOnExitOptions, DisposeOnExitOptions, string]>([
    ['timeout', {}, { timeout: 5 }, '5, but an earlier call has set 8000'],
    ['timeout', { timeout: 5 }, { timeout: 8_000 }, '8000, but an earlier call has set 5'],
    ['fatal', { fatal: false }, { fatal: true }, 'true, but an earlier call has set false'],
    ['terminate', {}, { terminate: false }, 'false, but an earlier call has set true'],
    ['repeatAfter', {}, { repeatAfter: 1 }, '1, but an earlier call has set 1000'],
    [
      'signals',
      { signals: ['SIGINT', 'SIGTERM'] },
      { signals: ['SIGTERM'] },
      'SIGTERM, but an earlier call has set SIGINT, SIGTERM',
    ],
    ['report', {}, { report }, 'Function, but an earlier call has set undefined'],
  ])('a later call that says otherwise throws: %s %p, %p', (option, first, later, said) => {
    attach(first);
    const once = added();
    expect(() => attach(later)).toThrow(
      new Error(
        `disposeOnExit() was given ${option}: ${said}, and the process can only end one way. Give the ` +
          'options once, in the first call.',
      ),
    );
    expect(added()).toEqual(once);
  });

  test('a later call that says the same is none, nor one that says nothing', () => {
    const options: DisposeOnExitOptions = {
      signals: ['SIGTERM', 'SIGINT'],
      timeout: 5,
      fatal: false,
      terminate: false,
      repeatAfter: 1,
      report,
    };
    attach(options);
    attach(options);
    attach();
    attach({ timeout: undefined } as object);
    attach({ signals: ['SIGINT', 'SIGTERM', 'SIGINT'] });
    expect(added()).toEqual([1, 1, 0, 1, 1, 0, 0, 0]);
  });

  test('a later call that says the defaults is none', () => {
    attach();
    attach({
      signals: ['SIGINT', 'SIGTERM', 'SIGHUP'],
      timeout: 8_000,
      fatal: true,
      terminate: true,
      repeatAfter: 1_000,
    });
    expect(added()).toEqual(all);
  });

  test('is forgotten with the last container', () => {
    const [first, second] = [attach({ timeout: 5 }), attach()];
    first();
    expect(() => attach({ timeout: 6 })).toThrow('5');
    second();
    attach({ timeout: 6 });
    expect(() => attach({ timeout: 5 })).toThrow('6');
  });
});

describe('Unhook', () => {
  test('works twice', () => {
    const [first, second] = [attach(), attach()];
    first();
    first();
    expect(added()).toEqual(all);
    second();
    expect(added()).toEqual(none);
    second();
    attach();
    second[Symbol.dispose]();
    expect(added()).toEqual(all);
  });

  test('works with `using`', () => {
    {
      using _unhook = disposeOnExit(createContainer());
      expect(added()).toEqual(all);
    }
    expect(added()).toEqual(none);
  });

  test('undoes its own call only', () => {
    const container = createContainer();
    const [first, second] = [attach({}, [container, container]), attach({}, container)];
    first();
    expect(added()).toEqual(all);
    second();
    expect(added()).toEqual(none);
  });
});

describe('exit()', () => {
  test.each([
    [2.5, '2.5'],
    [NaN, 'NaN'],
    ['1', "'1'"],
    [null, 'null'],
    [true, 'true'],
  ])('refuses %p, and nothing has happened', async (code, shown) => {
    const container = createContainer();
    attach({}, container);
    const chosen = process.exitCode;
    await expect(exit(code as number)).rejects.toThrow(
      new TypeError(
        `exit() was given ${shown}. It takes an exit code, a whole number, or nothing for process.exitCode.`,
      ),
    );
    expect(process.exitCode).toBe(chosen);
    expect(container.get(Lifecycle).state).toBe('active');
    expect(added()).toEqual(all);
  });
});
