import { injectable, type Container, type Newable } from 'inversify';
import { OnExit } from 'inversify-onexit';

import { log } from './services.js';

/** A class whose only hook logs its name, and does what the test says. */
export function closing(name: string, hook: () => unknown = () => undefined): Newable<object> {
  @injectable()
  class Service {
    @OnExit()
    close(): unknown {
      log.push(name);
      return hook();
    }
  }
  Object.defineProperty(Service, 'name', { value: name });
  return Service;
}

/** A class whose only hook is visibly an async function. */
export function closingAsync(name: string, hook = async (): Promise<void> => {}): Newable<object> {
  @injectable()
  class Service {
    @OnExit()
    async close(): Promise<void> {
      await hook();
      log.push(name);
    }
  }
  Object.defineProperty(Service, 'name', { value: name });
  return Service;
}

/** Binds a singleton of the class under its name, and has it made. */
export function made(container: Container, type: Newable<object>): object {
  container.bind(type.name).to(type).inSingletonScope();
  return container.get(type.name);
}

/** What the action throws. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
