/** The teardown of one singleton binding: which hooks, in which order, and each of them once. */
import { isPromise } from '@inversifyjs/common';
import type { BindingDeactivation } from '@inversifyjs/core';

import { Activations } from './activations.js';
import { isMaking, type CachingBinding } from './binding-watch.js';
import { cachedIn } from './construction.js';
import { exitHooksOf, MethodHook } from '../hooks/exit-hooks.js';
import type { Exit, ExitHook, ExitSource } from '../disposal/exit.js';
import type { ExitStack } from '../disposal/exit-stack.js';
import { isObject, serviceName } from '../shared/inspect.js';

const none: readonly ExitHook[] = [];

/** What handlers are called with. */
interface Activated {
  readonly value: unknown;
}

/** What the container that holds the binding is asked. */
export interface SingletonHost {
  readonly stack: ExitStack;
  /** The names of the methods that Inversify would call, since they are marked with `@preDestroy`. */
  preDestroyOf(binding: CachingBinding): readonly (string | symbol)[];
  /** The binding's handler, as the user has set it. */
  userDeactivation(binding: CachingBinding): BindingDeactivation | undefined;
  /** The handlers that were set for all bindings of the service. */
  serviceDeactivations(binding: CachingBinding): readonly BindingDeactivation[];
  /** Told when Inversify deactivates an instance by itself. */
  deactivated(exit: SingletonExit): void;
  /** Makes the next to ask for the service have it built anew. */
  forget(binding: CachingBinding): void;
}

export class Singleton {
  readonly binding: CachingBinding;
  readonly host: SingletonHost;
  /** Its activations that were collected, and those of its clones. */
  readonly activations: Activations;
  #preDestroy: readonly (string | symbol)[] | undefined;
  /** Our handler on the binding, and that of the user which it calls. */
  #ownDeactivation: BindingDeactivation | undefined;
  #userDeactivation: BindingDeactivation | undefined;

  constructor(binding: CachingBinding, host: SingletonHost, original?: Singleton) {
    this.binding = binding;
    this.host = host;
    this.activations = original?.activations ?? new Activations();
  }

  /** The activation whose value it would hold. */
  get latest(): SingletonExit | undefined {
    return this.activations.find((exit) => exit.binding === this.binding);
  }

  get preDestroy(): readonly (string | symbol)[] {
    // Not before there is an instance: Inversify refuses what its class lacks when it plans.
    this.#preDestroy ??= this.host.preDestroyOf(this.binding);
    return this.#preDestroy;
  }

  /** The binding's handler, as the user has set it. */
  get userDeactivation(): BindingDeactivation | undefined {
    // To compare with what was put there is cheaper than to look at it.
    return this.#ownDeactivation === this.binding.onDeactivation
      ? this.#userDeactivation
      : this.host.userDeactivation(this.binding);
  }

  wired(own: BindingDeactivation, user: BindingDeactivation | undefined): void {
    this.#ownDeactivation = own;
    this.#userDeactivation = user;
  }

  /** An activation, if there is anything to run for it. */
  activation(value: unknown): SingletonExit | undefined {
    const { binding, host } = this;
    const marked = isMaking(binding) ? exitHooksOf(value) : [];
    const hasHooks =
      this.preDestroy.length > 0 ||
      marked.length > 0 ||
      this.userDeactivation !== undefined ||
      host.serviceDeactivations(binding).length > 0;
    return hasHooks ? new SingletonExit(this, value, marked) : undefined;
  }

  /** What it holds and was not collected: constants, and what has got its only handler late. */
  leftover(): SingletonExit | undefined {
    const cached = this.latest === undefined ? cachedIn(this.binding) : undefined;
    return cached === undefined || this.#find(cached.value) !== undefined || isPromise(cached.value)
      ? undefined
      : this.activation(cached.value);
  }

  /** Inversify deactivates a value: after the user's handler, the exit hooks are run. */
  deactivate(value: unknown): void | Promise<void> {
    const exit = this.#find(value);
    return exit === undefined ? this.userDeactivation?.(value) : exit.deactivate(value);
  }

