/** Overrides methods of a container: while it is managed, and when it is disposed. */
import type { Container, ServiceIdentifier } from 'inversify';

import { ContainerDisposedError } from '../disposal/errors.js';
import { identifierName, isAsyncFunction } from '../shared/inspect.js';

/** Makes a call that may deactivate singletons. */
type Around = <T>(remove: () => T) => T;

const aroundKey = Symbol('inversify-onexit/around');
type Managed = Container & { readonly [aroundKey]: Around };

type Method = (this: Managed, ...parameters: unknown[]) => unknown;

/** Makes a method that takes the place of one of a class. */
type Override = (method: Method, name: string, prototype: object) => Method;
type Overrides = ReadonlyMap<string, Override>;

const resolving = ['get', 'getAsync', 'getAll', 'getAllAsync'];
// The names with Sync are those of Inversify 7, most of those with Async are of Inversify 8.
const rebinding = ['rebind', 'rebindAsync', 'rebindSync'];
const loading = ['load', 'loadAsync', 'loadSync'];

/** Of the methods that may deactivate singletons. */
const managing: Overrides = overridesOf(
  [
    ...rebinding,
    ...['unbind', 'unbindAsync', 'unbindSync', 'unbindAll', 'unbindAllAsync', 'unbindAllSync'],
    ...['unload', 'unloadAsync', 'unloadSync'],
  ],
  (method) =>
    function (...parameters) {
      return this[aroundKey](() => Reflect.apply(method, this, parameters));
    },
);

/** Of the methods that resolve or bind: those that only check, or remove, still work. */
const closing: Overrides = new Map([
  ...overridesOf(resolving, refusing('resolve', identifierName)),
  ...overridesOf(['bind', ...rebinding], refusing('bind', identifierName)),
  ...overridesOf(
    loading,
    refusing('load', () => 'ContainerModule'),
  ),
]);

/** Passes each call of a method that may deactivate singletons to `around`, which makes it. */
export function manageContainer(container: Container, around: Around): void {
  Object.defineProperty(container, aroundKey, { value: around });
  put(container, derivedOf(container).managed, managing);
}

/** Makes all methods fail that resolve or bind. */
export function closeContainer(container: Container): void {
  put(container, derivedOf(container).closed, closing);
}

interface Derived {
  readonly managed: object;
  readonly closed: object;
}

/** For each class: methods of its own for each container would cost more than all else. */
const derived = new WeakMap<object, Derived>();

function derivedOf(container: Container): Derived {
  const prototype = Object.getPrototypeOf(container) as object;
  let found = derived.get(prototype);
  if (found === undefined) {
    const managed = override(Object.create(prototype) as object, prototype, managing);
    found = { managed, closed: override(Object.create(managed) as object, managed, closing) };
    derived.set(prototype, found);
    // That of a container which is managed already.
    derived.set(managed, found);
  }
  return found;
}

/** Puts a class between a container and its own. */
function put(container: Container, prototype: object, overrides: Overrides): void {
  // Somebody may have put a method of the container's own before that of its class.
  const own = Object.getOwnPropertyNames(container).filter((name) => overrides.has(name));
  if (own.length > 0) {
    override(container, prototype, new Map([...overrides].filter(([name]) => own.includes(name))));
  }
  Object.setPrototypeOf(container, prototype);
}

/** Overrides methods of the target, which it has or inherits from the prototype. */
function override(target: object, prototype: object, overrides: Overrides): object {
  for (const [name, overriding] of overrides) {
    const method: unknown = Reflect.get(target, name);
    if (typeof method === 'function') {
      const value = overriding(method as Method, name, prototype);
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
    }
  }
  return target;
}

function overridesOf(names: readonly string[], overriding: Override): Overrides {
  return new Map(names.map((name) => [name, overriding]));
}

function refusing(verb: string, serviceOf: (argument: ServiceIdentifier) => string): Override {
  return (_method, name, prototype) => {
    const rejects = isAsync(prototype, name);
    return (argument) => {
      const service = serviceOf(argument as ServiceIdentifier);
      const error = new ContainerDisposedError(`${verb} ${service}`, service);
      if (rejects) {
        return Promise.reject(error);
      }
      throw error;
    };
  };
}

/** Whether Inversify's own method is: one that was put before it may not be. */
function isAsync(prototype: object | null, name: string): boolean {
  return (
    prototype !== null &&
    (isAsyncFunction(Reflect.get(prototype, name)) ||
      isAsync(Object.getPrototypeOf(prototype) as object | null, name))
  );
}
