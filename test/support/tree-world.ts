/** What happens in one run over a container tree: the facts that the promises are held against. */
import type { Container, ResolutionContext } from 'inversify';

import { Workshop, type Injection, type Label } from './nodes.js';
import { nameOf, type Bound, type Tree } from './trees.js';

/** That a binding made a value, or handed on one that is made already. */
export interface Made {
  readonly binding: Bound;
  readonly value: object;
  readonly dependencies: readonly unknown[];
  /** How many events of exits there had been. */
  readonly exits: number;
}

/** The context that was given to what made the value, which may be a factory. */
export interface Kept {
  readonly fact: Made;
  readonly context: ResolutionContext;
}

/** The facts of one run. */
export class TreeWorld extends Workshop<Bound> {
  readonly containers: Container[] = [];
  readonly facts: Made[] = [];
  readonly keptContexts: Kept[] = [];
  /** Containers with the module that are disposed. */
  readonly disposed = new Set<number>();
  /** The calls of activation handlers. */
  readonly activations: string[] = [];
  readonly unbound = new Set<Bound>();

  constructor(readonly tree: Tree) {
    super();
  }

  isAsync(service: number): boolean {
    return this.tree.isAsync(service);
  }

  /** Whether some ancestor, or the container itself, is disposed. */
  isClosed(container: number): boolean {
    return this.tree.pathOf(container).some((each) => this.disposed.has(each));
  }

  /** What a container finds for a service: where its identifier is bound at all, nothing further up counts. */
  lookUp(container: number, service: number, how: Injection): readonly Bound[] {
    const { tree } = this;
    const found = tree.pathOf(container).map((at) => this.#boundAt(at, service));
    return (
      how === 'chained' ? found.flat() : (found.find((each) => each.length > 0) ?? [])
    ).filter((each) => each.service === service);
  }

  /** Whether something that a container would have found was unbound. */
  isUnbound(container: number, service: number): boolean {
    const path = this.tree.pathOf(container);
    const siblings = this.tree.siblingsOf(service);
    return [...this.unbound].some(
      (each) => path.includes(each.at) && siblings.includes(each.service),
    );
  }

  /** What goes with it if its service is unbound in its container. */
  boundWith({ at, service }: Bound): readonly Bound[] {
    return this.#boundAt(at, service);
  }

  boundIn(container: number): readonly Bound[] {
    return this.tree.bindings
      .filter(({ at }) => at === container)
      .filter((each) => !this.unbound.has(each));
  }

  /** With the handlers that were drawn. */
  bindTo(container: Container, bindings: readonly Bound[]): void {
    for (const each of bindings) {
      const { identifier, name, tag } = this.tree.labelOf(each.service);
      const binding = this.bind(container, each, each.service);
      const handle = (_context: ResolutionContext, value: object): object => {
        this.activations.push(nameOf(each));
        return value;
      };
      const bound =
        name !== undefined
          ? binding.whenNamed(name)
          : tag !== undefined
            ? binding.whenTagged(tag.key, tag.value)
            : binding;
      if (each.handler === 'binding') {
        bound.onActivation(handle);
      } else if (each.handler === 'container') {
        container.onActivation(identifier, handle);
      }
    }
  }

  /** Asks a container, or a context, as users do. */
  async request(
    asked: Container | ResolutionContext,
    service: number,
    how: Injection,
  ): Promise<unknown> {
    return this.ask(asked, service, how);
  }

  keptContext(drawn: number): Kept | undefined {
    return this.keptContexts[drawn % Math.max(1, this.keptContexts.length)];
  }

  /** For messages. */
  nameOf(value: object): string {
    const index = this.facts.findIndex((each) => each.value === value);
    const made = this.facts[index];
    return made === undefined ? 'unknown' : `${nameOf(made.binding)}#${String(index)}`;
  }

  protected override labelOf(service: number): Label {
    return this.tree.labelOf(service);
  }

  protected override made(binding: Bound, value: object, dependencies: readonly unknown[]): void {
    this.facts.push({ binding, value, dependencies, exits: this.exits.length });
  }

  protected override handedOn(alias: Bound, value: object): void {
    this.made(alias, value, [value]);
  }

  protected override kept(binding: Bound, value: object, context: ResolutionContext): void {
    const fact = [...this.facts]
      .reverse()
      .find((each) => each.binding === binding && each.value === value);
    if (fact !== undefined) {
      this.keptContexts.push({ fact, context });
    }
  }

  #boundAt(at: number, service: number): readonly Bound[] {
    const siblings = this.tree.siblingsOf(service);
    return this.boundIn(at).filter((each) => siblings.includes(each.service));
  }
}
