/** The module as the property over container trees sees it, and collectors written by hand. */
import { Container, type ContainerOptions } from 'inversify';
import { ContainerDisposedError, DisposeError } from 'inversify-onexit';

import { createContainer, unbindAsync } from './containers.js';
import { expectationOf, Model, type Asker, type Expectation, type Part } from './tree-model.js';
import type { Made, TreeWorld } from './tree-world.js';
import { isCached, type Bound, type Request } from './trees.js';

export interface TreeCollector {
  createContainer(index: number, parent: Container | undefined): Container;
  /** Whether it cannot give a singleton a request of its own, nor empty a container that is disposed. */
  readonly isByHand?: boolean;
  get(request: Request): Promise<unknown>;
  unbind(binding: Bound): Promise<void>;
  dispose(container: number): Promise<void>;
}

/** What users do. */
export class Plain {
  constructor(protected readonly world: TreeWorld) {}

  async get(request: Request): Promise<unknown> {
    const { service, how } = request;
    if (request.act === 'get') {
      return this.world.request(this.container(request.container), service, how);
    }
    const { fact, context } = this.world.keptContext(request.kept) ?? {};
    return fact?.binding.kind === 'factory'
      ? (fact.value as () => unknown)()
      : context && this.world.request(context, service, how);
  }

  async unbind({ at, service }: Bound): Promise<void> {
    await unbindAsync(this.container(at), this.world.tree.labelOf(service).identifier);
  }

  protected container(index: number): Container {
    const { containers } = this.world;
    const container = containers[index % containers.length];
    if (container === undefined) {
      throw new RangeError(`there is no container ${String(index)}`);
    }
    return container;
  }
}

export function optionsOf(
  world: TreeWorld,
  index: number,
  parent: Container | undefined,
): ContainerOptions {
  const { jit, defaultScope } = world.tree.sites[index] ?? {};
  return {
    ...(parent === undefined ? {} : { parent }),
    ...(jit === undefined ? {} : { jitless: !jit }),
    ...(defaultScope === undefined ? {} : { defaultScope }),
  };
}

