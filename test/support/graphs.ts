/** Random dependency graphs: how they are drawn, bound, resolved, and what must hold when they end. */
import { setImmediate } from 'node:timers/promises';

import fc from 'fast-check';
import {
  inject,
  injectable,
  postConstruct,
  type BindInWhenOnFluentSyntax,
  type BindWhenOnFluentSyntax,
  type Container,
  type Newable,
  type ResolutionContext,
} from 'inversify';
import { OnExit } from 'inversify-onexit';

const scopes = ['singleton', 'transient', 'request'] as const;
const kinds = ['class', 'dynamic', 'resolved', 'alias'] as const;
const hooks = ['none', 'sync', 'async', 'throws', 'rejects'] as const;

interface Node {
  readonly scope: (typeof scopes)[number];
  /** An alias is a dynamic value that hands on what its first dependency is. */
  readonly kind: (typeof kinds)[number];
  readonly hook: (typeof hooks)[number];
  /** Indices of other nodes, taken modulo this node's own, so that there are no cycles. */
  readonly dependencies: readonly number[];
  /** How many turns the activation takes; 0 is a synchronous one. */
  readonly turns: number;
  readonly proxied: boolean;
  readonly fails: boolean;
}

interface Request {
  readonly node: number;
  readonly child: boolean;
  /** Still being activated when the disposal starts. */
  readonly pending: boolean;
}

export interface Graph {
  readonly nodes: readonly Node[];
  /** The order in which the nodes are bound. */
  readonly bound: readonly number[];
  readonly requests: readonly Request[];
}

const nodeArbitrary: fc.Arbitrary<Node> = fc.record({
  scope: fc.constantFrom(...scopes),
  kind: fc.constantFrom(...kinds),
  hook: fc.constantFrom(...hooks),
  dependencies: fc.uniqueArray(fc.nat(11), { maxLength: 3 }),
  turns: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
  proxied: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  fails: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, fc.constant(true)),
});

