import type { ExitContext } from './exit-context.js';
import { checkDuration } from '../shared/clock.js';
import { isExitHook, markMethod, markName } from './exit-hooks.js';
import {
  classNameOf,
  functionName,
  isGeneratorFunction,
  isObject,
  shown,
} from '../shared/inspect.js';

/** Options of `@OnExit()`. */
export interface OnExitOptions {
  /**
   * How many ms the hook has. When they have passed, `ExitContext.signal` aborts, and the disposal
   * goes on without it. Default: the module's `hookTimeout`.
   */
  timeout?: number;
}

/** What `@OnExit()` applies, under `experimentalDecorators` and to standard decorators alike. */
export interface ExitHookDecorator {
  <Target, Method>(
    prototype: Target extends ClassItself ? NoInstance : Target,
    name: string | symbol,
    descriptor: Method extends Hook
      ? TypedPropertyDescriptor<Method>
      : Method extends Callable
        ? NoHook
        : NoMethod,
  ): void;
  // Its texts stand in the parameters, where the compiler prints them. `none` keeps it from being
  // tried on the three arguments of the signature above: both would be printed. A context that is
  // missing is a class; one that is `never` is a method whose name is a number.
  <Method, Context>(
    method: [Context] extends [{ kind: 'method'; static: false; private: false }]
      ? Method extends Hook
        ? Method
        : NoHook
      : Context extends { kind: 'method'; static: true }
        ? NoInstance
        : Context extends { kind: 'method' }
          ? NotPublic
          : NoMethod,
    context?: Context,
    ...none: []
  ): void;
}

type Hook = (context: ExitContext) => unknown;
type Callable = (...args: never) => unknown;
/** Not `abstract new`, which a class with a private constructor is none of. */
interface ClassItself {
  prototype: unknown;
  bind: unknown;
}

type NoInstance =
  '@OnExit() marks instance methods; register a static one with lifecycle.onExit() instead';
type NotPublic =
  "@OnExit() cannot mark a #private method; declare it with TypeScript's `private` instead";
type NoMethod =
  '@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead';
type NoHook =
  '@OnExit() calls the method with an ExitContext alone, which its parameters do not accept';

/**
 * Marks a method to be run when the container that created its instance is disposed: once, after
 * the hooks of everything that depends on the instance and before those of its dependencies.
 *
 * The method is called on the object that the class constructed, with an {@link ExitContext}. What
 * it returns is ignored, unless it is a thenable, which is awaited. A mark is inherited; an override
 * runs once, with the hooks of the class that overrides, marked or not.
 *
 * *Not* run: hooks of what the container did not create (`toConstantValue`, what a factory returns)
 * unless `lifecycle.adopt()` says so, and of an instance whose constructor or `@postConstruct` failed.
 *
 * @throws TypeError when it is applied to anything but an instance method with a public name.
 * @throws TypeError or RangeError if `timeout` is no duration.
 */
export function OnExit(options?: OnExitOptions): ExitHookDecorator;
export function OnExit(options?: unknown, named?: unknown): ExitHookDecorator {
  if (named !== undefined || typeof options === 'function') {
    refuse(labelOf(options, named), 'was written without its parentheses. Write @OnExit().');
  }
  const timeout = timeoutOf(options);
  return (target: unknown, member: unknown, descriptor?: unknown): void => {
    if (isStandardContext(member)) {
      markStandard(target, member, timeout);
    } else {
      markLegacy(target, member, descriptor, timeout);
    }
  };
}

function timeoutOf(options: unknown): number | undefined {
  if (options === undefined) {
    return undefined;
  }
  if (!isObject(options)) {
    throw new TypeError(
      `@OnExit() was given ${shown(options)}. It takes options: @OnExit({ timeout: 5_000 }), or nothing.`,
    );
  }
  const timeout: unknown = Reflect.get(options, 'timeout');
  checkDuration('@OnExit() timeout', timeout);
  return timeout as number | undefined;
}

type StandardContext = Pick<
  ClassMethodDecoratorContext<object>,
  'name' | 'static' | 'private' | 'addInitializer'
> & { kind: string };

function markStandard(
  method: unknown,
  context: StandardContext,
  timeout: number | undefined,
): void {
  const { name } = context;
  if (context.kind !== 'method' || typeof method !== 'function') {
    refuse(labelOf(method, context), noMethod);
  }
  if (context.static) {
    refuse(labelOf(method, context), noInstance);
  }
  if (context.private) {
    refuse(
      labelOf(method, context),
      'cannot mark a #private method, which nothing outside its class can call. ' +
        "Declare it with TypeScript's `private` instead.",
    );
  }
  if (isGeneratorFunction(method)) {
    refuse(labelOf(method, context), noBody);
  }
  markMethod(method, timeout);
  context.addInitializer(function () {
    if (!isExitHook(this, name)) {
      refuse(
        labelOf(this, name),
        'is hidden by another decorator, which replaced the method. Write @OnExit() above it.',
      );
    }
  });
}

function markLegacy(
  target: unknown,
  member: unknown,
  given: unknown,
  timeout: number | undefined,
): void {
  // Some compilers name a method that is called 1 by the number.
  const name = typeof member === 'number' ? String(member) : member;
  if (typeof target === 'function' && isName(name)) {
    refuse(labelOf(target, name), noInstance);
  }
  if (!isObject(target) || !isName(name)) {
    refuse(labelOf(target, name), noMethod);
  }
  // Inversify's decorate() hands on none.
  const descriptor = given ?? Object.getOwnPropertyDescriptor(target, name);
  const method: unknown = isObject(descriptor) ? Reflect.get(descriptor, 'value') : undefined;
  if (typeof method !== 'function') {
    refuse(labelOf(target, name), noMethod);
  }
  if (isGeneratorFunction(method)) {
    refuse(labelOf(target, name), noBody);
  }
  markName(target, name, timeout);
}

const noMethod =
  'marks instance methods, and this is none. Mark a method, or register a callback with ' +
  'lifecycle.onExit().';
const noInstance =
  'marks instance methods; a static method belongs to no instance. Register it with ' +
  'lifecycle.onExit() instead.';
const noBody =
  'cannot mark a generator method, since calling it runs nothing of it. Make it a method, async if ' +
  'it has to wait.';

function refuse(label: string, fault: string): never {
  throw new TypeError(`${label}: @OnExit() ${fault}`);
}

/** `Pool.close`; a standard decorator is not told the class, so there it is `.close`. */
function labelOf(target: unknown, member: unknown): string {
  if (isStandardContext(member)) {
    return member.kind === 'class' ? String(member.name) : `.${String(member.name)}`;
  }
  const className = typeof target === 'function' ? functionName(target) : classNameOf(target);
  return isName(member) ? `${className}.${String(member)}` : className;
}

function isStandardContext(value: unknown): value is StandardContext {
  return isObject(value) && 'kind' in value && 'addInitializer' in value;
}

function isName(value: unknown): value is string | symbol {
  return typeof value === 'string' || typeof value === 'symbol';
}
