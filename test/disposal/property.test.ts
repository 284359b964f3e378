import 'reflect-metadata';

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Container } from 'inversify';

import {
  HandWrittenCollector,
  theModule,
  wrongCollectors,
  type Collector,
} from '../support/collectors.js';
import { graphArbitrary, World, type Graph } from '../support/graphs.js';
import { serviceOf } from '../support/nodes.js';
import { runs, Shares, timeout } from '../support/property.js';

/** Resolves what the graph asks for, disposes the child, then the parent, and checks the exits. */
async function play(graph: Graph, choose: (world: World) => Collector): Promise<World> {
  const world = new World(graph);
  const collector = choose(world);
  const parent = collector.createContainer();
  const child = collector.createContainer(parent);
  world.bindTo(parent, collector.observe);

  for (const { node, child: throughChild } of graph.requests.filter(isSettledFirst(world))) {
    // Where a dependency fails while another is in flight, Inversify leaves the other's rejection
    // unhandled, which would end this process.
    if (world.isAsync(node) && world.canFail(node)) {
      continue;
    }
    // The child has nothing of its own here; trees of containers have a property of their own.
    const container = throughChild && world.isSingletonsOnly(node) ? child : parent;
    await resolve(world, container, node).catch(() => undefined);
  }
  await world.settled();

  await collector.dispose(child, []);
  expect(world.exits).toEqual([]);

  const inFlight = graph.requests
    .filter((request) => !isSettledFirst(world)(request))
    .map(async ({ node }) => resolve(world, parent, node));
  await collector.dispose(parent, inFlight);
  await Promise.all(inFlight);
  await world.settled();

  checkExits(world);
  return world;
}

/** Only a singleton is waited for, and only if nothing that it is built from fails halfway. */
function isSettledFirst(world: World): (request: Graph['requests'][number]) => boolean {
  return ({ node, pending }) =>
    !pending || world.graph.nodes[node]?.scope !== 'singleton' || world.canFail(node);
}

async function resolve(world: World, container: Container, node: number): Promise<unknown> {
  return world.isAsync(node)
    ? container.getAsync(serviceOf(node))
    : container.get<unknown>(serviceOf(node));
}

/** No hook is lost or repeated, none starts before the last has ended, dependents come first. */
function checkExits({ exits, graph, instances }: World): void {
  const started = exits.filter(({ event }) => event === 'started').map(({ value }) => value);
  expect(exits).toEqual(
    started.flatMap((value) => [
      { value, event: 'started' },
      { value, event: 'ended' },
    ]),
  );
  const position = new Map(started.map((value, index) => [value, index]));
  const hooked = instances.filter(({ node }) => graph.nodes[node]?.hook !== 'none');
  expect(position.size).toBe(started.length);
  expect(new Set(started)).toEqual(new Set(hooked.map(({ value }) => value)));

  const dependenciesOf = new Map(
    instances.map(({ value, dependencies }) => [value as unknown, dependencies]),
  );
  for (const { value } of hooked) {
    const below = new Set<unknown>(dependenciesOf.get(value));
    for (const dependency of below) {
      for (const deeper of dependenciesOf.get(dependency) ?? []) {
        below.add(deeper);
      }
    }
    for (const dependency of below) {
      const exited = position.get(dependency as object) ?? Infinity;
      expect(exited).toBeGreaterThan(position.get(value) ?? Infinity);
    }
  }
}

test(
  'P10 reverse activation order › no hook is lost or repeated, and no dependency is exited before its dependent',
  async () => {
    const shares = new Shares();
    await fc.assert(
      fc.asyncProperty(graphArbitrary, async (graph) => {
        const world = await play(graph, () => theModule);
        const asked = graph.requests.map(({ node }) => node);
        const instances = new Set(world.instances.map(({ node }) => node));
        const hooks = [...instances].map((node) => graph.nodes[node]?.hook);
        shares.count({
          diamonds: asked.some((node) => world.hasDiamond(node)),
          'pre-resolved': asked.some((node, index) =>
            asked
              .slice(0, index)
              .some((earlier) => earlier !== node && world.reachableFrom(node).has(earlier)),
          ),
          async: asked.some((node) => world.isAsync(node)),
          'failing hooks': hooks.includes('throws') || hooks.includes('rejects'),
          'failing activations': asked.some((node) => world.canFail(node) && !world.isAsync(node)),
          'in flight': graph.requests.some(
            (request) => !isSettledFirst(world)(request) && world.isAsync(request.node),
          ),
          'through a child': graph.requests.some(
            ({ node, child }) => child && world.isSingletonsOnly(node),
          ),
        });
      }),
      runs,
    );
    shares.check('graphs', 0.05);
  },
  timeout,
);

test(
  'the property holds for a collector written by hand',
  async () => {
    await fc.assert(
      fc.asyncProperty(graphArbitrary, async (graph) => {
        await play(graph, (world) => new HandWrittenCollector(world));
      }),
      runs,
    );
  },
  timeout,
);

test.each(Object.entries(wrongCollectors))(
  'the property fails for a wrong collector: %s',
  async (_fault, Wrong) => {
    const result = await fc.check(
      fc.asyncProperty(graphArbitrary, async (graph) => {
        await play(graph, (world) => new Wrong(world));
      }),
      { ...runs, endOnFailure: true },
    );
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toContain('expect(');
  },
  timeout,
);
