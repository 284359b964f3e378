/** The module as the property over container trees sees it, and collectors written by hand. */
import { Container } from 'inversify';
import { ContainerDisposedError, DisposeError } from 'inversify-onexit';

import { createContainer, unbindAsync } from './containers.js';
import { serviceOf } from './nodes.js';
import { Foresight } from './tree-foresight.js';
import type { BindingObserver, Made, TreeWorld } from './tree-world.js';
import type { Bound } from './trees.js';

export interface TreeCollector {
  createContainer(index: number, parent: Container | undefined): Container;
  /** Called for activations, which the collector, unlike the module, does not see. */
  readonly observe?: BindingObserver;
  get(container: number, service: number): Promise<unknown>;
  unbind(binding: Bound): Promise<void>;
  dispose(container: number): Promise<void>;
}

/** What users do. */
class Plain {
  constructor(protected readonly world: TreeWorld) {}

  async get(container: number, service: number): Promise<unknown> {
    return this.world.isAsync(service)
      ? this.container(container).getAsync(serviceOf(service))
      : this.container(container).get<unknown>(serviceOf(service));
  }

  async unbind({ at, service }: Bound): Promise<void> {
    await unbindAsync(this.container(at), serviceOf(service));
  }

  protected container(index: number): Container {
    const container = this.world.containers[index];
    if (container === undefined) {
      throw new RangeError(`there is no container ${String(index)}`);
    }
    return container;
  }
}

export class TheModule extends Plain implements TreeCollector {
  createContainer(index: number, parent: Container | undefined): Container {
    const options = parent === undefined ? {} : { parent };
    return this.world.tree.hasModule(index) ? createContainer(options) : new Container(options);
  }

  async dispose(container: number): Promise<void> {
    try {
      await this.container(container).dispose();
    } catch (error) {
      if (!DisposeError.is(error)) {
        throw error;
      }
    }
  }
}

/** Right in all that the property asks for; each wrong collector overrides one thing. */
export class HandWrittenTreeCollector extends Plain implements TreeCollector {
  /** In the order of activation. */
  readonly #owners = new Map<object, number>();
  readonly #collectedBy = new Map<object, Bound>();
  readonly #exited = new Set<object>();
  readonly #closed = new Set<number>();
  #resolving = 0;

  createContainer(_index: number, parent: Container | undefined): Container {
    return new Container(parent === undefined ? {} : { parent });
  }

