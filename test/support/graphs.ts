/** Random dependency graphs in one container: how they are drawn and bound. */
import fc from 'fast-check';
import type { Container, ResolutionContext } from 'inversify';

import { dependenciesOf, nodeFields, Workshop, type Node } from './nodes.js';

interface GraphNode extends Node {
  readonly proxied: boolean;
}

interface Request {
  readonly node: number;
  readonly child: boolean;
  /** Still being activated when the disposal starts. */
  readonly pending: boolean;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** The order in which the nodes are bound. */
  readonly bound: readonly number[];
  readonly requests: readonly Request[];
}

const nodeArbitrary: fc.Arbitrary<GraphNode> = fc.record({
  ...nodeFields,
  proxied: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
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

/** The instances of one run. */
export class World extends Workshop<GraphNode> {
  readonly graph: Graph;
  readonly instances: Instance[] = [];
  readonly #targets = new WeakMap<object, object>();

  constructor(graph: Graph) {
    super();
    this.graph = graph;
  }

  dependenciesOf(index: number): number[] {
    const node = this.graph.nodes[index];
    return node === undefined ? [] : dependenciesOf(node, index);
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

  /** Calls the observer, if there is one, with each value that a binding activates. */
  bindTo(container: Container, observer?: ActivationObserver): void {
    for (const index of this.graph.bound) {
      const node = this.#node(index);
      const binding = this.bind(container, node, index);
      if (observer !== undefined || node.proxied) {
        binding.onActivation((context, value) => {
          observer?.(context, index, value);
          return node.proxied ? this.#proxy(value) : value;
        });
      }
    }
  }

  protected override made(node: GraphNode, value: object, dependencies: readonly unknown[]): void {
    this.instances.push({
      node: this.graph.nodes.indexOf(node),
      value,
      dependencies: dependencies.map((each) => this.instanceBehind(each as object)),
    });
  }

  #node(index: number): GraphNode {
    const node = this.graph.nodes[index];
    if (node === undefined) {
      throw new RangeError(`there is no node ${String(index)}`);
    }
    return node;
  }

  #proxy(value: object): object {
    const proxy = new Proxy(value, {});
    this.#targets.set(proxy, this.instanceBehind(value));
    return proxy;
  }
}
