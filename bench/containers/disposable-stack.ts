import Polyfill from 'core-js-pure/actual/async-disposable-stack/index.js';

import type { Closable } from '../services.js';
import type { Opener } from './container.js';

const Stack = 'AsyncDisposableStack' in globalThis ? AsyncDisposableStack : Polyfill;

/** No container, but what the language has to close things with. */
export const disposableStack: Opener = {
  openAll: (bindings) => {
    const stack = new Stack();
    for (const { made } of bindings) {
      stack.adopt(new made(), close);
    }
    return () => stack.disposeAsync();
  },
  serve: (pool, session) => {
    const opened = new pool();
    return () => {
      const stack = new Stack();
      stack.adopt(new session(opened), close);
      return stack.disposeAsync();
    };
  },
};

function close(service: Closable): void | Promise<void> {
  return service.close();
}