  readonly observe: BindingObserver = (binding, value) => {
    if (!this.isCollected(binding, value)) {
      return;
    }
    const owner = this.ownerOf(binding, this.#resolving);
    const first = this.#owners.get(value) ?? owner;
    if (!this.#owners.has(value)) {
      this.#owners.set(value, owner);
      this.#collectedBy.set(value, binding);
    }
    if (this.#closed.has(owner) && this.#closed.has(first)) {
      void this.#exit(value);
      throw new ContainerDisposedError('activate', serviceOf(binding.service));
    }
  };

  override async get(container: number, service: number): Promise<unknown> {
    const { outcome, conflict } = new Foresight(this.world, container, service);
    if (this.isRefused(outcome)) {
      throw new ContainerDisposedError('resolve', serviceOf(service));
    }
    if (conflict !== undefined && this.refusesConflicts()) {
      const { singleton, injected } = conflict;
      throw new Error(
        `${serviceOf(singleton.service)} would keep ${serviceOf(injected.service)} of a child`,
      );
    }
    this.#resolving = container;
    const before = this.world.facts.length;
    try {
      return await super.get(container, service);
    } finally {
      await this.world.settled();
      for (const fact of this.world.facts.slice(before)) {
        if (fact.binding.scope === 'singleton' && this.world.tree.hasModule(fact.binding.at)) {
          this.takeParts(fact, fact.binding.at);
        }
      }
    }
  }

  override async unbind(binding: Bound): Promise<void> {
    for (const [value, by] of this.#collectedBy) {
      if (by === binding && binding.scope === 'singleton') {
        await this.unbinding(value);
      }
    }
    await super.unbind(binding);
  }

  async dispose(container: number): Promise<void> {
    for (const each of this.withChildren(container)) {
      this.#closed.add(each);
      for (const [value, owner] of [...this.#owners].reverse()) {
        if (owner === each) {
          await this.#exit(value);
        }
      }
    }
  }

  protected isCollected({ at }: Bound, value: object): boolean {
    return 'exit' in value && this.world.tree.hasModule(at);
  }

  protected ownerOf({ scope, at }: Bound, container: number): number {
    return scope === 'singleton' ? at : (this.world.tree.nearest(container) ?? container);
  }

  /** What a singleton is built from shares its owner, down to the next singletons. */
  protected takeParts(fact: Made, owner: number): void {
    const { facts, tree } = this.world;
    const before = facts.slice(0, facts.indexOf(fact));
    for (const part of fact.dependencies) {
      const made = before.filter(({ value }) => value === part);
      const current = this.#owners.get(part as object);
      if (made.every(({ binding }) => binding.scope !== 'singleton')) {
        if (current !== undefined && tree.isBelow(current, owner)) {
          this.#owners.set(part as object, owner);
        }
        made.forEach((each) => {
          this.takeParts(each, owner);
        });
      }
    }
  }

  protected isRefused(outcome: Foresight['outcome']): boolean {
    return outcome === 'closed' || outcome === 'refused';
  }

  protected refusesConflicts(): boolean {
    return true;
  }

  protected async unbinding(value: object): Promise<void> {
    await this.#exit(value);
  }

  protected withChildren(container: number): number[] {
    return this.world.tree.disposedWith(container);
  }

  async #exit(value: object): Promise<void> {
    if (this.#exited.has(value)) {
      return;
    }
    this.#exited.add(value);
    try {
      await (Reflect.get(value, 'exit') as () => unknown).call(value);
    } catch {
      // Drawn to fail.
    }
  }
}

class ChildOwnsAllItResolves extends HandWrittenTreeCollector {
  protected override ownerOf(_binding: Bound, container: number): number {
    return this.world.tree.nearest(container) ?? container;
  }

  protected override takeParts(): void {}
}

class ParentOwnsAllItSees extends HandWrittenTreeCollector {
  protected override ownerOf({ at }: Bound, container: number): number {
    const { tree } = this.world;
    return (
      tree
        .pathOf(container)
        .reverse()
        .find((each) => tree.hasModule(each)) ?? at
    );
  }
}

class WeakChildrenLost extends HandWrittenTreeCollector {
  protected override withChildren(container: number): number[] {
    return [container];
  }
}

class OldestChildFirst extends HandWrittenTreeCollector {
  protected override withChildren(container: number): number[] {
    const [own = container, ...children] = super.withChildren(container).reverse();
    return [...children, own];
  }
}

class ParentFirst extends HandWrittenTreeCollector {
  protected override withChildren(container: number): number[] {
    return super.withChildren(container).reverse();
  }
}

class PartsLeftToTheChild extends HandWrittenTreeCollector {
  protected override takeParts(): void {}
}

class NoConflicts extends HandWrittenTreeCollector {
  protected override refusesConflicts(): boolean {
    return false;
  }
}

class UnbindingIgnored extends HandWrittenTreeCollector {
  protected override async unbinding(): Promise<void> {}
}

class EveryBindingCollected extends HandWrittenTreeCollector {
  protected override isCollected(_binding: Bound, value: object): boolean {
    return 'exit' in value;
  }
}

class DisposedStillResolves extends HandWrittenTreeCollector {
  protected override isRefused(): boolean {
    return false;
  }
}

export const wrongTreeCollectors = {
  'the child owns all it resolves': ChildOwnsAllItResolves,
  'the parent owns all it sees': ParentOwnsAllItSees,
  'weak children lost': WeakChildrenLost,
  'transients of a singleton left to the child': PartsLeftToTheChild,
  'the oldest child first': OldestChildFirst,
  'the parent first': ParentFirst,
  'a child injected into an ancestor': NoConflicts,
  'unbinding runs no hooks': UnbindingIgnored,
  'containers without the module are collected': EveryBindingCollected,
  'a disposed container still resolves': DisposedStillResolves,
};
