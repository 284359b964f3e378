/** The module as the property test sees it, and collectors that are wrong in one way each. */
import { Container, type ResolutionContext } from 'inversify';
import { DisposeError } from 'inversify-onexit';

import { createContainer } from './containers.js';
import type { ActivationObserver, World } from './graphs.js';

export interface Collector {
  createContainer(parent?: Container): Container;
  /** Called for activations, which the collector, unlike the module, does not see. */
  readonly observe?: ActivationObserver;
  /** Disposes while the activations given are in flight. */
  dispose(container: Container, inFlight: readonly Promise<unknown>[]): Promise<void>;
}

export const theModule: Collector = {
  createContainer: (parent) => createContainer(parent === undefined ? {} : { parent }),
  dispose: async (container) => {
    try {
      await container.dispose();
    } catch (error) {
      if (!DisposeError.is(error)) {
        throw error;
      }
    }
  },
};

interface Owned {
  readonly node: number;
  readonly value: object;
}

const ownedToken = Symbol('owned');

/** Right in all that the property asks for; each wrong collector overrides one thing. */
export class HandWrittenCollector implements Collector {
  readonly #containers = new WeakMap<Container, Owned[]>();
  #first: Owned[] | undefined;

  constructor(protected readonly world: World) {}

  createContainer(parent?: Container): Container {
    const container = new Container(parent === undefined ? {} : { parent });
    const owned: Owned[] = [];
    this.#first ??= owned;
    this.#containers.set(container, owned);
    container.bind(ownedToken).toConstantValue(owned);
    return container;
  }

  readonly observe: ActivationObserver = (context, node, value) => {
    this.collect(this.ownerOf(context), { node, value: this.world.instanceBehind(value) });
  };

  async dispose(container: Container, inFlight: readonly Promise<unknown>[]): Promise<void> {
    const owned = this.#containers.get(container) ?? [];
    await this.arrivals(inFlight);
    for (const { value } of this.inOrder([...owned])) {
      const exit: unknown = Reflect.get(value, 'exit');
      if (typeof exit === 'function') {
        await Promise.resolve()
          .then(() => Reflect.apply(exit, value, []) as unknown)
          .catch(() => undefined);
      }
    }
  }

  /** All bindings are the parent's, the container that was created first. */
  protected ownerOf(_context: ResolutionContext): Owned[] {
    return this.#first ?? [];
  }

  protected collect(owned: Owned[], activated: Owned): void {
    if (!owned.some(({ value }) => value === activated.value)) {
      owned.push(activated);
    }
  }

  protected async arrivals(inFlight: readonly Promise<unknown>[]): Promise<void> {
    await Promise.allSettled(inFlight);
  }

  protected inOrder(owned: Owned[]): Owned[] {
    return owned.reverse();
  }
}

class BindOrder extends HandWrittenCollector {
  protected override inOrder(owned: Owned[]): Owned[] {
    const { bound } = this.world.graph;
    return owned.sort((a, b) => bound.indexOf(b.node) - bound.indexOf(a.node));
  }
}

/** As `@inversifyjs/plugin-dispose` has it: a service keeps the place of its first appearance in a plan. */
class ReversePlanOrder extends HandWrittenCollector {
  protected override inOrder(owned: Owned[]): Owned[] {
    const planned = this.world.graph.requests.flatMap(({ node }) => [
      ...this.world.reachableFrom(node),
    ]);
    return owned.sort((a, b) => planned.indexOf(a.node) - planned.indexOf(b.node));
  }
}

class OneHandlerPerService extends HandWrittenCollector {
  protected override collect(owned: Owned[], activated: Owned): void {
    const known = owned.findIndex(({ node }) => node === activated.node);
    owned.splice(known === -1 ? owned.length : known, 1, activated);
  }
}

class ResolverOwnsSingletons extends HandWrittenCollector {
  protected override ownerOf(context: ResolutionContext): Owned[] {
    return context.get<Owned[]>(ownedToken);
  }
}

class NoIdentityCheck extends HandWrittenCollector {
  protected override collect(owned: Owned[], activated: Owned): void {
    owned.push(activated);
  }
}

class LateArrivalsDropped extends HandWrittenCollector {
  protected override async arrivals(): Promise<void> {
    // It does not wait for them, and looks at its list only once.
  }
}

export const wrongCollectors = {
  'bind order': BindOrder,
  'reverse plan order': ReversePlanOrder,
  'one handler per service': OneHandlerPerService,
  'the resolver owns singletons': ResolverOwnsSingletons,
  'no identity check': NoIdentityCheck,
  'late arrivals dropped': LateArrivalsDropped,
};
