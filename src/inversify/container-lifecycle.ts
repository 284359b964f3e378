/** The public handle of one container's disposer: it checks and names what callers hand in. */
import type { Container, ContainerOptions } from 'inversify';

import { asyncHooksWithin, isDisposing } from '../disposal/async-hooks.js';
import { Adoption, Callback } from '../disposal/callback.js';
import type { Disposer, LifecycleState } from '../disposal/disposer.js';
import type { ChildPlace, DisposalWithin, ExitLink, LinkObserver } from '../disposal/exit-link.js';
import type { ExitReport, PendingExit } from '../disposal/exit-report.js';
import type { Exit } from '../disposal/exit.js';
import { ForeignChild } from '../disposal/foreign-child.js';
import type { DisposeOptions, OnExitCallbackOptions } from '../disposal/lifecycle.js';
import { workIn, type WorkScope } from '../disposal/scope-work.js';
import type { Finish } from '../disposal/work.js';
import type { ExitContext } from '../hooks/exit-context.js';
import { arePlain } from '../hooks/exit-hook.js';
import { exitHooksOf } from '../hooks/exit-hooks.js';
import { checkHookOptions } from '../hooks/options.js';
import { checkDuration } from '../shared/clock.js';
import {
  classNameOf,
  functionName,
  isGeneratorFunction,
  isObject,
  shown,
} from '../shared/inspect.js';
import { Lifecycle } from './lifecycle.js';

const none: ReadonlySet<never> = new Set();

/** A scope that has just been opened. */
export interface OpenedScope {
  readonly container: Container;
  /** Its own, whatever is bound to `Lifecycle` in it later. */
  readonly lifecycle: WorkScope;
}

type OpenScope = (options: ContainerOptions | undefined) => OpenedScope;

export class ContainerLifecycle extends Lifecycle implements ExitLink {
  readonly #disposer: Disposer;
  readonly #openContainer: OpenScope;
  #releasing: Map<object, Promise<void>> | undefined;

  /** @param openContainer opens a scope within the container. */
  constructor(disposer: Disposer, openContainer: OpenScope) {
    super();
    this.#disposer = disposer;
    this.#openContainer = openContainer;
  }

  get state(): LifecycleState {
    return this.#disposer.state;
  }

  get signal(): AbortSignal {
    return this.#disposer.signal;
  }

  onExit(
    callback: (context: ExitContext) => unknown,
    options?: OnExitCallbackOptions,
  ): () => boolean {
    requireFunction(callback, 'onExit()');
    const checked = checkHookOptions('onExit()', options ?? {});
    const registration = new Callback(
      options?.name ?? functionName(callback),
      callback,
      callback,
      checked,
      inFlightIn(this.#disposer),
    );
    const exit = { subject: registration, source: registration };
    this.#push(exit, 'register a callback');
    return () => this.#disposer.take((each) => each === exit).length > 0;
  }

  unregister(callback: (context: ExitContext) => unknown): number {
    return this.#disposer.take(
      ({ subject }) =>
        subject instanceof Callback &&
        !(subject instanceof Adoption) &&
        subject.target() === callback,
    ).length;
  }