export const graphArbitrary: fc.Arbitrary<Graph> = fc
  .array(nodeArbitrary, { minLength: 1, maxLength: 12 })
  .chain((nodes) =>
    fc.record({
      nodes: fc.constant(nodes),
      bound: fc.shuffledSubarray([...nodes.keys()], { minLength: nodes.length }),
      requests: fc.array(
        fc.record({
          node: fc.nat(nodes.length - 1),
          child: fc.boolean(),
          pending: fc.boolean(),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    }),
  );

/** Sees each value that a binding activates, before a handler can replace it. */
export type ActivationObserver = (context: ResolutionContext, node: number, value: object) => void;

interface Instance {
  readonly node: number;
  readonly value: object;
  readonly dependencies: readonly unknown[];
}

/** The instances of one run and the exits they saw. */
export class World {
  readonly graph: Graph;
  readonly instances: Instance[] = [];
  readonly exits: { readonly value: object; readonly event: 'started' | 'ended' }[] = [];
  readonly #running = new Set<Promise<unknown>>();
  readonly #targets = new WeakMap<object, object>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  dependenciesOf(node: number): number[] {
    const { dependencies = [], kind = 'class' } = this.graph.nodes[node] ?? {};
    const indices = node === 0 ? [] : [...new Set(dependencies.map((index) => index % node))];
    return kind === 'alias' ? indices.slice(0, 1) : indices;
  }

  /** The node and all that it is built from. */
  reachableFrom(node: number): Set<number> {
    const reached = new Set([node]);
    for (const index of reached) {
      for (const dependency of this.dependenciesOf(index)) {
        reached.add(dependency);
      }
    }
    return reached;
  }

  isAsync(node: number): boolean {
    return [...this.reachableFrom(node)].some((index) => (this.graph.nodes[index]?.turns ?? 0) > 0);
  }

  canFail(node: number): boolean {
    return [...this.reachableFrom(node)].some((index) => this.graph.nodes[index]?.fails);
  }

  /** Whether something below the node is reached in more than one way. */
  hasDiamond(node: number): boolean {
    const reached = [...this.reachableFrom(node)].flatMap((index) => this.dependenciesOf(index));
    return new Set(reached).size < reached.length;
  }

  isSingletonsOnly(node: number): boolean {
    return [...this.reachableFrom(node)].every(
      (index) => this.graph.nodes[index]?.scope === 'singleton',
    );
  }

  /** What a proxy stands for; anything else is itself. */
  instanceBehind(value: object): object {
    return this.#targets.get(value) ?? value;
  }

  /** Tells the observer, if there is one, of each value that a binding activates. */
  bindTo(container: Container, observer?: ActivationObserver): void {
    for (const index of this.graph.bound) {
      const node = this.#node(index);
      const binding = inScope(this.#bind(container, index, node), node.scope);
      if (observer !== undefined || node.proxied) {
        binding.onActivation((context, value) => {
          observer?.(context, index, value);
          return node.proxied ? this.#proxy(value) : value;
        });
      }
    }
  }

  /** Resolves once no activation is in flight any more. */
  async settled(): Promise<void> {
    do {
      await Promise.allSettled(this.#running);
      await setImmediate();
    } while (this.#running.size > 0);
  }

  #node(index: number): Node {
    const node = this.graph.nodes[index];
    if (node === undefined) {
      throw new RangeError(`there is no node ${String(index)}`);
    }
    return node;
  }

  #bind(container: Container, index: number, node: Node): BindInWhenOnFluentSyntax<object> {
    const Service = this.#serviceClass(index, node);
    const dependencies = this.dependenciesOf(index);
    const [target] = dependencies;
    const make = (values: readonly unknown[]): object => new Service(...values);
    const binding = container.bind<object>(serviceOf(index));
    if (node.kind === 'class') {
      return binding.to(Service);
    }
    if (node.kind === 'resolved') {
      return binding.toResolvedValue(
        (...values: unknown[]) =>
          node.turns === 0 ? make(values) : this.#run(node.turns, () => make(values)),
        dependencies.map(serviceOf),
      );
    }
    const resolve = (context: ResolutionContext): object | Promise<object> => {
      if (node.kind === 'alias' && target !== undefined) {
        return this.isAsync(target)
          ? context.getAsync<object>(serviceOf(target))
          : context.get<object>(serviceOf(target));
      }
      return this.isAsync(index)
        ? Promise.all(dependencies.map(async (each) => context.getAsync(serviceOf(each)))).then(
            async (values) => this.#run(node.turns, () => make(values)),
          )
        : make(dependencies.map((each) => context.get(serviceOf(each))));
    };
    return binding.toDynamicValue(resolve);
  }

  #proxy(value: object): object {
    const proxy = new Proxy(value, {});
    this.#targets.set(proxy, this.instanceBehind(value));
    return proxy;
  }

  async #run<T>(count: number, action: () => T): Promise<T> {
    const running = turns(count).then(action);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #serviceClass(index: number, node: Node): Newable<object, unknown[]> {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the class below has its own
    const world = this;

    @injectable()
    class Service {
      constructor(...dependencies: unknown[]) {
        if (node.fails) {
          throw new Error('drawn to fail');
        }
        world.instances.push({
          node: index,
          value: this,
          dependencies: dependencies.map((value) => world.instanceBehind(value as object)),
        });
      }
    }
    if (node.kind === 'class') {
      for (const [position, dependency] of world.dependenciesOf(index).entries()) {
        inject(serviceOf(dependency))(Service, undefined, position);
      }
    }
    if (node.kind === 'class' && node.turns > 0) {
      Object.defineProperty(Service.prototype, 'connect', {
        value: async () => world.#run(node.turns, () => undefined),
      });
      postConstruct()(Service.prototype, 'connect', {});
    }
    if (node.hook !== 'none') {
      const exit = exitMethod(world, node);
      Object.defineProperty(Service.prototype, 'exit', exit);
      OnExit()(Service.prototype, 'exit', exit);
    }
    return Service;
  }
}

function inScope(
  binding: BindInWhenOnFluentSyntax<object>,
  scope: Node['scope'],
): BindWhenOnFluentSyntax<object> {
  switch (scope) {
    case 'singleton':
      return binding.inSingletonScope();
    case 'request':
      return binding.inRequestScope();
    case 'transient':
      return binding.inTransientScope();
  }
}

function exitMethod(world: World, { hook }: Node): TypedPropertyDescriptor<() => unknown> {
  const log = (value: object, event: 'started' | 'ended'): void => {
    world.exits.push({ value, event });
  };
  return {
    value: function (this: object): unknown {
      log(this, 'started');
      if (hook === 'sync' || hook === 'throws') {
        log(this, 'ended');
        if (hook === 'throws') {
          throw new Error('drawn to throw');
        }
        return undefined;
      }
      return turns(2).then(() => {
        log(this, 'ended');
        if (hook === 'rejects') {
          throw new Error('drawn to reject');
        }
      });
    },
  };
}

export function serviceOf(index: number): string {
  return `service ${String(index)}`;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await Promise.resolve();
  }
}