export class TheModule extends Plain implements TreeCollector {
  createContainer(index: number, parent: Container | undefined): Container {
    const options = optionsOf(this.world, index, parent);
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

/** Does by hand what the model says; each wrong collector overrides one thing, or has a wrong model. */
export class HandWrittenTreeCollector extends Plain implements TreeCollector {
  readonly isByHand: boolean = true;
  protected readonly model: Model = new Model(this.world);
  /** In the order of activation. */
  readonly #owned = new Map<object, { readonly owner: number; readonly by: Bound }>();
  readonly #exited = new Set<object>();
  readonly #closed = new Set<number>();

  createContainer(index: number, parent: Container | undefined): Container {
    return new Container(optionsOf(this.world, index, parent));
  }

  override async get(request: Request): Promise<unknown> {
    const expected = this.#expect(request);
    if (request.act === 'get' && this.isClosed(request.container % this.world.containers.length)) {
      throw new ContainerDisposedError('resolve', 'a service');
    }
    this.refuse(expected);
    const before = this.world.facts.length;
    let hasFailed = true;
    try {
      const value = await super.get(request);
      hasFailed = false;
      return value;
    } finally {
      await this.world.settled();
      const made = this.world.facts.slice(before);
      this.model.settle(expected, made, hasFailed);
      made.forEach((fact) => {
        this.#own(fact, this.model.partOf(fact));
      });
    }
  }

  override async unbind(binding: Bound): Promise<void> {
    const bindings = this.world.boundWith(binding);
    for (const [value, { by }] of this.#owned) {
      if (bindings.includes(by) && by.scope === 'singleton') {
        await this.unbinding(value);
      }
    }
    await super.unbind(binding);
  }

  async dispose(container: number): Promise<void> {
    const live = this.withChildren(container).filter((each) => !this.#closed.has(each));
    for (const each of live) {
      this.#closed.add(each);
      for (const [value, { owner }] of [...this.#owned].reverse()) {
        if (owner === each) {
          await this.#exit(value);
        }
      }
    }
    this.model.forgetSingletons(live);
  }

  protected isCollected({ at }: Bound): boolean {
    return this.world.tree.hasModule(at);
  }

  protected isClosed(container: number): boolean {
    return this.#closed.has(container);
  }

  protected async unbinding(value: object): Promise<void> {
    await this.#exit(value);
  }

  protected withChildren(container: number): number[] {
    return this.world.tree.disposedWith(container);
  }

  /** Before anything is made. */
  protected refuse({ failures }: Expectation): void {
    for (const failure of failures) {
      switch (failure.why) {
        case 'disposed':
          throw new ContainerDisposedError('activate', 'a service');
        case 'captive':
          throw new Error(
            `${this.#nameOf(failure.singleton)} would keep ${this.#nameOf(failure.part.binding)}`,
          );
        default:
      }
    }
  }

  #expect(request: Request): Expectation {
    const expected = expectationOf(this.model, this.world, request);
    if (expected === undefined) {
      throw new Error('Play asks only for what is expected');
    }
    return expected;
  }

  #nameOf({ service }: Bound): string {
    return this.world.tree.labelOf(service).identifier;
  }

  #own({ binding, value }: Made, part: Part | undefined): void {
    const owner = part?.owner;
    if (owner !== undefined && this.isCollected(binding) && !this.#owned.has(value)) {
      this.#owned.set(value, { owner, by: binding });
    }
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

function withModel(Wrong: new (world: TreeWorld) => Model): typeof HandWrittenTreeCollector {
  return class extends HandWrittenTreeCollector {
    protected override readonly model = new Wrong(this.world);
  };
}

class ChildOwnsAllItResolves extends Model {
  protected override ownerOf(_binding: Bound, { container }: Asker): number | undefined {
    return this.world.tree.nearest(container);
  }
}

class ParentOwnsAllItSees extends Model {
  protected override ownerOf(_binding: Bound, { container }: Asker): number | undefined {
    const { tree } = this.world;
    return [...tree.pathOf(container)].reverse().find((each) => tree.hasModule(each));
  }
}

class PartsLeftToTheChild extends Model {
  protected override ownerOf(binding: Bound, asker: Asker): number | undefined {
    return super.ownerOf(binding, { ...asker, builtFor: asker.container });
  }
}

class LatePartsLeftToTheChild extends Model {
  protected override ownerOf(binding: Bound, asker: Asker): number | undefined {
    const isLate = asker.singleton?.asksLate === true && asker.singleton.turns > 0;
    return super.ownerOf(binding, isLate ? { ...asker, builtFor: asker.container } : asker);
  }
}

class KeptContextsOfTheChild extends Model {
  override expectUse(
    ...[kept, service, how]: Parameters<Model['expectUse']>
  ): Expectation | undefined {
    const container = this.partOf(kept.fact)?.asker.container;
    return container === undefined ? undefined : this.expectGet(container, service, how);
  }
}

class InnermostSingletonOwns extends Model {
  protected override askerWithin(binding: Bound, asker: Asker): Asker {
    const within = super.askerWithin(binding, asker);
    const isInner = isCached(binding) && this.world.tree.hasModule(binding.at);
    return isInner ? { ...within, builtFor: binding.at } : within;
  }
}

class NoCaptiveDependencies extends Model {
  protected override isCaptive(): boolean {
    return false;
  }
}

class HooklessPartsRefused extends Model {
  protected override isCaptive({ binding }: Part, { builtFor, singleton }: Asker): boolean {
    return singleton !== undefined && this.world.tree.isBelow(binding.at, builtFor);
  }
}

class SharedRequests extends HandWrittenTreeCollector {
  override readonly isByHand = false;
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

class UnbindingIgnored extends HandWrittenTreeCollector {
  protected override async unbinding(): Promise<void> {}
}

class PlainContainersCollected extends Model {
  protected override ownerOf(binding: Bound, asker: Asker): number | undefined {
    return super.ownerOf(binding, asker) ?? this.world.tree.nearest(asker.builtFor);
  }
}

class EveryBindingCollected extends withModel(PlainContainersCollected) {
  protected override isCollected(): boolean {
    return true;
  }
}

class DisposedStillResolves extends HandWrittenTreeCollector {
  protected override isClosed(): boolean {
    return false;
  }

  protected override refuse(expected: Expectation): void {
    const failures = expected.failures.filter(({ why }) => why !== 'disposed');
    super.refuse({ ...expected, failures });
  }
}

export const wrongTreeCollectors = {
  'the child owns all it resolves': withModel(ChildOwnsAllItResolves),
  'the parent owns all it sees': withModel(ParentOwnsAllItSees),
  'parts of a singleton left to the child': withModel(PartsLeftToTheChild),
  'what it asks for after an await left to the child': withModel(LatePartsLeftToTheChild),
  'what a kept context makes left to the child': withModel(KeptContextsOfTheChild),
  'the innermost of nested singletons owns': withModel(InnermostSingletonOwns),
  'a request shared with an ancestor’s singleton': SharedRequests,
  'a captive dependency built': withModel(NoCaptiveDependencies),
  'parts without hooks refused': withModel(HooklessPartsRefused),
  'weak children lost': WeakChildrenLost,
  'the oldest child first': OldestChildFirst,
  'the parent first': ParentFirst,
  'unbinding runs no hooks': UnbindingIgnored,
  'containers without the module are collected': EveryBindingCollected,
  'a disposed container still resolves': DisposedStillResolves,
};
