/** The teardown of one singleton binding: which hooks run, in which order, and each of them once. */
import { isPromise } from '../shared/promise.js';
import type { BindingDeactivation } from '@inversifyjs/core';

import { Activations } from './activations.js';
import { cachedIn, isMaking, type CachingBinding } from './binding-watch.js';
import { MethodHook } from '../hooks/exit-hooks.js';
import type { Exit, ExitSource } from '../disposal/exit.js';
import { arePlain, type ExitHook } from '../hooks/exit-hook.js';
import type { Disposer } from '../disposal/disposer.js';
import { isObject, serviceName } from '../shared/inspect.js';

const none: readonly ExitHook[] = [];
const noMarks: readonly MethodHook[] = [];

/** The value that deactivation handlers are called with. */
interface Activated {
  readonly value: unknown;
}

/** What a singleton needs from the container that holds its binding. */
export interface SingletonHost {
  readonly disposer: Disposer;
  /** The names of the methods marked with `@preDestroy`, which Inversify would call. */
  preDestroyOf(binding: CachingBinding): readonly (string | symbol)[];
  /** The exit hooks of an instance that the container has made, and owns. */
  hooksOf(value: unknown): readonly MethodHook[];
  /** The binding's handler, as the user has set it. */
  userDeactivation(binding: CachingBinding): BindingDeactivation | undefined;
  /** The handlers that were set for all bindings of the service. */
  serviceDeactivations(binding: CachingBinding): readonly BindingDeactivation[];
  /** Called when Inversify deactivates an instance by itself. */
  onDeactivated(exit: SingletonExit): void;
  /** Makes the next lookup of the service build a new instance, if it would return this value. */
  forget(binding: CachingBinding, value: unknown): void;
}

export class Singleton {
  readonly binding: CachingBinding;
  readonly host: SingletonHost;
  /** The collected activations, of this singleton and of its clones. */
  readonly activations: Activations<SingletonExit>;
  #preDestroy: readonly (string | symbol)[] | undefined;
  /** Our handler on the binding, and the user's handler that it calls. */
  #ownDeactivation: BindingDeactivation | undefined;
  #userDeactivation: BindingDeactivation | undefined;

  constructor(binding: CachingBinding, host: SingletonHost, original?: Singleton) {
    this.binding = binding;
    this.host = host;
    this.activations = original?.activations ?? new Activations<SingletonExit>();
  }

  /** The activation whose value the binding would hold. */
  get latest(): SingletonExit | undefined {
    return this.activations.find((exit) => exit.binding === this.binding);
  }

  get preDestroy(): readonly (string | symbol)[] {
    // Read late: without an instance the class may be invalid, which Inversify reports when it plans.
    this.#preDestroy ??= this.host.preDestroyOf(this.binding);
    return this.#preDestroy;
  }

  /** The binding's handler, as the user has set it. */
  get userDeactivation(): BindingDeactivation | undefined {
    // The comparison is cheaper than a lookup of the handler's record.
    return this.#ownDeactivation === this.binding.onDeactivation
      ? this.#userDeactivation
      : this.host.userDeactivation(this.binding);
  }

  onInstrumented(own: BindingDeactivation, user: BindingDeactivation | undefined): void {
    this.#ownDeactivation = own;
    this.#userDeactivation = user;
  }

  /** Whether deactivation handlers are set, for the binding or for its service. */
  get hasHandlers(): boolean {
    return (
      this.userDeactivation !== undefined || this.host.serviceDeactivations(this.binding).length > 0
    );
  }

  activation(value: unknown): SingletonExit {
    return new SingletonExit(
      this,
      value,
      isMaking(this.binding) ? this.host.hooksOf(value) : noMarks,
    );
  }

  /**
   * A value with handlers that was not collected: a constant or a factory, or what was activated before
   * the module was registered.
   */
  uncollected(): SingletonExit | undefined {
    const cached = this.latest === undefined ? cachedIn(this.binding) : undefined;
    if (
      cached === undefined ||
      !this.hasHandlers ||
      this.#find(cached.value) !== undefined ||
      isPromise(cached.value)
    ) {
      return undefined;
    }
    return this.activation(cached.value);
  }

  /** The activation whose value is held by a binding: its own, or a clone of that. */
  heldBy(binding: CachingBinding): SingletonExit | undefined {
    const cached = cachedIn(binding);
    // While an activation is in flight there is no value to compare.
    return (
      cached && this.activations.find((exit) => isPromise(cached.value) || exit.has(cached.value))
    );
  }

  /** Called by Inversify to deactivate a value: runs the user's handler, then the exit hooks. */
  deactivate(value: unknown): void | Promise<void> {
    const exit = this.#find(value);
    return exit === undefined ? this.userDeactivation?.(value) : exit.deactivate(value);
  }

  #find(value: unknown): SingletonExit | undefined {
    return this.activations.find((exit) => exit.has(value));
  }
}

/** One activation of a singleton: subject and source in one. */
export class SingletonExit implements Exit, ExitSource {
  readonly subject: object;
  readonly source = this;
  readonly service: string;
  readonly isShared: boolean;
  readonly isPlain: boolean;
  earlier: SingletonExit | undefined;
  among: Activations<SingletonExit> | undefined;
  readonly #singleton: Singleton;
  readonly #marked: readonly MethodHook[];
  /** Another entry disposes the subject: only the handlers of this one run. */
  #isOwnedElsewhere = false;
  #isDisposed = false;
  /** Set when Inversify has deactivated it, with the promise that Inversify awaits, if there is one. */
  #deactivation: (Activated & { readonly running: Promise<void> | undefined }) | undefined;

