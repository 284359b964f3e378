/** Finds the exit hooks of a class, along its prototype chain. */
import type { ExitContext } from './exit-context.js';
import { guarded, isObject } from '../shared/inspect.js';
import type { ExitHook, ExitPhase, UsedService } from './exit-hook.js';
import type { HookOptions } from './options.js';

// A registered symbol: the module of one copy of the package reads the marks of another copy.
// On a prototype it holds the marks by name, on a method the mark of the method.
const marks = Symbol.for('inversify-onexit/marks');
type MarkedNames = Map<string | symbol, Mark>;

interface Mark extends Partial<HookOptions> {
  /** Increases with each declaration, since members are decorated in source order. */
  readonly order: number;
}

let hooksOf = new WeakMap<object, readonly MethodHook[]>();
const noHooks: readonly MethodHook[] = [];
let declared = 0;

/** Marks a name on a prototype, so that another decorator cannot hide it by replacing the method. */
export function markName(prototype: object, name: string | symbol, options?: HookOptions): void {
  const names = markedNames(prototype) ?? new Map<string | symbol, Mark>();
  Object.defineProperty(prototype, marks, { value: names.set(name, nextMark(options)) });
}

/** Marks a method itself: a standard decorator has no access to the prototype. */
export function markMethod(method: object, options?: HookOptions): void {
  Object.defineProperty(method, marks, { value: nextMark(options) });
}

function nextMark(options: HookOptions | undefined): Mark {
  // The hooks of its class may be cached already: decorate() can mark a method at any time.
  hooksOf = new WeakMap();
  return { ...options, order: declared++ };
}

/** Whether the method of that name is an exit hook of the object. */
export function isExitHook(instance: object, name: string | symbol): boolean {
  return exitHooksOf(instance).some(({ key }) => key === name);
}

/** The exit hooks of an object, in the order in which they run. */
export function exitHooksOf(value: unknown): readonly MethodHook[] {
  return isObject(value) ? exitHooksOfPrototype(prototypeOf(value)) : noHooks;
}

/** The exit hooks of the objects with this prototype, in the order in which they run. */
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

/** By which method an object is disposed in JavaScript, if it is a disposable. */
function disposeMethodOf(value: object): symbol | undefined {
  // Some browsers lack these symbols.
  const symbols: readonly (symbol | undefined)[] = [Symbol.asyncDispose, Symbol.dispose];
  return symbols.find(
    (symbol) =>
      symbol !== undefined &&
      typeof guarded((): unknown => Reflect.get(value, symbol), undefined) === 'function',
  );
}

/** Hooks of a class, and after them that of a disposable. Lists of hooks are compared, so each is made once. */
const withDisposal = new WeakMap<readonly MethodHook[], Map<symbol, readonly MethodHook[]>>();

/** These hooks of an object, and after them the method by which it is a disposable, if that is not among them. */
export function withDisposeMethod(
  marked: readonly MethodHook[],
  value: object,
): readonly MethodHook[] {
  const method = disposeMethodOf(value);
  if (method === undefined || marked.some(({ key }) => key === method)) {
    return marked;
  }
  const bySymbol = withDisposal.get(marked) ?? new Map<symbol, readonly MethodHook[]>();
  const hooks = bySymbol.get(method) ?? [
    ...marked,
    new MethodHook(method, undefined, 'disposable'),
  ];
  withDisposal.set(marked, bySymbol.set(method, hooks));
  return hooks;
}

/** What makes a method a hook: a mark with a decorator, or the name of a disposable's method. */
type Kind = 'OnExit' | 'preDestroy' | 'disposable';

/** A method that was marked, with `@OnExit()` or with a decorator of Inversify, or that disposes. */
export class MethodHook implements ExitHook {
  readonly name: string;
  readonly key: string | symbol;
  readonly timeout: number | undefined;
  readonly phase: ExitPhase | undefined;
  readonly uses: readonly UsedService[] | undefined;
  readonly #kind: Kind;

  constructor(key: string | symbol, options: Partial<HookOptions> = {}, kind: Kind = 'OnExit') {
    this.name = typeof key === 'symbol' ? `[${symbolName(key)}]` : key;
    this.key = key;
    this.timeout = options.timeout;
    this.phase = options.phase;
    this.uses = options.uses;
    this.#kind = kind;
  }

  target(instance: object): unknown {
    try {
      return Reflect.get(instance, this.key);
    } catch {
      // A getter throws. The call of the hook throws the same error, and reports it.
      return undefined;
    }
  }

  call(instance: object, context: ExitContext): unknown {
    const method: unknown = Reflect.get(instance, this.key);
    if (typeof method !== 'function') {
      throw new TypeError(
        this.#kind === 'disposable'
          ? `${this.name} is no longer a method`
          : `${this.name} is marked with @${this.#kind}() and no longer a method`,
      );
    }
    // Inversify calls its `@preDestroy` methods without an argument, and `using` those of disposables.
    return Reflect.apply(method, instance, this.#kind === 'OnExit' ? [context] : []);
  }
}

/**
 * Derived classes before their bases, later declarations before earlier ones. An override runs with
 * the hooks of the class that overrides, since it may use what that class added.
 */
function readHooks(chain: readonly object[]): readonly MethodHook[] {
  // Of several marks of a name, the nearest one has the options that apply.
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
      // An override without a mark takes the order of the member before it.
      order = markOf(level, name)?.order ?? order;
      own.unshift({ name, order });
    }
    for (const { name } of own.sort((a, b) => b.order - a.order)) {
      if (!hooks.has(name)) {
        hooks.set(name, new MethodHook(name, marked.get(name)));
      }
    }
  }
  return hooks.size === 0 ? noHooks : [...hooks.values()];
}

function symbolName(symbol: symbol): string {
  // Node.js 20 and 22 define these symbols with descriptions of their own.
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
    // A proxy may throw, and a revoked one always does.
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
