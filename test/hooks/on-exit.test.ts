import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { decorate, inject, injectable } from 'inversify';
import { Lifecycle, OnExit, type ExitContext } from 'inversify-onexit';

import { createContainer } from '../support/containers.js';
import { log, Pool } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

describe('P1 any method', () => {
  test('string and symbol names, public or not, sync or async, several of one class', async () => {
    const flush = Symbol('flush');
    @injectable()
    class Service {
      @OnExit()
      first(): number {
        log.push('first');
        return 1;
      }

      @OnExit()
      async [flush](): Promise<void> {
        await Promise.resolve();
        log.push('flush');
      }

      @OnExit()
      private third(): void {
        log.push('third');
      }

      @OnExit()
      async [Symbol.asyncDispose](): Promise<string> {
        log.push('asyncDispose');
        return Promise.resolve('ignored');
      }

      @OnExit()
      protected last(): void {
        log.push('last');
      }
    }
    const container = createContainer();
    container.bind(Service).toSelf().inSingletonScope();
    container.get(Service);
    const report = await container.dispose();
    expect(log).toEqual(['last', 'asyncDispose', 'third', 'flush', 'first']);
    expect(report.exits.map(({ hook }) => hook)).toEqual([
      'last',
      '[Symbol.asyncDispose]',
      'third',
      '[flush]',
      'first',
    ]);
    expect(String(report)).toContain('done  Service[Symbol.asyncDispose]  ');
  });

  test('a method named dispose or [Symbol.asyncDispose] is not called unless marked', async () => {
    @injectable()
    class Service {
      @OnExit()
      close(): void {
        log.push('close');
      }
      dispose(): void {
        log.push('dispose');
      }
      async [Symbol.asyncDispose](): Promise<void> {
        log.push('asyncDispose');
        return Promise.resolve();
      }
    }
    const container = createContainer();
    container.bind(Service).toSelf();
    container.get(Service);
    await container.dispose();
    expect(log).toEqual(['close']);
  });

  test('a hook is called on its instance, with an ExitContext that has the reason', async () => {
    const given: unknown[] = [];
    @injectable()
    class Service {
      readonly name = 'service';

      @OnExit()
      close(context: ExitContext): void {
        given.push(this.name, context.reason);
      }
    }
    const container = createContainer();
    container.bind(Service).toSelf();
    container.get(Service);
    await container.dispose({ reason: 'the test is over' });
    expect(given).toEqual(['service', 'the test is over']);
  });

  test('a thenable that is no Promise is awaited', async () => {
    @injectable()
    class Lazy {
      constructor(@inject(Pool) readonly pool: Pool) {}

      @OnExit()
      close(): PromiseLike<void> {
        return {
          then: (resolve, reject) =>
            Promise.resolve()
              .then(() => {
                log.push('Lazy');
              })
              .then(resolve, reject),
        };
      }
    }
    const container = createContainer();
    container.bind(Pool).toSelf();
    container.bind(Lazy).toSelf();
    container.get(Lazy);
    await container.dispose();
    expect(log).toEqual(['Lazy', 'Pool']);
  });

  test('another decorator around it, which replaces the method, does not hide it', async () => {
    function Logged(): MethodDecorator {
      return (_prototype, name, descriptor) => {
        descriptor.value = function () {
          log.push(`logged ${String(name)}`);
        } as never;
      };
    }
    @injectable()
    class Service {
      @Logged()
      @OnExit()
      close(): void {
        log.push('close');
      }
    }
    const container = createContainer();
    container.bind(Service).toSelf();
    container.get(Service);
    await container.dispose();
    expect(log).toEqual(['logged close']);
  });

  test("Inversify's decorate() can mark a method", async () => {
    class Service {
      close(): void {
        log.push('close');
      }
    }
    decorate(OnExit(), Service, 'close');
    const container = createContainer();
    container.bind(Service).toSelf();
    container.get(Service);
    await container.dispose();
    expect(log).toEqual(['close']);
  });

  test('a mark that is made after the class was bound, or read, counts', async () => {
    class Base {
      close(): void {
        log.push('close');
      }
    }
    @injectable()
    class Derived extends Base {}
    const container = createContainer();
    container.bind('early').toDynamicValue(() => new Derived());
    container.get('early');
    container.bind(Derived).toSelf();
    decorate(OnExit(), Base, 'close');
    container.get(Derived);
    await container.dispose();
    expect(log).toEqual(['close']);
  });

  test('a method whose name is a number', async () => {
    class Service {
      1(): void {
        log.push('1');
      }
    }
    // esbuild hands the number on as such.
    Reflect.apply(OnExit(), undefined, [Service.prototype, 1]);
    const container = createContainer();
    container.bind(Service).toSelf();
    container.get(Service);
    await container.dispose();
    expect(log).toEqual(['1']);
  });

  test('a class whose static member hides its name', async () => {
    class Service {
      static name(): string {
        return 'not a name';
      }
      @OnExit()
      close(): void {}
    }
    const container = createContainer();
    container.bind('service').to(Service);
    container.get('service');
    expect(container.get(Lifecycle).pending()).toEqual([
      { service: 'service [anonymous]', hook: 'close' },
    ]);
  });

  test('a mark of another copy of the package is read', async () => {
    // What the other copy's decorator leaves behind is the whole protocol between copies.
    @injectable()
    class Service {
      close(): void {
        log.push('close');
      }
    }
    Object.defineProperty(Service.prototype, Symbol.for('inversify-onexit/marks'), {
      value: new Map([['close', 0]]),
    });
    const container = createContainer();
    container.bind(Service).toSelf();
    container.get(Service);
    await container.dispose();
    expect(log).toEqual(['close']);
  });

  test('a marked method that is no method any more on exit is a failure of that hook', async () => {
    @injectable()
    class Service {
      @OnExit()
      close(): void {}
    }
    const container = createContainer();
    container.bind(Service).toSelf();
    Object.defineProperty(container.get(Service), 'close', { value: undefined });
    await expect(container.dispose()).rejects.toThrow(
      'Service.close failed: TypeError: close is marked with @OnExit() and no longer a method',
    );
  });

  describe('misuse is an error where it is decorated', () => {
    const apply = (
      target: object,
      name: string | symbol | undefined,
      descriptor?: unknown,
    ): void => {
      Reflect.apply(OnExit(), undefined, [target, name, descriptor]);
    };

    class Service {
      static shutdown(): void {}
      get url(): string {
        return this.constructor.name;
      }
      close(): void {}
      *drain(): Generator {
        yield this;
      }
      async *pump(): AsyncGenerator {
        yield Promise.resolve(this);
      }
    }
    const noBody =
      '@OnExit() cannot mark a generator method, since calling it runs nothing of it. Make it a ' +
      'method, async if it has to wait.';

    test.each([
      [
        'a generator method',
        () => {
          apply(Service.prototype, 'drain');
        },
        `Service.drain: ${noBody}`,
      ],
      [
        'an async generator method',
        () => {
          apply(Service.prototype, 'pump');
        },
        `Service.pump: ${noBody}`,
      ],
      [
        'a static method',
        () => {
          apply(Service, 'shutdown', Object.getOwnPropertyDescriptor(Service, 'shutdown'));
        },
        'Service.shutdown: @OnExit() marks instance methods; a static method belongs to no ' +
          'instance. Register it with lifecycle.onExit() instead.',
      ],
      [
        'an accessor',
        () => {
          apply(
            Service.prototype,
            'url',
            Object.getOwnPropertyDescriptor(Service.prototype, 'url'),
          );
        },
        'Service.url: @OnExit() marks instance methods, and this is none. Mark a method, or ' +
          'register a callback with lifecycle.onExit().',
      ],
      [
        'a field',
        () => {
          apply(Service.prototype, 'port', undefined);
        },
        'Service.port: @OnExit() marks instance methods, and this is none. Mark a method, or ' +
          'register a callback with lifecycle.onExit().',
      ],
      [
        'a class',
        () => {
          apply(Service, undefined);
        },
        'Service: @OnExit() marks instance methods, and this is none. Mark a method, or register ' +
          'a callback with lifecycle.onExit().',
      ],
      [
        'a method, without parentheses',
        () => {
          Reflect.apply(OnExit, undefined, [
            Service.prototype,
            'close',
            Object.getOwnPropertyDescriptor(Service.prototype, 'close'),
          ]);
        },
        'Service.close: @OnExit() was written without its parentheses. Write @OnExit().',
      ],
      [
        'a class, without parentheses',
        () => {
          Reflect.apply(OnExit, undefined, [Service]);
        },
        'Service: @OnExit() was written without its parentheses. Write @OnExit().',
      ],
      [
        'arguments',
        () => {
          Reflect.apply(OnExit, undefined, [5_000]);
        },
        '@OnExit() was given 5000. It takes options: @OnExit({ timeout: 5_000 }), or nothing.',
      ],
    ])('%s', (_case, misuse, message) => {
      expect(misuse).toThrow(new TypeError(message));
    });
  });
});