  adopt<T>(
    value: T,
    onExit?: (value: T, context: ExitContext) => unknown,
    options?: OnExitCallbackOptions,
  ): T {
    const checked = checkHookOptions('adopt()', options ?? {});
    const hooks = exitHooksOf(value);
    if (onExit === undefined && options !== undefined) {
      throw new TypeError(
        'adopt() was given options and no callback, which they would be for. The hooks of the value have ' +
          'those that @OnExit() gives them.',
      );
    }
    const className = classNameOf(value);
    if (onExit !== undefined) {
      requireFunction(onExit, 'adopt()');
    } else if (hooks.length === 0) {
      throw new TypeError(
        `adopt() was given ${className}, which has no method marked with @OnExit(), and no ` +
          'callback, so there is nothing to run. Pass one: adopt(value, (value) => value.close()).',
      );
    }
    // The whole tree is only searched for hooks that would run twice.
    const owner =
      (isObject(value) ? this.#disposer.ownerOf(value, hooks.length > 0) : undefined) ??
      this.#disposer;
    if (owner !== this.#disposer && this.#disposer.isClosed) {
      throw this.#disposer.refusalOf(`adopt ${className}`, className);
    }
    if (isObject(value) && hooks.length > 0 && owner === this.#disposer) {
      const source = { service: className, isShared: true, hooks, isPlain: arePlain(hooks) };
      this.#push({ subject: value, source }, `adopt ${className}`);
    }
    if (onExit !== undefined) {
      const name = onExit.name === '' ? `adopt(${className})` : onExit.name;
      const adoption = new Adoption(
        options?.name ?? name,
        onExit,
        (context) => onExit(value, context),
        checked,
        inFlightIn(owner),
        value,
      );
      this.#push({ subject: adoption, source: adoption }, `adopt ${className}`, owner);
    }
    return value;
  }

  async release(instance: object): Promise<void> {
    const released = this.#disposer.registry.rootOf(instance);
    const all = (this.#releasing ??= new Map<object, Promise<void>>());
    const releasing = all.get(released) ?? this.#release(instance, released);
    all.set(released, releasing);
    try {
      await releasing;
    } finally {
      all.delete(released);
    }
  }

  createScope(options?: ContainerOptions): Container {
    return this.#openScope(options).container;
  }

  async withScope<T>(
    work: (container: Container) => T | PromiseLike<T>,
    options?: ContainerOptions,
  ): Promise<T> {
    requireFunction(work, 'withScope()', 'do the work in the scope');
    const { container, lifecycle } = this.#openScope(options);
    return workIn(lifecycle, () => work(container));
  }

  pending(): readonly PendingExit[] {
    return this.#disposer.pending();
  }

  observe(observer: LinkObserver): () => void {
    if (!isObject(observer)) {
      throw new TypeError(
        `observe() was given ${shown(observer)} where it takes an object with some of the methods ` +
          'disposing, started, settled and disposed.',
      );
    }
    const undo = this.#disposer.observers.add(observer);
    this.#disposer.disposal?.run.log.observed();
    return undo;
  }

  dispose(options?: DisposeOptions): Promise<ExitReport> {
    try {
      checkDuration('dispose() timeout', options?.timeout);
      checkCompleted(options?.completed);
      return this.#disposer.dispose(options ?? {});
    } catch (error) {
      return rejected(error);
    }
  }

  expect(time: number): void {
    this.#disposer.expectedTime = time;
  }

  leave(reason: unknown, why: unknown): void {
    this.#disposer.leave(reason, why);
  }

  isDisposing(): boolean {
    return isDisposing(this.#disposer);
  }

  asyncHooks(): readonly PendingExit[] {
    return asyncHooksWithin(this.#disposer);
  }

  // What parents and children of other copies of the package ask.

  addChild(child: ExitLink): ChildPlace {
    return new ForeignChild(this.#disposer, child);
  }

  stop(reason: unknown): void {
    this.#disposer.stop(reason);
    this.#disposer.stopDescendants(reason);
  }

  drainWithin(within: DisposalWithin, drained: () => void): void {
    this.#disposer.disposeWithin(within, drained);
  }

  exitWithin(within: Pick<DisposalWithin, 'timeout' | 'finish'>): void {
    this.#disposer.proceedWithin(within);
  }

  finishWithin(finish: Finish): void {
    this.#disposer.disposal?.drive(finish);
  }

  #openScope(options: ContainerOptions | undefined): OpenedScope {
    if (this.#disposer.isClosed) {
      throw this.#disposer.refusalOf('open a scope', 'scope');
    }
    return this.#openContainer(options);
  }

  async #release(instance: object, released: object): Promise<void> {
    const { registry } = this.#disposer;
    const isMeant = ({ subject }: Exit): boolean => {
      const value = subject instanceof Adoption ? subject.adopted : subject;
      return isObject(value) && registry.rootOf(value) === released;
    };
    // What has no hooks yet is not released, and keeps its place.
    const exited =
      registry.hasOccupied(isMeant) && (await this.#disposer.release(this.#disposer.take(isMeant)));
    if (!exited) {
      throw new Error(
        `release() was given ${classNameOf(instance)}, which this container does not own: it has ` +
          'no exit hooks, was exited already, or belongs to another container. Release an ' +
          'instance once, through the Lifecycle of the container that created it.',
      );
    }
  }

  #push(exit: Exit, action: string, owner = this.#disposer): void {
    if (owner.isClosed) {
      throw owner.refusalOf(action, exit.source.service);
    }
    owner.registry.readmit(exit.subject);
    owner.push(exit);
  }
}

/** What a container is activating now. */
function inFlightIn(disposer: Disposer): ReadonlySet<PromiseLike<unknown>> {
  const activations = disposer.activations();
  return activations.length === 0 ? none : new Set(activations.map(({ arrival }) => arrival));
}

function checkCompleted(completed: unknown): void {
  if (completed !== undefined && typeof completed !== 'boolean') {
    throw new TypeError(
      `dispose() completed was given ${shown(completed)}. It takes true, if the unit of work of a scope ` +
        'has done what it was for, or false.',
    );
  }
}

async function rejected(error: unknown): Promise<never> {
  return Promise.resolve().then(() => {
    throw error;
  });
}

function requireFunction(callback: unknown, method: string, to = 'run on exit'): void {
  if (isGeneratorFunction(callback)) {
    throw new TypeError(
      `${method} was given a generator function. Calling it runs nothing of it: pass a function, ` +
        'async if it has to wait.',
    );
  }
  if (typeof callback !== 'function') {
    throw new TypeError(
      `${method} was given ${classNameOf(callback)} where it takes a function to ${to}. ` +
        'Pass the function itself, not the result of calling it.',
    );
  }
}
