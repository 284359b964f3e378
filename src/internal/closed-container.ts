/** What a disposed container answers. */
import type { Container, ServiceIdentifier } from 'inversify';

import { ContainerDisposedError } from '../errors.js';
import { identifierName, isAsyncFunction } from './inspect.js';

/** Makes everything fail that resolves or binds. What only looks, or removes, still works. */
export function closeContainer(container: Container): void {
  for (const name of ['get', 'getAsync', 'getAll', 'getAllAsync']) {
    close(container, name, 'resolve', identifierName);
  }
  // rebindSync and loadSync are names of Inversify 7, rebindAsync and loadAsync of 8.
  for (const name of ['bind', 'rebind', 'rebindAsync', 'rebindSync']) {
    close(container, name, 'bind', identifierName);
  }
  for (const name of ['load', 'loadAsync', 'loadSync']) {
    close(container, name, 'load', () => 'ContainerModule');
  }
}

function close(
  container: Container,
  name: string,
  verb: string,
  serviceOf: (argument: ServiceIdentifier) => string,
): void {
  const method: unknown = Reflect.get(container, name);
  if (typeof method !== 'function') {
    return;
  }
  const rejects = isAsyncFunction(method);
  Object.defineProperty(container, name, {
    value: (argument: ServiceIdentifier) => {
      const service = serviceOf(argument);
      const error = new ContainerDisposedError(`${verb} ${service}`, service);
      if (rejects) {
        return Promise.reject(error);
      }
      throw error;
    },
  });
}
