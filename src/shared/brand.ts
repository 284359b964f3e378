/** Brands the errors of this package, so that all copies of it recognize them. */

/** @param name a literal: bundlers rename classes. */
export function brand({ prototype }: { prototype: Error }, name: string): void {
  // On the prototype, so that neither is printed as a property of each error.
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
  Object.defineProperty(prototype, symbolOf(name), { value: true });
}

export function hasBrand(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && symbolOf(name) in value;
}

function symbolOf(name: string): symbol {
  return Symbol.for(`inversify-onexit/${name}`);
}
