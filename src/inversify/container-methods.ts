/** Wraps and replaces methods of a container. */
import type { Container, ServiceIdentifier } from 'inversify';

import { ContainerDisposedError } from '../disposal/errors.js';
import { identifierName, isAsyncFunction } from '../shared/inspect.js';

type Method = (...parameters: unknown[]) => unknown;

const resolving = ['get', 'getAsync', 'getAll', 'getAllAsync'];
// The names with Sync are those of Inversify 7, most of those with Async are of Inversify 8.
const rebinding = ['rebind', 'rebindAsync', 'rebindSync'];
const loading = ['load', 'loadAsync', 'loadSync'];
/** The methods that only look whether a service is bound. */
export const checking = ['isBound', 'isCurrentBound'];
/** The methods that may deactivate singletons. */
export const removing = [
  ...rebinding,
  ...['unbind', 'unbindAsync', 'unbindSync', 'unbindAll', 'unbindAllAsync', 'unbindAllSync'],
  ...['unload', 'unloadAsync', 'unloadSync'],
];

/** Called at the start and at the end of each method that resolves. */
interface GetListener {
  onGetStart(): number | undefined;
  /** @param outer the return value of {@link onGetStart} for this call. */
  onGetEnd(outer: number | undefined): void;
}

/** Calls the listener around each method that resolves. A closure per call would cost more than a `get`. */
export function watchGets(container: Container, listener: GetListener): void {
  replace(container, resolving, (method) => (...parameters) => {
    const outer = listener.onGetStart();
    try {
      return Reflect.apply(method, container, parameters);
    } finally {
      listener.onGetEnd(outer);
    }
  });
}

/** Wraps these methods: each call is passed to `around`, which makes it. */
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

/** Makes all methods fail that resolve or bind. Those that only check, or remove, still work. */
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
    // Read from its class: the method of the container itself may be replaced by now.
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
