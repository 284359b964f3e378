/// <reference lib="esnext.disposable" preserve="true" />
import { Plugin, type PluginApi } from '@inversifyjs/plugin';
import type { Container, ContainerOptions } from 'inversify';

import type { ExitReport } from '../disposal/exit-report.js';
import { InversifyAdapter } from './inversify-adapter.js';
import { checkDuration } from '../shared/clock.js';
import { ContainerLifecycle, type OpenedScope } from './container-lifecycle.js';
import { closeContainer, manageContainer } from './container-methods.js';
import { createChild } from './inversify-container.js';
import type { WorkScope } from '../disposal/scope-work.js';
import { exitLink } from '../disposal/exit-link.js';
import { shown } from '../shared/inspect.js';
import { checkInversify } from './self-check.js';
import type { DisposeOptions, LifecycleOptions } from '../disposal/lifecycle.js';
import { Lifecycle } from './lifecycle.js';

declare module 'inversify' {
  interface Container {
    /**
     * Runs the exit hooks of everything that this container created, in the reverse order of its
     * activation, one at a time, whatever fails; drain hooks, of children too, before all others.
     * Defined by `container.register(LifecycleModule)`.
     *
     * Every call returns the same promise. It rejects with one `DisposeError` if hooks failed; all
     * hooks were run and the container is disposed then, too. It waits for
     * singletons that are being activated, `activationTimeout` at most. A call in the synchronous part of a hook rejects: it would wait for itself.
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
 * @throws ContainerDisposedError if the parent container is disposed.
 */
export class LifecycleModule extends Plugin<Container> {
  /**
   * The module with options: `container.register(LifecycleModule.with({ transients: 'refuse' }))`.
   *
   * @throws TypeError or RangeError if an option has a value that it does not take.
   */
  static with(options: LifecycleOptions): typeof LifecycleModule {
    const { timeout, hookTimeout, activationTimeout, transients, disposables } = options;
    checkDuration('LifecycleModule.with() timeout', timeout);
    checkDuration('LifecycleModule.with() hookTimeout', hookTimeout);
    checkDuration('LifecycleModule.with() activationTimeout', activationTimeout);
    const given: unknown = transients;
    if (given !== undefined && given !== 'own' && given !== 'refuse') {
      throw new TypeError(
        `LifecycleModule.with() was given transients: ${shown(given)}. It takes 'own' or 'refuse'.`,
      );
    }
    const isGiven: unknown = disposables;
    if (isGiven !== undefined && typeof isGiven !== 'boolean') {
      throw new TypeError(
        `LifecycleModule.with() was given disposables: ${shown(isGiven)}. It takes true or false.`,
      );
    }
    return class extends LifecycleModule {
      protected override readonly options = { ...options };
    };
  }

  /** @internal */
  protected readonly options: LifecycleOptions = {};
  /** @internal */
  protected readonly isScope: boolean = false;

  load(api: PluginApi): void {
    const container = this._container;
    refuseSecond(container);
    checkInversify(container, this._context, (each) => {
      each.register(LifecycleModule);
      return each.get(Lifecycle);
    });
    const adapter: InversifyAdapter = new InversifyAdapter(this._context, {
      options: this.options,
      isScope: this.isScope,
      container,
      get lifecycle() {
        return lifecycle;
      },
      disposed: () => {
        closeContainer(container);
      },
    });
    const { disposer } = adapter;
    const lifecycle = new ContainerLifecycle(disposer, (scopeOptions) =>
      openScope(container, scopeOptions),
    );
    adapter.watch();
    manageContainer(container, (remove) => adapter.removing(remove));
    api.define('dispose', (options?: DisposeOptions) => lifecycle.dispose(options));
    api.define(exitLink, () => lifecycle);
    defineSymbol(api, Symbol.asyncDispose, async () => {
      await lifecycle.dispose();
    });
    defineSymbol(api, Symbol.dispose, () => {
      disposer.disposeNow();
    });
  }
}

/** The module of a scope. Its options are those of the container around it. */
class ScopeModule extends LifecycleModule {
  protected override readonly isScope = true;
}

function openScope(container: Container, options: ContainerOptions | undefined): OpenedScope {
  const scope = createChild(container, options);
  scope.register(ScopeModule);
  const linkOf = Reflect.get(scope, exitLink) as () => WorkScope;
  return { container: scope, lifecycle: linkOf() };
}

function refuseSecond(container: Container): void {
  // Not by its bindings, which the user may have removed.
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
