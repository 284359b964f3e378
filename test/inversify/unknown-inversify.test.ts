// In a file of its own, and so with an Inversify of its own, which it breaks.
import 'reflect-metadata';

import { Plugin } from '@inversifyjs/plugin';
import { describe, expect, test } from '@jest/globals';
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

const classOfBindings = insidesOf(new Container()).bindingService.constructor as {
  prototype: object;
};

describe('P3 every way to create › an Inversify that has changed inside', () => {
  function expectRefusal(fault: string): void {
    const container = new Container();
    const { bindingService, planResultCacheService } = insidesOf(container);
    const before = [Object.keys(bindingService), Object.keys(planResultCacheService)];
    expect(() => {
      container.register(LifecycleModule);
    }).toThrow(
      new Error(
        `LifecycleModule cannot collect instances from the installed Inversify: ${fault}. It is ` +
          'tested with 7.11.0, 8.0.0 and 8.2.3: install one of these, or a newer inversify-onexit.',
      ),
    );
    expect([Object.keys(bindingService), Object.keys(planResultCacheService)]).toEqual(before);
    expect(Object.hasOwn(container, 'dispose')).toBe(false);
    expect(container.isBound(Lifecycle)).toBe(false);
    container.bind(Pool).toSelf();
    expect(container.get(Pool)).toBeInstanceOf(Pool);
  }

  test('is refused, and left as it was, when bindings are looked up by another way', () => {
    const lookUp: unknown = Reflect.get(classOfBindings.prototype, 'getNonParentBindings');
    Object.defineProperty(classOfBindings.prototype, 'get', { value: lookUp });
    Object.defineProperty(classOfBindings.prototype, 'getChained', { value: lookUp });
    expectRefusal('2 of 2 instances were not seen');
  });

  test('is refused, and left as it was, when a method is not there', () => {
    Object.defineProperty(classOfBindings.prototype, 'getNonParentBindings', { value: undefined });
    expectRefusal('its bindingService has no method getNonParentBindings');
  });
});
