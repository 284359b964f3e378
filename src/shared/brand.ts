/** How the errors of all copies of this package are told from others. */
export function brand({ name, prototype }: { name: string; prototype: Error }): void {
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