describe('P2 inherited', () => {
  test('hooks of base classes count, derived before base, without @injectFromBase', async () => {
    @injectable()
    class Base {
      @OnExit()
      closeBase(): void {
        log.push('base');
      }
    }
    @injectable()
    class Derived extends Base {
      @OnExit()
      closeDerived(): void {
        log.push('derived');
      }
    }
    const container = createContainer();
    container.bind(Derived).toSelf();
    container.get(Derived);
    await container.dispose();
    expect(log).toEqual(['derived', 'base']);
  });

  test('an override runs once and in its class, marked again or not', async () => {
    class Base {
      @OnExit()
      marked(): void {
        log.push('base marked');
      }
      @OnExit()
      plain(): void {
        log.push('base plain');
      }
      @OnExit()
      kept(): void {
        log.push('base kept');
      }
    }
    @injectable()
    class Derived extends Base {
      @OnExit()
      override marked(): void {
        log.push('derived marked');
      }
      override plain(): void {
        log.push('derived plain');
      }
    }
    const container = createContainer();
    container.bind(Derived).toSelf();
    container.get(Derived);
    await container.dispose();
    expect(log).toEqual(['derived plain', 'derived marked', 'base kept']);
  });

  test('marks of a subclass do not leak into its base or its siblings', async () => {
    @injectable()
    class Base {
      close(): void {
        log.push('base');
      }
    }
    @injectable()
    class Marked extends Base {
      @OnExit()
      override close(): void {
        log.push('marked');
      }
    }
    @injectable()
    class Sibling extends Base {
      override close(): void {
        log.push('sibling');
      }
    }
    const container = createContainer();
    for (const type of [Base, Marked, Sibling]) {
      container.bind(type).toSelf().inSingletonScope();
      container.get(type);
    }
    await container.dispose();
    expect(log).toEqual(['marked']);
  });
});
