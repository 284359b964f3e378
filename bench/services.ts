/** The classes that are measured with. */
import { inject, injectable, type Newable } from 'inversify';

export interface Closable {
  close(): void | Promise<void>;
}

export interface ClosableClass {
  new (): Closable;
  readonly prototype: Closable;
}

/** What lives as long as a unit of work. */
export interface SessionClass {
  new (pool: object): Closable;
  readonly prototype: Closable;
}

/** How often a method was called that closes a service. */
export const closed = { count: 0 };

export function checkClosed(count: number): void {
  if (closed.count !== count) {
    throw new Error(`${String(closed.count)} of ${String(count)} services were closed`);
  }
  closed.count = 0;
}

/** A class with the one method that everyone has to call, which does next to nothing. */
export function closableClass(isAsync: boolean): ClosableClass {
  const made = isAsync
    ? class Service {
        async close(): Promise<void> {
          closed.count++;
        }
      }
    : class Service {
        close(): void {
          closed.count++;
        }
      };
  injectable()(made);
  return made;
}

/** Marks the method by which a class is closed. */
export function mark({ prototype }: ClosableClass | SessionClass, decorate: Decorator): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'close');
  if (descriptor !== undefined) {
    decorate(prototype, 'close', descriptor);
  }
}

type Decorator = (
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<() => unknown>,
) => void;

/** Has the method under the name, too, by which others find it. */
export function alias({ prototype }: ClosableClass | SessionClass, name: string): void {
  const close = Object.getOwnPropertyDescriptor(prototype, 'close');
  Object.defineProperty(prototype, name, { ...close });
}

export type Shape = 'alone' | 'deep' | 'wide';

const dependencies = 10;

/** A class, and all that it is built from: last, what is asked for. */
export function graph(shape: Shape): Newable[] {
  const leaf = dependentClass([]);
  switch (shape) {
    case 'alone':
      return [leaf];
    case 'deep': {
      const chain = [leaf];
      for (let depth = 0; depth < dependencies; depth++) {
        chain.push(dependentClass(chain.slice(-1)));
      }
      return chain;
    }
    case 'wide': {
      const leaves = Array.from({ length: dependencies }, () => dependentClass([]));
      return [...leaves, dependentClass(leaves)];
    }
  }
}

function dependentClass(needed: readonly Newable[]): Newable {
  const made = class Service {
    readonly needed: readonly unknown[];

    constructor(...parameters: readonly unknown[]) {
      this.needed = parameters;
    }
  };
  injectable()(made);
  needed.forEach((dependency, index) => {
    inject(dependency)(made, undefined, index);
  });
  return made;
}
