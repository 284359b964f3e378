/** What can be told of a value by looking at it: what it is called, and of which kind it is. */
import { stringifyServiceIdentifier } from '@inversifyjs/common';
import type { ServiceIdentifier } from 'inversify';

/** The identifier as Inversify prints it, if it has a name. */
export function identifierName(identifier: ServiceIdentifier): string {
  return typeof identifier === 'function'
    ? functionName(identifier)
    : stringifyServiceIdentifier(identifier);
}

/** The identifier, and the instance's class where that is another name. */
export function serviceName(identifier: ServiceIdentifier, instance: unknown): string {
  const service = identifierName(identifier);
  const className = classNameOf(instance);
  return className === service ? service : `${service} [${className}]`;
}

/** The name of an object's class; for what has none, what it is. */
export function classNameOf(value: unknown): string {
  if (!isObject(value)) {
    return value === null ? 'null' : typeof value;
  }
  const constructor: unknown = Reflect.get(value, 'constructor');
  return typeof constructor === 'function' ? functionName(constructor) : 'object';
}

/** How a value that was given for an option is shown to who gave it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    return `'${value}'`;
  }
  if (typeof value === 'bigint') {
    return `${String(value)}n`;
  }
  return isObject(value) ? classNameOf(value) : String(value);
}

export function functionName({ name }: { readonly name: unknown }): string {
  // A static member may have taken the place of the name.
  return typeof name === 'string' && name !== '' ? name : 'anonymous';
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' ? value !== null : typeof value === 'function';
}

/** Whether it is visibly an `async function`; what returns a promise otherwise cannot be told. */
export function isAsyncFunction(value: unknown): boolean {
  return tagOf(value) === '[object AsyncFunction]';
}

/** Whether calling it only makes an iterator, and runs nothing of it. */
export function isGeneratorFunction(value: unknown): boolean {
  return ['[object GeneratorFunction]', '[object AsyncGeneratorFunction]'].includes(tagOf(value));
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}

/** Throws where nothing can catch it, so that each platform reports it as it does uncaught errors. */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
