// This folder is compiled without `experimentalDecorators`.
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { OnExit, type ExitContext } from 'inversify-onexit';

import { createContainer } from '../support/containers.js';

let log: string[];

beforeEach(() => {
  log = [];
});

describe('P1 any method › with standard decorators', () => {
  test('string and symbol names, inherited, overridden, in order', async () => {
    const flush = Symbol('flush');
    class Base {
      @OnExit()
      protected closeBase(): void {
        log.push('base');
      }
      @OnExit()
      overridden(): void {
        log.push('base overridden');
      }
    }
    class Service extends Base {
      @OnExit()
      first({ reason }: ExitContext): void {
        log.push(`first ${String(reason)}`);
      }
      @OnExit()
      async [flush](): Promise<void> {
        await Promise.resolve();
        log.push('flush');
      }
      @OnExit()
      last(): void {
        log.push('last');
      }
      override overridden(): void {
        log.push('overridden');
      }
    }
    const container = createContainer();
    container.bind('service').toDynamicValue(() => new Service());
    container.bind(Service).toSelf();
    container.get('service');
    container.get(Service);
    await container.dispose({ reason: 'now' });
    const exited = ['overridden', 'last', 'flush', 'first now', 'base'];
    expect(log).toEqual([...exited, ...exited]);
  });

  test('a decorator below it may replace the method', async () => {
    class Service {
      @OnExit()
      @logged
      close(): void {
        log.push('close');
      }
    }
    const container = createContainer();
    container.bind(Service).toSelf();
    container.get(Service);
    await container.dispose();
    expect(log).toEqual(['logged', 'close']);
  });

  test('a decorator above it that replaces the method is an error, as it would hide the hook', () => {
    class Service {
      @logged
      @OnExit()
      close(): void {}
    }
    expect(() => new Service()).toThrow(
      new TypeError(
        'Service.close: @OnExit() is hidden by another decorator, which replaced the method. ' +
          'Write @OnExit() above it.',
      ),
    );
  });

  test.each([
    [
      'a static method',
      () => {
        class Service {
          // @ts-expect-error -- the compiler says so, too
          @OnExit()
          static shutdown(): void {}
        }
        return Service;
      },
      '.shutdown: @OnExit() marks instance methods; a static method belongs to no instance. ' +
        'Register it with lifecycle.onExit() instead.',
    ],
    [
      'a generator method',
      () => {
        class Service {
          @OnExit()
          *close(): Generator {
            yield this;
          }
        }
        return Service;
      },
      '.close: @OnExit() cannot mark a generator method, since calling it runs nothing of it. ' +
        'Make it a method, async if it has to wait.',
    ],
    [
      'a #private method',
      () => {
        class Service {
          // @ts-expect-error -- the compiler says so, too
          @OnExit()
          #close(): void {}

          close(): void {
            this.#close();
          }
        }
        return Service;
      },
      '.#close: @OnExit() cannot mark a #private method, which nothing outside its class can ' +
        "call. Declare it with TypeScript's `private` instead.",
    ],
    [
      'an accessor',
      () => {
        class Service {
          // @ts-expect-error -- the compiler says so, too
          @OnExit()
          get url(): string {
            return '';
          }
        }
        return Service;
      },
      '.url: @OnExit() marks instance methods, and this is none. Mark a method, or register a ' +
        'callback with lifecycle.onExit().',
    ],
    [
      'a field',
      () => {
        class Service {
          // @ts-expect-error -- the compiler says so, too
          @OnExit()
          port = 80;
        }
        return Service;
      },
      '.port: @OnExit() marks instance methods, and this is none. Mark a method, or register a ' +
        'callback with lifecycle.onExit().',
    ],
    [
      'a class',
      () => {
        // @ts-expect-error -- the compiler says so, too
        @OnExit()
        class Service {}
        return Service;
      },
      'Service: @OnExit() marks instance methods, and this is none. Mark a method, or register a ' +
        'callback with lifecycle.onExit().',
    ],
    [
      'a method, without parentheses',
      () => {
        class Service {
          // @ts-expect-error -- the compiler says so, too
          @OnExit
          close(): void {}
        }
        return Service;
      },
      '.close: @OnExit() was written without its parentheses. Write @OnExit().',
    ],
  ])('misuse is an error where it is decorated: %s', (_case, declare, message) => {
    expect(declare).toThrow(new TypeError(message));
  });
});

function logged<This>(
  method: (this: This) => void,
  _context: ClassMethodDecoratorContext<This>,
): (this: This) => void {
  return function (this: This) {
    log.push('logged');
    method.call(this);
  };
}
