/** Random container trees, with the steps to take in them: what they are, and how they are drawn. */
import fc from 'fast-check';

import {
  dependenciesOf,
  nodeFields,
  serviceOf,
  type Injection,
  type Label,
  type Node,
} from './nodes.js';

interface Site {
  readonly parent: number | undefined;
  readonly depth: number;
  readonly module: boolean;
  readonly jit: boolean;
  readonly defaultScope: 'Singleton' | 'Transient' | 'Request';
}

/** How two services are told apart that have one identifier. */
type Pairing = 'none' | 'named' | 'tagged';

/** A binding; its dependencies are services. */
export interface Bound extends Node {
  readonly service: number;
  /** The container. */
  readonly at: number;
  /** An activation handler that changes nothing. */
  readonly handler: 'none' | 'binding' | 'container';
}

type DrawnNode = Omit<Bound, 'service' | 'at'>;

/** Asks a container, or a context that was given to a value made earlier. */
export type Request = { readonly service: number; readonly how: Injection } & (
  | { readonly act: 'get'; readonly container: number }
  | { readonly act: 'use'; readonly kept: number }
);

export type Step =
  | { readonly act: 'create' }
  | Request
  | { readonly act: 'unbind'; readonly binding: Bound }
  | { readonly act: 'dispose'; readonly container: number };

export class Tree {
  readonly #async = new Set<number>();

  constructor(
    /** A parent before its children. */
    readonly sites: readonly Site[],
    /** In the order of their services. */
    readonly bindings: readonly Bound[],
    /** How many containers are there from the start. */
    readonly first: number,
    readonly steps: readonly Step[],
    /** Of the services 0 and 1, 2 and 3, and so on. */
    readonly pairings: readonly Pairing[],
  ) {
    for (const { service, kind, turns, dependencies } of bindings) {
      // What a factory makes is awaited by who called it.
      const isAsync = turns > 0 || dependencies.some((each) => this.#async.has(each));
      if (isAsync && kind !== 'factory') {
        this.#async.add(service);
      }
    }
  }

  labelOf(service: number): Label {
    const name = String(service);
    switch (this.#pairingOf(service)) {
      case 'none':
        return { identifier: serviceOf(service) };
      case 'named':
        return { identifier: pairOf(service), name };
      case 'tagged':
        return { identifier: pairOf(service), tag: { key: 'which', value: name } };
    }
  }

  /** The services that have its identifier, itself included. */
  siblingsOf(service: number): number[] {
    const first = service - (service % 2);
    return this.#pairingOf(service) === 'none' ? [service] : [first, first + 1];
  }

  #pairingOf(service: number): Pairing {
    return this.pairings[service >> 1] ?? 'none';
  }

  /** The container and its ancestors, the root last. */
  pathOf(container: number): number[] {
    const parent = this.sites[container]?.parent;
    return parent === undefined ? [container] : [container, ...this.pathOf(parent)];
  }

  depthOf(container: number): number {
    return this.sites[container]?.depth ?? 0;
  }

  hasModule(container: number): boolean {
    return this.sites[container]?.module ?? false;
  }

  /** The container, or its nearest ancestor, that has the module. */
  nearest(container: number): number | undefined {
    return this.pathOf(container).find((each) => this.hasModule(each));
  }

  isBelow(container: number, ancestor: number): boolean {
    return container !== ancestor && this.pathOf(container).includes(ancestor);
  }

  /** What a disposal of the container disposes, in that order: children first, youngest first. */
  disposedWith(container: number): number[] {
    const children = [...this.sites.keys()].filter(
      (each) =>
        this.hasModule(each) &&
        this.pathOf(each)
          .slice(1)
          .find((ancestor) => this.hasModule(ancestor)) === container,
    );
    return [...children.reverse().flatMap((child) => this.disposedWith(child)), container];
  }

  /** The containers whose disposal leaves nothing. */
  topmost(): number[] {
    return [...this.sites.keys()].filter((container) => {
      const [own, ...above] = this.pathOf(container).map((each) => this.hasModule(each));
      return own && !above.includes(true);
    });
  }

  isAsync(service: number): boolean {
    return this.#async.has(service);
  }

