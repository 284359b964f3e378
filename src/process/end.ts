/** The end of the process, which all copies of this package share. */
import process from 'node:process';

import { shown } from '../shared/inspect.js';
import { containersOf, type DisposableContainer } from './container.js';
import { policyOf, refuseConflict, type DisposeOnExitOptions } from './policy.js';
import { ProcessWatch } from './watch.js';

/** The interface through which all copies of this package use the one that was loaded first. */
export interface ProcessEnd {
  /** Returns the function that detaches the containers. */
  attach(
    containers: DisposableContainer | Iterable<DisposableContainer>,
    options: DisposeOnExitOptions,
  ): () => void;
  exit(code: number | undefined): Promise<never>;
}

const name = Symbol.for('inversify-onexit/process');

/** The end of this process; in a worker, of its thread. */
export function processEnd(): ProcessEnd {
  const found = Reflect.get(globalThis, name) as ProcessEnd | undefined;
  if (found !== undefined) {
    return found;
  }
  const end = new WatchedEnd();
  Reflect.set(globalThis, name, end);
  return end;
}

class WatchedEnd implements ProcessEnd {
  /** Present only while there is something to dispose. */
  #watch: ProcessWatch | undefined;

  attach(
    containers: DisposableContainer | Iterable<DisposableContainer>,
    options: DisposeOnExitOptions,
  ): () => void {
    const given = containersOf(containers);
    const policy = policyOf(options);
    if (this.#watch !== undefined) {
      refuseConflict(this.#watch.policy, policy, options);
    }
    this.#watch ??= new ProcessWatch(policy, () => {
      this.#watch = undefined;
    });
    return this.#watch.attach(given);
  }

  async exit(code: number | undefined): Promise<never> {
    if (code !== undefined && !Number.isInteger(code)) {
      throw new TypeError(
        `exit() was given ${shown(code)}. It takes an exit code, a whole number, or nothing for ` +
          'process.exitCode.',
      );
    }
    // An explicit `undefined` would reset a process.exitCode that was set.
    return this.#watch === undefined
      ? process.exit(code ?? process.exitCode)
      : this.#watch.exit(code);
  }
}
