import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { injectable } from 'inversify';
import { Lifecycle, LifecycleModule, OnExit } from 'inversify-onexit';

import {
  classNameOf,
  describe as described,
  functionName,
  identifierName,
  isAsyncFunction,
  isError,
  isGeneratorFunction,
  serviceName,
  shown,
  tagOf,
} from '../../src/shared/inspect.js';
import { thrownBy } from '../support/closing.js';
import { createContainer } from '../support/containers.js';
import { log } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

function throwing(): never {
  throw new Error('hostile');
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function withGetter(target: object, name: string | symbol): object {
  return Object.defineProperty(target, name, { get: throwing });
}

/** Each throws for at least one way of looking at it. */
const hostile: Readonly<Record<string, object>> = {
  'a revoked proxy': revoked({}),
  'a revoked proxy of a function': revoked(throwing),
  'a revoked proxy of a class': revoked(class Pool {}),
  'a revoked proxy of an array': revoked([]),
  'a revoked proxy of an error': revoked(new Error('x')),
  'a constructor that throws': withGetter({}, 'constructor'),
  'a class whose name throws': new (withGetter(class {}, 'name') as new () => object)(),
  'a function whose name throws': withGetter(() => 1, 'name'),
  'a tag that throws': withGetter({}, Symbol.toStringTag),
  'a message that throws': withGetter(new Error('x'), 'message'),
  'texts that throw': { toString: throwing, valueOf: throwing, [Symbol.toPrimitive]: throwing },
  'a text that is none': { toString: () => ({}), valueOf: () => ({}) },
  'every trap throws': new Proxy(() => 1, new Proxy({}, { get: throwing })),
};

test.each(Object.entries(hostile))('P20 The report › a name for %s', (_, value) => {
  const identifier = value as new () => object;
  const names = [
    classNameOf(value),
    functionName(value as () => unknown),
    identifierName(identifier),
    serviceName(identifier, value),
    shown(value),
    described(value),
    tagOf(value),
  ];
  expect(names.filter((name) => typeof name !== 'string' || name === '')).toEqual([]);
  expect([isAsyncFunction(value), isGeneratorFunction(value)]).toEqual([false, false]);
  expect(typeof isError(value)).toBe('boolean');
});

test('P20 The report › a name says what a value is as far as that is possible', () => {
  expect(classNameOf(hostile['a constructor that throws'])).toBe('object');
  expect(classNameOf(hostile['a class whose name throws'])).toBe('anonymous');
  expect(classNameOf(Object.create(null))).toBe('object');
  expect([classNameOf(null), classNameOf(1n)]).toEqual(['null', 'bigint']);
  expect(functionName(hostile['a function whose name throws'] as () => unknown)).toBe('anonymous');
  expect(serviceName('Pool', hostile['a revoked proxy'])).toBe('Pool [object]');
  expect(serviceName(Symbol('Pool'), new Map())).toBe('Symbol(Pool) [Map]');
  expect(tagOf(hostile['a tag that throws'])).toBe('[object Object]');
  expect(described(hostile['texts that throw'])).toBe('a value that cannot be printed');
  expect(['Pool', 1n, Symbol('x'), undefined].map(shown)).toEqual([
    "'Pool'",
    '1n',
    'Symbol(x)',
    'undefined',
  ]);
});

describe('P7 Owner › get throws nothing that it does not throw without the module', () => {
  test.each(['constructor', 'name', Symbol.toStringTag, 'message', 'toJSON'])(
    'for an instance whose %p getter throws',
    async (name) => {
      @injectable()
      class Hostile {
        constructor() {
          withGetter(this, name);
        }

        @OnExit()
        close(): void {
          log.push('Hostile');
        }
      }
      const container = createContainer();
      container.bind('transient').to(Hostile);
      container.bind('singleton').to(Hostile).inSingletonScope();
      container.bind('dynamic').toDynamicValue(() => new Hostile());
      for (const service of ['transient', 'singleton', 'dynamic']) {
        expect(container.get(service)).toBeInstanceOf(Hostile);
      }
      const { exits } = await container.dispose();
      expect(exits.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
      expect(log).toEqual(['Hostile', 'Hostile', 'Hostile']);
    },
  );

  test('for a class whose name throws', async () => {
    @injectable()
    class Hostile {
      static get name(): string {
        return throwing();
      }

      @OnExit()
      close(): void {
        log.push('Hostile');
      }
    }
    const container = createContainer();
    container.bind('service').to(Hostile).inSingletonScope();
    container.get('service');
    expect(String(await container.dispose())).toContain('service [anonymous].close');
    expect(log).toEqual(['Hostile']);
  });
});

describe('P20 The report › hooks of hostile values are named', () => {
  test('a callback whose name throws', async () => {
    const container = createContainer();
    const lifecycle = container.get(Lifecycle);
    lifecycle.onExit(withGetter(() => log.push('ran'), 'name') as () => void);
    const { exits } = await container.dispose();
    expect(exits).toMatchObject([{ service: 'callback', hook: 'anonymous', outcome: 'done' }]);
    expect(log).toEqual(['ran']);
  });

  test.each(Object.entries(hostile))('an option that is %s is refused as one', (_, value) => {
    const refusals = [
      () => LifecycleModule.with({ transients: value as unknown as 'own' }),
      () => LifecycleModule.with({ timeout: value as unknown as number }),
      () => OnExit({ timeout: value as unknown as number }),
    ].map(thrownBy);
    for (const error of refusals) {
      expect(String(error)).toContain(' was given ');
    }
  });

  test.each(Object.entries(hostile))(
    'a hook that throws %s stops no other',
    async (_, value: unknown) => {
      const container = createContainer();
      const lifecycle = container.get(Lifecycle);
      lifecycle.onExit(() => log.push('other'));
      lifecycle.onExit(() => {
        throw value;
      });
      const error = (await container.dispose().catch((thrown: unknown) => thrown)) as {
        report: unknown;
      };
      expect(log).toEqual(['other']);
      expect(JSON.parse(JSON.stringify(error.report))).toMatchObject({
        exits: [{ outcome: 'failed', error: expect.anything() }, { outcome: 'done' }],
      });
    },
  );
});