  /** One line per container, binding and step, for a counterexample to be read. */
  toString(): string {
    const requested = new Set(
      this.steps.flatMap((step) => (step.act === 'get' || step.act === 'use' ? step.service : [])),
    );
    for (const service of requested) {
      for (const { dependencies } of this.bindings.filter((each) => each.service === service)) {
        dependencies.forEach((each) => requested.add(each));
      }
    }
    return [
      '',
      ...this.pairings.flatMap((pairing, index) =>
        pairing === 'none'
          ? []
          : [`services ${String(2 * index)} and ${String(2 * index + 1)} are ${pairing}`],
      ),
      ...this.sites.map(({ parent, module }, index) =>
        [
          `container ${String(index)}`,
          ...(parent === undefined ? [] : [`in ${String(parent)}`]),
          ...(module ? [] : ['without the module']),
          ...(index < this.first ? [] : ['created later']),
        ].join(', '),
      ),
      ...this.bindings.filter(({ service }) => requested.has(service)).map(describeBinding),
      ...this.steps.map(describeStep),
    ].join('\n  ');
  }
}

/** Whether it is made once for its container. */
export function isCached(binding: Bound): boolean {
  return binding.scope === 'singleton';
}

function pairOf(service: number): string {
  return `services ${String(service - (service % 2))} and next`;
}

export function nameOf({ service, at }: Bound): string {
  return `${String(service)}@${String(at)}`;
}

function describeBinding(binding: Bound): string {
  const { scope, kind, hook, handler, turns, asksLate, fails, injection, dependencies } = binding;
  return [
    `${nameOf(binding)}: ${scope} ${kind}`,
    ...(hook === 'none' ? [] : [`hook ${hook}`]),
    ...(handler === 'none' ? [] : [`handler of the ${handler}`]),
    ...(turns > 0 ? [`${String(turns)} turns${asksLate ? ' first' : ''}`] : []),
    ...(fails ? ['fails'] : []),
    ...(dependencies.length > 0 ? [`needs ${injection} ${dependencies.join(' and ')}`] : []),
  ].join(', ');
}

export function describeStep(step: Step): string {
  switch (step.act) {
    case 'create':
      return 'create the next container';
    case 'get':
      return `get ${step.how} ${String(step.service)} through container ${String(step.container)}`;
    case 'use':
      return `use kept context ${String(step.kept)}, for ${step.how} ${String(step.service)}`;
    case 'unbind':
      return `unbind ${nameOf(step.binding)}`;
    case 'dispose':
      return `dispose container ${String(step.container)}`;
  }
}

const levels = 3;
const maxContainers = 5;

const mostly = <T>(usual: T, weight: number, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, other);

const several = <T>(each: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.array(each, { minLength: 1, maxLength, size: 'max' });

// Indices are drawn without regard to what there is, and taken modulo its number: what is drawn for
// one thing does not depend on what was drawn for another, and can be shrunk by itself.
const index = fc.nat(23);

const injection = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Injection>('one') },
  fc.constantFrom<Injection>('optional', 'all', 'chained'),
);

const siteArbitrary = fc.record({
  parent: index,
  module: mostly(true, 2, fc.boolean()),
  jit: fc.boolean(),
  defaultScope: fc.constantFrom('Transient', 'Singleton', 'Request'),
});
const anyNodeArbitrary = fc.record({
  ...nodeFields,
  scope: fc.constantFrom('singleton', 'transient', 'request', 'singleton', 'request'),
  kind: fc.constantFrom('class', 'dynamic', 'resolved', 'alias', 'class', 'dynamic', 'factory'),
  asksLate: fc.boolean(),
  handler: mostly('none', 4, fc.constantFrom('binding', 'container')),
  injection,
  turns: mostly(0, 7, fc.integer({ min: 1, max: 4 })),
  fails: mostly(false, 1, nodeFields.fails),
});
/** A singleton that awaits something before it asks its context. */
const lateNodeArbitrary = anyNodeArbitrary.map((node) => ({
  ...node,
  scope: 'singleton' as const,
  kind: 'dynamic' as const,
  asksLate: true,
  turns: Math.max(1, node.turns),
}));
const nodeArbitrary = fc.oneof(
  { weight: 9, arbitrary: anyNodeArbitrary },
  { weight: 1, arbitrary: lateNodeArbitrary },
);
const container = fc.oneof(index, fc.constant(-1));
const service = fc.oneof({ weight: 3, arbitrary: index }, fc.constant(-1));

