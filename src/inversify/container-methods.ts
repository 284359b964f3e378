/** What is put before a container's own methods. */
import type { Container, ServiceIdentifier } from 'inversify';

import { ContainerDisposedError } from '../disposal/errors.js';
import { identifierName, isAsyncFunction } from '../shared/inspect.js';

type Method = (...parameters: unknown[]) => unknown;

const resolving = ['get', 'getAsync', 'getAll', 'getAllAsync'];
// Names with Sync are those of Inversify 7, with Async mostly those of 8.
const rebinding = ['rebind', 'rebindAsync', 'rebindSync'];
const loading = ['load', 'loadAsync', 'loadSync'];
/** Those that only look. */
export const looking = ['isBound', 'isCurrentBound'];
/** Those that may deactivate. */
export const removing = [
  ...rebinding,
  ...['unbind', 'unbindAsync', 'unbindSync', 'unbindAll', 'unbindAllAsync', 'unbindAllSync'],
  ...['unload', 'unloadAsync', 'unloadSync'],
];

/** Is told of calls of the methods that resolve. */
interface GetListener {
  getBegins(): number | undefined;
  /** @param outer what it has returned when this call began. */
  getEnds(outer: number | undefined): void;
}

/** Tells of each call of the methods that resolve. A closure for each would cost more than a `get`. */
export function watchGets(container: Container, listener: GetListener): void {
  replace(container, resolving, (method) => (...parameters) => {
    const outer = listener.getBegins();
    try {
      return Reflect.apply(method, container, parameters);
    } finally {
      listener.getEnds(outer);
    }
  });
}

/** Has calls of these methods made by something that stands around them. */
export function surround(
  container: Container,
  names: readonly string[],
  around: <T>(call: () => T) => T,
): void {
  replace(
    container,
    names,
    (method) =>
      (...parameters) =>
        around(() => Reflect.apply(method, container, parameters)),
  );
}

/** Makes everything fail that resolves or binds. What only looks, or removes, still works. */
export function closeContainer(container: Container): void {
  close(container, resolving, 'resolve', identifierName);
  close(container, ['bind', ...rebinding], 'bind', identifierName);
  close(container, loading, 'load', () => 'ContainerModule');
}

function close(
  container: Container,
  names: readonly string[],
  verb: string,
  serviceOf: (argument: ServiceIdentifier) => string,
): void {
  replace(container, names, (_method, name) => {
    // Its class tells; what stands before it by now may not.
    const rejects = isAsyncFunction(Reflect.get(Object.getPrototypeOf(container) as object, name));
    return (argument) => {
      const service = serviceOf(argument as ServiceIdentifier);
      const error = new ContainerDisposedError(`${verb} ${service}`, service);
      if (rejects) {
        return Promise.reject(error);
      }
      throw error;
    };
  });
}

function replace(
  container: Container,
  names: readonly string[],
  replacement: (method: Method, name: string) => Method,
): void {
  for (const name of names) {
    const method: unknown = Reflect.get(container, name);
    if (typeof method === 'function') {
      Object.defineProperty(container, name, {
        value: replacement(method as Method, name),
        configurable: true,
        writable: true,
      });
    }
  }
}
