// In a file of its own, and so with an Inversify of its own, which it breaks.
import 'reflect-metadata';

import { Plugin } from '@inversifyjs/plugin';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Container } from 'inversify';
import { Lifecycle, LifecycleModule } from 'inversify-onexit';

import { Pool } from '../support/services.js';

type Insides = Plugin<Container>['_context'];

function insidesOf(container: Container): Insides {
  const found: Insides[] = [];
  class Look extends Plugin<Container> {
    load(): void {
      found.push(this._context);
    }
  }
  container.register(Look);
  const [insides] = found;
  if (insides === undefined) {
    throw new Error('plugins are not loaded at once');
  }
  return insides;
}

const { bindingService, activationService } = insidesOf(new Container());
const bindings = Object.getPrototypeOf(bindingService) as object;
const activations = Object.getPrototypeOf(activationService) as object;

describe('P3 every way to create › an Inversify that has changed inside', () => {
  let restore: () => void;

  function change(service: object, method: string, changed: unknown): void {
    const original: unknown = Reflect.get(service, method);
    Object.defineProperty(service, method, { value: changed, configurable: true });
    restore = () => {
      Object.defineProperty(service, method, { value: original });
    };
  }

  afterEach(() => {
    restore();
  });

  function expectRefusal(fault: RegExp): void {
    const container = new Container();
    const { bindingService, planResultCacheService } = insidesOf(container);
    const before = [Object.keys(bindingService), Object.keys(planResultCacheService)];
    let error: unknown;
    try {
      container.register(LifecycleModule);
    } catch (thrown) {
      error = thrown;
    }
    restore();
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toMatch(
      /^LifecycleModule cannot collect instances from the installed Inversify: /,
    );
    expect(message).toMatch(fault);
    expect(message).toMatch(
      /It is tested with 7\.11\.0, 8\.0\.0 and 8\.2\.3: install one of these, or a newer inversify-onexit\.$/,
    );
    expect([Object.keys(bindingService), Object.keys(planResultCacheService)]).toEqual(before);
    expect(Object.hasOwn(container, 'dispose')).toBe(false);
    expect(container.isBound(Lifecycle)).toBe(false);
    container.bind(Pool).toSelf();
    expect(container.get(Pool)).toBeInstanceOf(Pool);
  }

  test('is refused, and left as it was, when bindings are looked up by another way', () => {
    const lookUp = Reflect.get(bindings, 'getNonParentBindings') as (
      identifier: unknown,
    ) => unknown;
    change(bindings, 'get', function (this: unknown, identifier: unknown) {
      return Reflect.apply(lookUp, this, [identifier]);
    });
    expectRefusal(/ Inversify: No .*bindings found/);
  });

  test('is refused, and left as it was, when children do not find their parents', () => {
    change(activations, 'get', () => undefined);
    expectRefusal(/ Inversify: 3 instances of a parent and its child were collected as 3 and 0\. /);
  });

  test('is refused, and left as it was, when a method is not there', () => {
    change(bindings, 'getNonParentBindings', undefined);
    expectRefusal(/ Inversify: its bindingService has no method getNonParentBindings\. /);
  });

  test('is refused, whatever it throws', () => {
    change(activations, 'get', () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as a strange version may do
      throw 'a string';
    });
    expectRefusal(/ Inversify: a string\. /);
  });
});