  #find(value: unknown): SingletonExit | undefined {
    return this.activations.find((exit) => exit.subject === value || exit.holds(value));
  }
}

/** One activation of a singleton: subject and source in one. */
export class SingletonExit implements Exit, ExitSource {
  readonly subject: object;
  readonly source = this;
  readonly service: string;
  readonly shared: boolean;
  /** The one that its singleton had before. */
  earlier: SingletonExit | undefined;
  /** Those that it was added to. */
  among: Activations | undefined;
  readonly #singleton: Singleton;
  readonly #marked: readonly MethodHook[];
  /** Its subject is exited in another place: only its handlers are left. */
  #isElsewhere = false;
  #isExited = false;
  /** Set when Inversify has deactivated it: what that waits for. */
  #deactivation: { readonly running: Promise<void> | undefined } | undefined;

  /** @param marked those of its hooks that are methods marked with `@OnExit()`. */
  constructor(singleton: Singleton, value: unknown, marked: readonly MethodHook[]) {
    const { binding } = singleton;
    this.#singleton = singleton;
    this.#marked = marked;
    // A value that is no object has handlers all the same, and is like no other.
    this.subject = isObject(value) ? value : this;
    this.service = serviceName(binding.serviceIdentifier, value);
    this.shared = binding.type !== 'Instance';
  }

  get isExited(): boolean {
    return this.#isExited;
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
    if (!this.#isExited && !activations.has(this)) {
      activations.add(this);
    }
    this.#isExited = true;
  }

  apart(): boolean {
    this.#isElsewhere = true;
    return this.hooks.length > 0;
  }

  released(): void {
    const { binding, activations, host } = this.#singleton;
    this.#isExited = true;
    activations.delete(this);
    host.forget(binding);
  }

  /** Whether it is this activation that the binding holds the value of. */
  holds(value: unknown): boolean {
    const activated = this.#activated();
    return activated !== undefined && activated.value === value;
  }

  /** Called by Inversify between `@preDestroy` and the handlers that were set for the service. */
  deactivate(value: unknown): Promise<void> | undefined {
    if (this.#deactivation === undefined && !this.#isExited) {
      const { host } = this.#singleton;
      this.#isElsewhere ||= host.stack.list.isElsewhere(this);
      if (!this.#isElsewhere) {
        host.stack.list.meet([this]);
      }
      const hooks = this.#ownHooks({ value });
      this.#deactivation = { running: undefined };
      host.deactivated(this);
      // However often Inversify comes back meanwhile, it waits for this one.
      this.#deactivation = { running: host.stack.runNow(this, hooks) };
    }
    return this.#deactivation?.running;
  }

  /** Those that Inversify runs before its handlers. */
  #preDestroyHooks(): readonly ExitHook[] {
    const { preDestroy } = this.#singleton;
    if (this.#isElsewhere || preDestroy.length === 0) {
      return none;
    }
    return preDestroy.map(
      (name) =>
        this.#marked.find(({ key }) => key === name) ??
        new MethodHook(name, undefined, 'preDestroy'),
    );
  }

  /** Those that are run when Inversify calls the handler of the binding: the user's, and ours. */
  #ownHooks(activated?: Activated): readonly ExitHook[] {
    const { preDestroy, userDeactivation } = this.#singleton;
    const handlers =
      userDeactivation === undefined ? none : this.#handlerHooks([userDeactivation], activated);
    if (this.#isElsewhere) {
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
    // Looked for only if there is who is called with it.
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
    const cached = cachedIn(this.#singleton.binding);
    const { activations, latest } = this.#singleton;
    const isLatest = latest === this || !activations.has(this);
    // Asking for `then` costs more than the rest, where each is of another class.
    return isLatest && (cached?.value === this.subject || !isPromise(cached?.value))
      ? cached
      : undefined;
  }
}
