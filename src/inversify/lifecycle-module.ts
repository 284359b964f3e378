/// <reference lib="esnext.disposable" preserve="true" />
import { Plugin, type PluginApi } from '@inversifyjs/plugin';
import type { Container } from 'inversify';

import type { ExitReport } from '../disposal/exit-report.js';
import { ContainerBindings } from './bindings.js';
import { checkDuration } from '../shared/clock.js';
import { ContainerLifecycle } from '../disposal/container-lifecycle.js';
import { closeContainer, looking, removing, surround, watchGets } from './container-methods.js';
import { exitLink } from '../disposal/exit-link.js';
import { shown } from '../shared/inspect.js';
import { ownerToken } from './owner.js';
import { Lifecycle, type DisposeOptions, type LifecycleOptions } from '../disposal/lifecycle.js';

declare module 'inversify' {
  interface Container {
    /**
     * Runs the exit hooks of everything that this container created, in the reverse order of its
     * activation, one at a time, whatever fails. Defined by `container.register(LifecycleModule)`.
     *
     * Every call returns the same promise. It rejects with one `DisposeError` if hooks failed; all
     * hooks were run and the container is disposed then, too. Singletons that are being activated
     * are awaited first. A call in the synchronous part of a hook rejects: it would wait for itself.
     */
    dispose(options?: DisposeOptions): Promise<ExitReport>;

    /** `await using container = …`: `dispose()`. */
    [Symbol.asyncDispose](): Promise<void>;

    /**
     * `using container = …`: starts every hook in order and awaits nothing. Throws a `DisposeError`,
     * before anything is run, if a hook is an `async function`; and at the end, if hooks failed or
     * returned a promise. Throws an `Error` while an asynchronous disposal is under way.
     */
    [Symbol.dispose](): void;
  }
}

/**
 * Collects what a container creates, in the order of activation, and gives the container its
 * `dispose()`. Register it first: `container.register(LifecycleModule)`, once for each container.
 *
 * @throws Error if it is registered twice, if another plugin has defined `dispose`, if a singleton
 * with exit hooks was resolved before, or if the installed Inversify does not let it collect; nothing
 * is changed then.
 * @throws ContainerDisposedError if the container around is disposed.
 */
export class LifecycleModule extends Plugin<Container> {
  /**
   * The module with options: `container.register(LifecycleModule.with({ transients: 'refuse' }))`.
   *
   * @throws TypeError or RangeError if an option has a value that it does not take.
   */
  static with(options: LifecycleOptions): typeof LifecycleModule {
    const { timeout, hookTimeout, transients } = options;
    checkDuration('LifecycleModule.with() timeout', timeout);
    checkDuration('LifecycleModule.with() hookTimeout', hookTimeout);
    const given: unknown = transients;
    if (given !== undefined && given !== 'own' && given !== 'refuse') {
      throw new TypeError(
        `LifecycleModule.with() was given transients: ${shown(given)}. It takes 'own' or 'refuse'.`,
      );
    }
    return class extends LifecycleModule {
      protected override readonly options = { ...options };
    };
  }

  /** @internal */
  protected readonly options: LifecycleOptions = {};

  load(api: PluginApi): void {
    const container = this._container;
    refuseSecond(container);
    // Kept, since a disposed container refuses to bind.
    const bind = container.bind.bind(container);
    const bindings: ContainerBindings = new ContainerBindings(this._context, {
      options: this.options,
      bindServices: (owner) => {
        bind(ownerToken).toConstantValue(owner);
        bind(Lifecycle).toConstantValue(lifecycle);
      },
      unbindServices: () => {
        for (const service of [ownerToken, Lifecycle]) {
          this._context.bindingService.removeAllByServiceId(service);
        }
      },
      hasParent: (owner) => {
        watchGets(container, owner);
        surround(container, looking, (look) => owner.looking(look));
      },
      disposed: () => {
        closeContainer(container);
      },
    });
    const { stack } = bindings;
    const lifecycle = new ContainerLifecycle(stack);
    bindings.watch(container, api);
    surround(container, removing, (remove) => bindings.removing(remove));
    api.define('dispose', (options?: DisposeOptions) => lifecycle.dispose(options));
    api.define(exitLink, () => lifecycle);
    defineSymbol(api, Symbol.asyncDispose, async () => {
      await lifecycle.dispose();
    });
    defineSymbol(api, Symbol.dispose, () => {
      stack.disposeNow();
    });
  }
}

function refuseSecond(container: Container): void {
  // Whatever became of its bindings.
  if (Object.hasOwn(container, exitLink)) {
    throw new Error(
      'LifecycleModule is registered on this container already. Register it once, where the ' +
        'container is created.',
    );
  }
  if (
    ['dispose', Symbol.asyncDispose, Symbol.dispose].some((name) => Object.hasOwn(container, name))
  ) {
    throw new Error(
      'Another plugin has defined container.dispose() (@inversifyjs/plugin-dispose does). Register ' +
        'only one of them: each would run the teardown of the other.',
    );
  }
}

/** Some browsers lack these symbols, and with them `using`. */
function defineSymbol(api: PluginApi, name: symbol | undefined, method: () => unknown): void {
  /* istanbul ignore else -- tested in a realm without them, where coverage does not reach */
  if (name !== undefined) {
    api.define(name, method);
  }
}