const draftArbitrary = fc.record({
  sites: fc.array(siteArbitrary, { minLength: 2, maxLength: maxContainers }),
  // Most are bound at the root, since the others are found by few.
  services: several(fc.record({ node: nodeArbitrary, at: mostly(0, 7, index) }), 9),
  // Bindings of services that are bound in other containers, too.
  more: several(fc.record({ node: nodeArbitrary, at: container, service: index }), 6),
  pairings: fc.array(fc.constantFrom<Pairing>('none', 'none', 'none', 'named', 'tagged'), {
    maxLength: 5,
    size: 'max',
  }),
  late: mostly(0, 3, fc.nat(maxContainers)),
  steps: several(
    fc.oneof(
      {
        weight: 12,
        arbitrary: fc.record({
          act: fc.constant('get' as const),
          container,
          service,
          how: injection,
        }),
      },
      {
        weight: 7,
        arbitrary: fc.record({
          act: fc.constant('use' as const),
          kept: index,
          service,
          how: injection,
        }),
      },
      { weight: 2, arbitrary: fc.record({ act: fc.constant('unbind' as const), binding: index }) },
      { weight: 2, arbitrary: fc.record({ act: fc.constant('dispose' as const), container }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('create' as const) }) },
    ),
    16,
  ),
});

export const treeArbitrary = draftArbitrary.map(
  ({ sites, services, more, late, steps, pairings }) => {
    const placed = placeSites(sites);
    const bindings = placeBindings(
      [
        ...services.map((each, position) => ({ ...each, service: position })),
        // A service that no other is built from would not be covered.
        ...more.map((each) => ({
          ...each,
          service: pick(each.service, (services.length + 1) >> 1),
        })),
      ],
      placed.length,
    );
    return new Tree(
      placed,
      bindings,
      Math.max(1, placed.length - late),
      steps.flatMap((step): Step[] => {
        switch (step.act) {
          case 'create':
            return [step];
          case 'get':
            return [
              {
                ...step,
                container: pick(step.container, placed.length),
                service: pick(step.service, services.length),
              },
            ];
          case 'use':
            return [{ ...step, service: pick(step.service, services.length) }];
          case 'unbind':
            return bindings
              .slice(pick(step.binding, bindings.length))
              .slice(0, 1)
              .map((binding) => ({ act: step.act, binding }));
          case 'dispose':
            return [{ act: step.act, container: pick(step.container, placed.length) }];
        }
      }),
      // A pair has two services.
      pairings.slice(0, services.length >> 1),
    );
  },
);

/** -1 is the last. */
function pick(drawn: number, length: number): number {
  return (drawn < 0 ? length + drawn : drawn) % length;
}

function placeSites(
  sites: readonly (Omit<Site, 'parent' | 'depth'> & { parent: number })[],
): Site[] {
  const placed: Site[] = [];
  for (const { parent, ...site } of sites) {
    const possible = [...placed.entries()].filter(([, { depth }]) => depth < levels - 1);
    const [chosen, above] = possible[pick(parent, possible.length)] ?? [undefined, undefined];
    placed.push({ parent: chosen, depth: above === undefined ? 0 : above.depth + 1, ...site });
  }
  return placed;
}

/** The first of those that are drawn for one service at one place. */
function placeBindings(
  drawn: readonly { node: DrawnNode; service: number; at: number }[],
  containers: number,
): Bound[] {
  const bindings = new Map<string, Bound>();
  for (const { node, service, at } of drawn) {
    const bound = {
      ...whole(node, dependenciesOf(node, service)),
      service,
      at: pick(at, containers),
    };
    bindings.set(nameOf(bound), bindings.get(nameOf(bound)) ?? bound);
  }
  return [...bindings.values()].sort((a, b) => a.service - b.service);
}

/** What hands on a dependency needs one; what is handed on, or called, is as it is. */
function whole(node: DrawnNode, dependencies: readonly number[]): DrawnNode {
  const isOfOne = node.kind === 'alias' || node.kind === 'factory';
  if (isOfOne && dependencies.length === 0) {
    return { ...node, dependencies, kind: 'dynamic' };
  }
  switch (node.kind) {
    case 'alias':
      return { ...node, dependencies, hook: 'none', injection: 'one', fails: false };
    case 'factory':
      return {
        ...node,
        dependencies,
        hook: 'none',
        fails: false,
        turns: 0,
        // Inversify makes it once for its container.
        scope: 'singleton',
      };
    default:
      return { ...node, dependencies };
  }
}