  /** @param marked the hooks that are methods: those marked with `@OnExit()`, and that of a disposable. */
  constructor(singleton: Singleton, value: unknown, marked: readonly MethodHook[]) {
    const { binding } = singleton;
    this.#singleton = singleton;
    this.#marked = marked;
    // A primitive may have handlers too. It has no identity, so the entry itself is the subject.
    this.subject = isObject(value) ? value : this;
    this.service = serviceName(binding.serviceIdentifier, value);
    this.isShared = binding.type !== 'Instance';
    this.isPlain = arePlain(marked);
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  get isElsewhere(): boolean {
    return this.#isOwnedElsewhere;
  }

  get isIdle(): boolean {
    const { preDestroy, hasHandlers } = this.#singleton;
    const hasOwn = !this.#isOwnedElsewhere && this.#marked.length + preDestroy.length > 0;
    return !hasOwn && !hasHandlers;
  }

  get isDeactivated(): boolean {
    return this.#deactivation !== undefined;
  }

  get binding(): CachingBinding {
    return this.#singleton.binding;
  }

  get hooks(): readonly ExitHook[] {
    const { binding, host } = this.#singleton;
    const last = this.#handlerHooks(host.serviceDeactivations(binding));
    if (this.#deactivation !== undefined) {
      return last;
    }
    const first = this.#preDestroyHooks();
    const own = this.#ownHooks();
    return first.length + last.length === 0 ? own : [...first, ...own, ...last];
  }

  exiting(): void {
    const { activations } = this.#singleton;
    if (!this.#isDisposed && !activations.has(this)) {
      activations.add(this);
    }
    this.#isDisposed = true;
  }

  handlersOnly(): boolean {
    this.#isOwnedElsewhere = true;
    // If there are none, some may be set later.
    return true;
  }

  released(): void {
    const { binding, activations, host } = this.#singleton;
    this.#isDisposed = true;
    host.forget(binding, this.value);
    activations.delete(this);
  }

  /** What the binding holds, or has held: the instance, or what stands in its place. */
  get value(): unknown {
    const activated = this.#activated();
    return activated === undefined ? this.subject : activated.value;
  }

  /** Whether it is the activation of a value, be that the instance or what stands in its place. */
  has(value: unknown): boolean {
    const activated = this.#activated();
    return this.subject === value || (activated !== undefined && activated.value === value);
  }

  /** Called when it was removed, and nothing is to run for it. */
  dropped(): void {
    this.#singleton.activations.delete(this);
  }

  /** Called by Inversify between `@preDestroy` and the handlers that were set for the service. */
  deactivate(value: unknown): Promise<void> | undefined {
    // Without any hooks nothing happens: it may stay bound, and a hook that is set later still runs.
    if (this.#deactivation === undefined && !this.#isDisposed) {
      const { host } = this.#singleton;
      // What handlers have returned in its place exits first.
      const taken = host.disposer.takeReplacements(this);
      if (this.isIdle && taken.length === 0) {
        return undefined;
      }
      this.#isOwnedElsewhere ||= host.disposer.registry.isOwnedElsewhere(this);
      if (!this.#isOwnedElsewhere) {
        host.disposer.registry.markDisposed([this]);
      }
      const hooks = this.#ownHooks({ value });
      this.#deactivation = { value, running: undefined };
      host.onDeactivated(this);
      // Inversify may call this several times meanwhile: each call awaits the same run.
      this.#deactivation = { value, running: host.disposer.beside.runNow(this, hooks, taken) };
    }
    return this.#deactivation?.running;
  }

  /** The hooks that Inversify runs before its handlers. */
  #preDestroyHooks(): readonly ExitHook[] {
    const { preDestroy } = this.#singleton;
    if (this.#isOwnedElsewhere || preDestroy.length === 0) {
      return none;
    }
    return preDestroy.map(
      (name) =>
        this.#marked.find(({ key }) => key === name) ??
        new MethodHook(name, undefined, 'preDestroy'),
    );
  }

  /** The hooks that run when Inversify calls the handler of the binding: the user's handler, then ours. */
  #ownHooks(activated?: Activated): readonly ExitHook[] {
    const { preDestroy, userDeactivation } = this.#singleton;
    const handlers =
      userDeactivation === undefined ? none : this.#handlerHooks([userDeactivation], activated);
    if (this.#isOwnedElsewhere) {
      return handlers;
    }
    return handlers.length + preDestroy.length === 0
      ? this.#marked
      : [...handlers, ...this.#marked.filter(({ key }) => !preDestroy.includes(key))];
  }

  #handlerHooks(
    handlers: readonly BindingDeactivation[],
    activated?: Activated,
  ): readonly ExitHook[] {
    // The value is only looked up if there is a handler to call with it.
    const instance = handlers.length === 0 ? undefined : (activated ?? this.#activated());
    return instance === undefined
      ? none
      : handlers.map((handler) => ({
          name: handler.name === '' ? 'onDeactivation' : handler.name,
          target: () => handler,
          call: () => handler(instance.value),
        }));
  }

  #activated(): Activated | undefined {
    if (this.#deactivation !== undefined) {
      // No cache holds it any more.
      return this.#deactivation;
    }
    const cached = cachedIn(this.#singleton.binding);
    const { activations, latest } = this.#singleton;
    const isLatest = latest === this || !activations.has(this);
    // isPromise() last: to read `then` costs more than the rest when each value has another class.
    return isLatest && (cached?.value === this.subject || !isPromise(cached?.value))
      ? cached
      : undefined;
  }
}
