/** The public handle of one container's stack: it checks and names what callers hand in. */
import { ContainerDisposedError } from './errors.js';
import type { ExitContext } from '../hooks/exit-context.js';
import type { ExitReport, PendingExit } from './exit-report.js';
import {
  Lifecycle,
  type DisposeOptions,
  type ExitObserver,
  type OnExitCallbackOptions,
} from './lifecycle.js';
import { checkDuration } from '../shared/clock.js';
import { exitHooksOf } from '../hooks/exit-hooks.js';
import type { ExitLink } from './exit-link.js';
import type { Exit, ExitHook, ExitSource } from './exit.js';
import type { ExitStack, LifecycleState } from './exit-stack.js';
import {
  classNameOf,
  functionName,
  isGeneratorFunction,
  isObject,
  shown,
} from '../shared/inspect.js';

export class ContainerLifecycle extends Lifecycle implements ExitLink {
  readonly #stack: ExitStack;
  readonly #releasing = new Map<object, Promise<void>>();

  constructor(stack: ExitStack) {
    super();
    this.#stack = stack;
  }

  get state(): LifecycleState {
    return this.#stack.state;
  }

  get signal(): AbortSignal {
    return this.#stack.signal;
  }

  onExit(
    callback: (context: ExitContext) => unknown,
    options?: OnExitCallbackOptions,
  ): () => boolean {
    requireFunction(callback, 'onExit()');
    checkDuration('onExit() timeout', options?.timeout);
    const registration = new Callback(
      options?.name ?? functionName(callback),
      callback,
      callback,
      options?.timeout,
    );
    const exit = { subject: registration, source: registration };
    this.#push(exit, 'register a callback');
    return () => this.#stack.take((each) => each === exit).length > 0;
  }

  unregister(callback: (context: ExitContext) => unknown): number {
    return this.#stack.take(
      ({ subject }) =>
        subject instanceof Callback &&
        !(subject instanceof Adoption) &&
        subject.target() === callback,
    ).length;
  }

  adopt<T>(value: T, onExit?: (value: T, context: ExitContext) => unknown): T {
    const hooks = exitHooksOf(value);
    const className = classNameOf(value);
    if (onExit !== undefined) {
      requireFunction(onExit, 'adopt()');
    } else if (hooks.length === 0) {
      throw new TypeError(
        `adopt() was given ${className}, which has no method marked with @OnExit(), and no ` +
          'callback, so there is nothing to run. Pass one: adopt(value, (value) => value.close()).',
      );
    }
    if (isObject(value) && hooks.length > 0) {
      const source = { service: className, shared: true, hooks };
      this.#push({ subject: value, source }, `adopt ${className}`);
    }
    if (onExit !== undefined) {
      const name = onExit.name === '' ? `adopt(${className})` : onExit.name;
      const adoption = new Adoption(name, onExit, (context) => onExit(value, context), value);
      this.#push({ subject: adoption, source: adoption }, `adopt ${className}`);
    }
    return value;
  }

  async release(instance: object): Promise<void> {
    const released = this.#stack.list.subjectOf(instance);
    const releasing = this.#releasing.get(released) ?? this.#release(instance, released);
    this.#releasing.set(released, releasing);
    try {
      await releasing;
    } finally {
      this.#releasing.delete(released);
    }
  }

  pending(): readonly PendingExit[] {
    return this.#stack.pending();
  }

  observe(observer: ExitObserver): () => void {
    if (!isObject(observer)) {
      throw new TypeError(
        `observe() was given ${shown(observer)} where it takes an object with some of the methods ` +
          'disposing, started, settled and disposed.',
      );
    }
    return this.#stack.observers.add(observer);
  }

  dispose(options?: DisposeOptions): Promise<ExitReport> {
    try {
      checkDuration('dispose() timeout', options?.timeout);
      requireSignal(options?.signal);
    } catch (error) {
      return rejected(error);
    }
    return this.#stack.dispose(options ?? {});
  }

  leave(reason: unknown, why: unknown): void {
    this.#stack.leave(reason, why);
  }

  async #release(instance: object, released: object): Promise<void> {
    const exited = await this.#stack.release(
      this.#stack.take(
        ({ subject }) =>
          subject === released || (subject instanceof Adoption && subject.value === instance),
      ),
    );
    if (!exited) {
      throw new Error(
        `release() was given ${classNameOf(instance)}, which this container does not own: it has ` +
          'no exit hooks, was exited already, or belongs to another container. Release an ' +
          'instance once, through the Lifecycle of the container that created it.',
      );
    }
  }

  #push(exit: Exit, asked: string): void {
    if (this.#stack.state === 'disposed') {
      throw new ContainerDisposedError(asked, exit.source.service);
    }
    this.#stack.list.readmit(exit.subject);
    this.#stack.push(exit);
  }
}

/** A function that is run on exit: subject, source and hook in one. */
class Callback implements ExitSource, ExitHook {
  readonly service = 'callback';
  readonly shared = false;
  readonly name: string;
  readonly timeout: number | undefined;
  readonly #given: unknown;
  readonly #run: (context: ExitContext) => unknown;

  constructor(
    name: string,
    given: unknown,
    run: (context: ExitContext) => unknown,
    timeout?: number,
  ) {
    this.name = name;
    this.timeout = timeout;
    this.#given = given;
    this.#run = run;
  }

  get hooks(): readonly ExitHook[] {
    return [this];
  }

  target(): unknown {
    return this.#given;
  }

  call(_subject: object, context: ExitContext): unknown {
    return this.#run(context);
  }
}

/** A callback that belongs to a value. */
class Adoption extends Callback {
  readonly value: unknown;

  constructor(
    name: string,
    given: unknown,
    run: (context: ExitContext) => unknown,
    value: unknown,
  ) {
    super(name, given, run);
    this.value = value;
  }
}

async function rejected(error: unknown): Promise<never> {
  return Promise.resolve().then(() => {
    throw error;
  });
}

function requireSignal(signal: unknown): void {
  if (signal !== undefined && !(isObject(signal) && 'addEventListener' in signal)) {
    throw new TypeError(
      `dispose() signal was given ${shown(signal)} where it takes an AbortSignal. Pass the signal of an ` +
        'AbortController, not the controller.',
    );
  }
}

function requireFunction(callback: unknown, method: string): void {
  if (isGeneratorFunction(callback)) {
    throw new TypeError(
      `${method} was given a generator function. Calling it runs nothing of it: pass a function, ` +
        'async if it has to wait.',
    );
  }
  if (typeof callback !== 'function') {
    throw new TypeError(
      `${method} was given ${classNameOf(callback)} where it takes a function to run on exit. ` +
        'Pass the function itself, not the result of calling it.',
    );
  }
}
