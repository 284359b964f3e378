import type { ExitContext } from './exit-context.js';
import { checkHookOptions, type HookOptions, type OnExitOptions } from './options.js';
import { isExitHook, markMethod, markName } from './exit-hooks.js';
import {
  classNameOf,
  functionName,
  isGeneratorFunction,
  isObject,
  shown,
} from '../shared/inspect.js';

/** The decorator that `@OnExit()` returns, for `experimentalDecorators` and for standard decorators. */
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
  // The parameters contain the messages, since the compiler prints parameters. Because of `none`, the
  // compiler does not try this signature with the three arguments of the one before, and so does not
  // print both. A missing context means a class; `never` means a method whose name is a number.
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
/** Not `abstract new`, which excludes a class with a private constructor. */
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
 * the hooks of everything that depends on the instance and before those of its dependencies; in the
 * phase `'drain'` before all hooks of the other phase.
 *
 * The method is called on the object that the class constructed, with an {@link ExitContext}. What
 * it returns is ignored, unless it is a thenable, which is awaited. A mark is inherited; an override
 * runs once, with the hooks of the class that overrides, marked or not.
 *
 * *Not* run: hooks of what the container did not create (`toConstantValue`, what a factory returns)
 * unless `lifecycle.adopt()` says so, and of an instance whose constructor, property injection or
 * `@postConstruct` failed.
 *
 * @throws TypeError when it is applied to anything but an instance method with a public name.
 * @throws TypeError or RangeError if an option has a value that it does not take.
 */
export function OnExit(options?: OnExitOptions): ExitHookDecorator;
export function OnExit(options?: unknown, named?: unknown): ExitHookDecorator {
  if (named !== undefined || typeof options === 'function') {
    refuse(labelOf(options, named), 'was written without its parentheses. Write @OnExit().');
  }
  const checked = optionsOf(options);
  return (target: unknown, member: unknown, descriptor?: unknown): void => {
    if (isStandardContext(member)) {
      markStandard(target, member, checked);
    } else {
      markLegacy(target, member, descriptor, checked);
    }
  };
}

function optionsOf(options: unknown): HookOptions {
  if (options !== undefined && !isObject(options)) {
    throw new TypeError(
      `@OnExit() was given ${shown(options)}. It takes options: @OnExit({ timeout: 5_000 }), or nothing.`,
    );
  }
  return checkHookOptions('@OnExit()', options ?? {});
}

type StandardContext = Pick<
  ClassMethodDecoratorContext<object>,
  'name' | 'static' | 'private' | 'addInitializer'
> & { kind: string };

function markStandard(method: unknown, context: StandardContext, options: HookOptions): void {
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
  markMethod(method, options);
  context.addInitializer(function () {
    if (!isExitHook(this, name)) {
      refuse(
        labelOf(this, name),
        'is hidden by another decorator, which replaced the method. Write @OnExit() above it.',
      );
    }
  });
}

function markLegacy(target: unknown, member: unknown, given: unknown, options: HookOptions): void {
  // Some compilers pass the name of a method that is called 1 as a number.
  const name = typeof member === 'number' ? String(member) : member;
  if (typeof target === 'function' && isName(name)) {
    refuse(labelOf(target, name), noInstance);
  }
  if (!isObject(target) || !isName(name)) {
    refuse(labelOf(target, name), noMethod);
  }
  // Inversify's decorate() passes no descriptor.
  const descriptor = given ?? Object.getOwnPropertyDescriptor(target, name);
  const method: unknown = isObject(descriptor) ? Reflect.get(descriptor, 'value') : undefined;
  if (typeof method !== 'function') {
    refuse(labelOf(target, name), noMethod);
  }
  if (isGeneratorFunction(method)) {
    refuse(labelOf(target, name), noBody);
  }
  markName(target, name, options);
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

/** `Pool.close`, or `.close` for a standard decorator, which has no access to the class. */
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
