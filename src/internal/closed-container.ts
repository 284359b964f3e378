/** What a disposed container answers. */
import { stringifyServiceIdentifier } from '@inversifyjs/common';
import type { Container, ServiceIdentifier } from 'inversify';

import { ContainerDisposedError } from '../errors.js';
import { isAsyncFunction } from './inspect.js';

/** Makes everything fail that resolves or binds. What only looks, or removes, still works. */
export function closeContainer(container: Container): void {
  for (const name of ['get', 'getAsync', 'getAll', 'getAllAsync']) {
    close(container, name, stringifyServiceIdentifier);
  }
  // rebindSync and loadSync are names of Inversify 7, rebindAsync and loadAsync of 8.
  for (const name of ['bind', 'rebind', 'rebindAsync', 'rebindSync']) {
    close(container, name, stringifyServiceIdentifier);
  }
  for (const name of ['load', 'loadAsync', 'loadSync']) {
    close(container, name, () => 'ContainerModule');
  }
}

function close(
  container: Container,
  name: string,
  serviceOf: (argument: ServiceIdentifier) => string,
): void {
  const method: unknown = Reflect.get(container, name);
  if (typeof method !== 'function') {
    return;
  }
  const rejects = isAsyncFunction(method);
  Object.defineProperty(container, name, {
    value: (argument: ServiceIdentifier) => {
      const error = new ContainerDisposedError(serviceOf(argument));
      if (rejects) {
        return Promise.reject(error);
      }
      throw error;
    },
  });
}
