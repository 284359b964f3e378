/** What Inversify has of a container: its class, and what it gives to plugins. */
import { Plugin, type PluginContext } from '@inversifyjs/plugin';
import type { Container, ContainerOptions } from 'inversify';

import { isObject, shown } from '../shared/inspect.js';

/** Inversify's own class, of the same copy: the constructor of a subclass may take anything. */
export function inversifyClassOf(container: Container): typeof Container {
  let found = container.constructor;
  for (
    let prototype: unknown = Object.getPrototypeOf(container);
    isObject(prototype);
    prototype = Object.getPrototypeOf(prototype)
  ) {
    // The last one: a subclass may override it.
    if (Object.hasOwn(prototype, 'register')) {
      found = prototype.constructor;
    }
  }
  return found as typeof Container;
}

/** What Inversify gives to the plugins of a container. */
export function pluginContextOf(container: Container): PluginContext {
  let context!: PluginContext;
  container.register(
    class extends Plugin<Container> {
      load(): void {
        context = this._context;
      }
    },
  );
  return context;
}

/**
 * A child container, of the class that Inversify itself made the parent of: not a user's subclass, whose
 * constructor may take anything.
 *
 * @throws TypeError if the options are no object, or have another parent.
 */
export function createChild(parent: Container, options: ContainerOptions = {}): Container {
  if (!isObject(options)) {
    throw new TypeError(
      `createScope() was given ${shown(options)} where it takes an object: the options of Inversify's ` +
        'Container.',
    );
  }
  if (options.parent !== undefined && options.parent !== parent) {
    throw new TypeError(
      'createScope() was given another parent. The parent of a scope is the container of the Lifecycle ' +
        'that opens it: leave the option out, or call createScope() of the other container.',
    );
  }
  return new (inversifyClassOf(parent))({ ...options, parent });
}
