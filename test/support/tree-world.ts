/** What happens in one run over a container tree: the facts that the promises are held against. */
import type { Container } from 'inversify';

import { Workshop } from './nodes.js';
import { nameOf, type Bound, type Tree } from './trees.js';

/** That a binding made a value, or handed on one that is made already. */
export interface Made {
  readonly binding: Bound;
  readonly value: object;
  readonly dependencies: readonly unknown[];
  readonly get: Get;
  /** How many events of exits there had been. */
  readonly exits: number;
}

/** One `get` of the program. */
export interface Get {
  readonly container: number;
  readonly service: number;
  /** Singletons that were not built, and were about to be, with the services they may be built from. */
  readonly attempts: ReadonlyMap<Bound, ReadonlySet<number>>;
  failed: boolean;
}

export type BindingObserver = (binding: Bound, value: object) => void;

/** The facts of one run. */
export class TreeWorld extends Workshop<Bound> {
  readonly containers: Container[] = [];
  readonly facts: Made[] = [];
  /** Containers with the module that are disposed. */
  readonly disposed = new Set<number>();
  /** How many facts there had been when they were. */
  readonly #factsBefore = new Map<number, number>();
  readonly unbound = new Set<Bound>();
  /** Singletons of which Inversify may keep a failure. */
  readonly doubtful = new Set<Bound>();
  current: Get | undefined;

  constructor(readonly tree: Tree) {
    super();
  }

  isAsync(service: number): boolean {
    return this.tree.isAsync(service);
  }

  /** What a container finds for a service. */
  lookUp(container: number, service: number): Bound | undefined {
    for (const at of this.tree.pathOf(container)) {
      const found = this.tree.bindings.find(
        (each) => each.service === service && each.at === at && !this.unbound.has(each),
      );
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  /** Whether it is a singleton whose instance the container holds. */
  isBuilt(binding: Bound): boolean {
    const disposedAfter = this.#factsBefore.get(binding.at);
    return (
      binding.scope === 'singleton' &&
      this.facts
        .slice(disposedAfter ?? 0)
        // A disposed container builds, and holds, only what has no hooks.
        .some(
          ({ binding: made, value }) =>
            made === binding && (disposedAfter === undefined || !('exit' in value)),
        )
    );
  }

  dispose(containers: readonly number[]): void {
    for (const container of containers) {
      this.disposed.add(container);
      this.#factsBefore.set(container, this.facts.length);
    }
  }

  /** Whether some ancestor, or the container itself, is disposed. */
  isClosed(container: number): boolean {
    return this.tree.pathOf(container).some((each) => this.disposed.has(each));
  }

  /** After a `get` that made these. */
  doubtFailed({ container, failed, attempts }: Get, made: readonly Made[]): void {
    for (const singleton of failed ? attempts.keys() : []) {
      // What is no class, or is planned where nobody looks, is refused only when it is made already.
      const isPlanned = singleton.kind === 'class' && this.tree.hasModule(container);
      const isRefused = !isPlanned && made.some(({ binding }) => binding === singleton);
      if (isRefused || this.isAsync(singleton.service)) {
        this.doubtful.add(singleton);
      }
    }
  }

  bindTo(container: Container, at: number, observer?: BindingObserver): void {
    for (const drawn of this.tree.bindings.filter((each) => each.at === at)) {
      const binding = this.bind(container, drawn, drawn.service);
      if (observer !== undefined) {
        binding.onActivation((_context, value) => {
          observer(drawn, value);
          return value;
        });
      }
    }
  }

  /** For messages. */
  nameOf(value: object): string {
    const index = this.facts.findIndex((each) => each.value === value);
    const made = this.facts[index];
    return made === undefined ? 'unknown' : `${nameOf(made.binding)}#${String(index)}`;
  }

  protected override made(binding: Bound, value: object, dependencies: readonly unknown[]): void {
    if (this.current === undefined) {
      throw new Error(`${nameOf(binding)} was made for nobody`);
    }
    this.facts.push({ binding, value, dependencies, get: this.current, exits: this.exits.length });
  }

  protected override handedOn(alias: Bound, value: object): void {
    this.made(alias, value, [value]);
  }
}
