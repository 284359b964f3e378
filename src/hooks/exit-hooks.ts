/** Which methods of a class are exit hooks, along its prototype chain. */
import type { ExitContext } from './exit-context.js';
import type { ExitHook } from '../disposal/exit.js';
import { isObject } from '../shared/inspect.js';

// A registered symbol: a class marked by one copy of the package is read by the module of another.
// On a prototype it holds the marks by name, on a method its mark.
const marks = Symbol.for('inversify-onexit/marks');
type MarkedNames = Map<string | symbol, Mark>;

interface Mark {
  /** Grows from declaration to declaration, since members are decorated in the order they stand in. */
  readonly order: number;
  readonly timeout?: number;
}

let hooksOf = new WeakMap<object, readonly MethodHook[]>();
const noHooks: readonly MethodHook[] = [];
let declared = 0;

/** Marks a name on a prototype, so that another decorator cannot hide it by replacing the method. */
export function markName(prototype: object, name: string | symbol, timeout?: number): void {
  const names = markedNames(prototype) ?? new Map<string | symbol, Mark>();
  Object.defineProperty(prototype, marks, { value: names.set(name, nextMark(timeout)) });
}

/** Marks a method itself: a standard decorator is not shown the prototype. */
export function markMethod(method: object, timeout?: number): void {
  Object.defineProperty(method, marks, { value: nextMark(timeout) });
}

function nextMark(timeout: number | undefined): Mark {
  // A class may have been read before: decorate() can mark it at any time.
  hooksOf = new WeakMap();
  return { order: declared++, ...(timeout === undefined ? {} : { timeout }) };
}

/** Whether the method of that name is an exit hook of the object. */
export function isExitHook(instance: object, name: string | symbol): boolean {
  return exitHooksOf(instance).some(({ key }) => key === name);
}

/** The exit hooks of an object, in the order in which they are run. */
export function exitHooksOf(value: unknown): readonly MethodHook[] {
  return isObject(value) ? exitHooksOfPrototype(prototypeOf(value)) : noHooks;
}

/** The exit hooks of the objects with this prototype, in the order in which they are run. */
export function exitHooksOfPrototype(prototype: unknown): readonly MethodHook[] {
  if (!isObject(prototype)) {
    return noHooks;
  }
  let hooks = hooksOf.get(prototype);
  if (hooks === undefined) {
    hooks = readHooks([prototype, ...prototypesOf(prototype)]);
    hooksOf.set(prototype, hooks);
  }
  return hooks;
}

/** A method that was marked, with `@OnExit()` or with a decorator of Inversify. */
export class MethodHook implements ExitHook {
  readonly name: string;
  readonly key: string | symbol;
  readonly timeout: number | undefined;
  readonly #decorator: 'OnExit' | 'preDestroy';

  constructor(
    key: string | symbol,
    timeout?: number,
    decorator: 'OnExit' | 'preDestroy' = 'OnExit',
  ) {
    this.name = typeof key === 'symbol' ? `[${symbolName(key)}]` : key;
    this.key = key;
    this.timeout = timeout;
    this.#decorator = decorator;
  }

  target(instance: object): unknown {
    try {
      return Reflect.get(instance, this.key);
    } catch {
      // A getter that throws shows nothing; called, it tells.
      return undefined;
    }
  }

  call(instance: object, context: ExitContext): unknown {
    const method: unknown = Reflect.get(instance, this.key);
    if (typeof method !== 'function') {
      throw new TypeError(
        `${this.name} is marked with @${this.#decorator}() and no longer a method`,
      );
    }
    // Inversify calls its own without an argument.
    return Reflect.apply(method, instance, this.#decorator === 'OnExit' ? [context] : []);
  }
}

/**
 * Derived classes before their bases, later declarations before earlier ones. An override stands
 * with the class that overrides, since it may use what that class added.
 */
function readHooks(chain: readonly object[]): readonly MethodHook[] {
  // The nearest mark of a name says how long it has.
  const marked = new Map<string | symbol, Mark>();
  for (const level of [...chain].reverse()) {
    for (const name of Reflect.ownKeys(level)) {
      const mark = markOf(level, name);
      if (mark !== undefined) {
        marked.set(name, mark);
      }
    }
  }
  const hooks = new Map<string | symbol, MethodHook>();
  for (const level of chain) {
    let order = -1;
    const own: { name: string | symbol; order: number }[] = [];
    for (const name of Reflect.ownKeys(level).filter((each) => marked.has(each))) {
      // An override that is not marked again was declared after what stands before it.
      order = markOf(level, name)?.order ?? order;
      own.unshift({ name, order });
    }
    for (const { name } of own.sort((a, b) => b.order - a.order)) {
      if (!hooks.has(name)) {
        hooks.set(name, new MethodHook(name, marked.get(name)?.timeout));
      }
    }
  }
  return hooks.size === 0 ? noHooks : [...hooks.values()];
}

function symbolName(symbol: symbol): string {
  // Node 20 and 22 define these themselves, under descriptions of their own.
  const name = (['asyncDispose', 'dispose'] as const).find((each) => Symbol[each] === symbol);
  return name === undefined ? String(symbol).slice(7, -1) : `Symbol.${name}`;
}

function prototypesOf(instance: object): object[] {
  const chain: object[] = [];
  let prototype = prototypeOf(instance);
  while (isObject(prototype)) {
    chain.push(prototype);
    prototype = prototypeOf(prototype);
  }
  return chain;
}

function prototypeOf(value: object): unknown {
  try {
    return Object.getPrototypeOf(value);
  } catch {
    // A proxy need not tell, and one that was revoked cannot.
    return null;
  }
}

function markOf(prototype: object, name: string | symbol): Mark | undefined {
  return markedNames(prototype)?.get(name) ?? markOfMethod(ownValue(prototype, name));
}

function markedNames(prototype: object): MarkedNames | undefined {
  const names = ownValue(prototype, marks);
  return names instanceof Map ? (names as MarkedNames) : undefined;
}

function markOfMethod(method: unknown): Mark | undefined {
  const mark = typeof method === 'function' ? ownValue(method, marks) : undefined;
  return isObject(mark) ? (mark as Mark) : undefined;
}

function ownValue(holder: object, key: string | symbol): unknown {
  return Object.getOwnPropertyDescriptor(holder, key)?.value;
}
