/**
 * Finds out the name and the kind of a value. No function here throws for any value: the values come
 * from users, and the results are only for messages.
 */

/** Names a service, as Inversify's `ServiceIdentifier` does. */
export type ServiceToken = string | symbol | (abstract new (...args: never) => unknown);

/**
 * The result of `inspect`, or the fallback if the inspected value throws. A getter, a proxy's trap or a
 * `toString` may throw; with a revoked proxy even `instanceof` and `Array.isArray` do.
 */
export function guarded<Found, Fallback>(
  inspect: () => Found,
  fallback: Fallback,
): Found | Fallback {
  try {
    return inspect();
  } catch {
    return fallback;
  }
}

/** The identifier as Inversify prints it, if it has a name. */
export function identifierName(identifier: ServiceToken): string {
  return typeof identifier === 'function'
    ? functionName(identifier)
    : guarded(() => String(identifier), 'object');
}

/** The identifier, and the instance's class where that is another name. */
export function serviceName(identifier: ServiceToken, instance: unknown): string {
  return serviceNameOf(identifier, classNameOf(instance));
}

export function serviceNameOf(identifier: ServiceToken, className: string): string {
  const service = identifierName(identifier);
  return className === service ? service : `${service} [${className}]`;
}

/** The name of an object's class; for a primitive, its type. */
export function classNameOf(value: unknown): string {
  if (!isObject(value)) {
    return value === null ? 'null' : typeof value;
  }
  const constructor = guarded((): unknown => Reflect.get(value, 'constructor'), undefined);
  return typeof constructor === 'function' ? functionName(constructor) : 'object';
}

/** An invalid value of an option, as it appears in an error message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    return `'${value}'`;
  }
  if (typeof value === 'bigint') {
    return `${String(value)}n`;
  }
  return isObject(value) ? classNameOf(value) : String(value);
}

/** A value as text: the name and message of an error, or the `message` of another object. */
export function describe(value: unknown): string {
  return guarded(() => {
    const { message }: { message?: unknown } = Object(value) as object;
    return isError(value) || typeof message !== 'string' ? String(value) : message;
  }, 'a value that cannot be printed');
}

export function functionName(named: { readonly name: unknown }): string {
  const name = guarded(() => named.name, undefined);
  // A static member may have replaced the name.
  return typeof name === 'string' && name !== '' ? name : 'anonymous';
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' ? value !== null : typeof value === 'function';
}

/** Includes errors of another realm, such as those of Node's own modules under a test runner. */
export function isError(value: unknown): value is object {
  return (
    guarded(() => value instanceof Error, false) ||
    ['[object Error]', '[object DOMException]'].includes(tagOf(value))
  );
}

/** Whether it is declared as an `async function`. Other functions may return a promise, too. */
export function isAsyncFunction(value: unknown): boolean {
  return tagOf(value) === '[object AsyncFunction]';
}

/** Whether a call only creates an iterator, and runs nothing of the body. */
export function isGeneratorFunction(value: unknown): boolean {
  return ['[object GeneratorFunction]', '[object AsyncGeneratorFunction]'].includes(tagOf(value));
}

/** The built-in kind of a value, such as `[object Map]`; `[object Object]` for a user's class. */
export function tagOf(value: unknown): string {
  return guarded(() => Object.prototype.toString.call(value), '[object Object]');
}

/** Throws outside of any `try`, so that the platform reports the error as uncaught. */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
