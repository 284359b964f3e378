/** Random container trees, with the steps to take in them: what they are, and how they are drawn. */
import fc from 'fast-check';

import { dependenciesOf, nodeFields, type Node } from './nodes.js';

interface Site {
  readonly parent: number | undefined;
  readonly depth: number;
  readonly module: boolean;
}

/** A binding; its dependencies are services. */
export interface Bound extends Node {
  readonly service: number;
  /** The container. */
  readonly at: number;
}

export type Step =
  | { readonly act: 'create' }
  | { readonly act: 'get'; readonly container: number; readonly service: number }
  | { readonly act: 'unbind'; readonly binding: Bound }
  | { readonly act: 'dispose'; readonly container: number };

/** Whether it is made by a function that asks its context. */
export function asksForOthers({ kind }: Bound): boolean {
  return kind === 'alias' || kind === 'dynamic';
}

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
  ) {
    for (const { service, turns, dependencies } of bindings) {
      if (turns > 0 || dependencies.some((each) => this.#async.has(each))) {
        this.#async.add(service);
      }
    }
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

  /** Whether one of the services is somewhere a value that asks for others. */
  mayHandOn(services: ReadonlySet<number>): boolean {
    return this.bindings.some((each) => services.has(each.service) && asksForOthers(each));
  }

  /** Whether one of the services is somewhere a value in request scope that asks for others. */
  mayHandOnAgain(services: ReadonlySet<number>): boolean {
    return this.bindings.some(
      (each) => services.has(each.service) && each.scope === 'request' && asksForOthers(each),
    );
  }

  /** Whether one of the services stands in request scope somewhere, and may be shared. */
  mayBeShared(services: ReadonlySet<number>): boolean {
    return this.bindings.some(({ scope, service }) => services.has(service) && scope === 'request');
  }

  isAsync(service: number): boolean {
    return this.#async.has(service);
  }

  /** One line per container, binding and step, for a counterexample to be read. */
  toString(): string {
    const requested = new Set(
      this.steps.flatMap((step) => (step.act === 'get' ? step.service : [])),
    );
    for (const service of requested) {
      for (const { dependencies } of this.bindings.filter((each) => each.service === service)) {
        dependencies.forEach((each) => requested.add(each));
      }
    }
    return [
      '',
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

export function nameOf({ service, at }: Bound): string {
  return `${String(service)}@${String(at)}`;
}

function describeBinding(binding: Bound): string {
  const { scope, kind, hook, turns, fails, dependencies } = binding;
  return [
    `${nameOf(binding)}: ${scope} ${kind}`,
    ...(hook === 'none' ? [] : [`hook ${hook}`]),
    ...(turns > 0 ? [`${String(turns)} turns`] : []),
    ...(fails ? ['fails'] : []),
    ...(dependencies.length > 0 ? [`needs ${dependencies.join(' and ')}`] : []),
  ].join(', ');
}

function describeStep(step: Step): string {
  switch (step.act) {
    case 'create':
      return 'create the next container';
    case 'get':
      return `get ${String(step.service)} through container ${String(step.container)}`;
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

const siteArbitrary = fc.record({ parent: index, module: mostly(true, 2, fc.boolean()) });
const nodeArbitrary = fc.record({
  ...nodeFields,
  scope: fc.constantFrom('singleton', 'transient', 'request', 'singleton'),
  kind: fc.constantFrom('class', 'dynamic', 'resolved', 'alias', 'class', 'class'),
  turns: mostly(0, 1, nodeFields.turns),
  fails: mostly(false, 1, nodeFields.fails),
});
const container = fc.oneof(index, fc.constant(-1));
const service = fc.oneof({ weight: 3, arbitrary: index }, fc.constant(-1));

const draftArbitrary = fc.record({
  sites: fc.array(siteArbitrary, { minLength: 2, maxLength: maxContainers }),
  // Most are bound at the root, since the others are found by few.
  services: several(fc.record({ node: nodeArbitrary, at: mostly(0, 7, index) }), 9),
  // Bindings of services that are bound in other containers, too.
  more: several(fc.record({ node: nodeArbitrary, at: container, service: index }), 6),
  late: mostly(0, 3, fc.nat(maxContainers)),
  steps: several(
    fc.oneof(
      {
        weight: 12,
        arbitrary: fc.record({ act: fc.constant('get' as const), container, service }),
      },
      { weight: 2, arbitrary: fc.record({ act: fc.constant('unbind' as const), binding: index }) },
      { weight: 2, arbitrary: fc.record({ act: fc.constant('dispose' as const), container }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('create' as const) }) },
    ),
    16,
  ),
});

export const treeArbitrary = draftArbitrary.map(({ sites, services, more, late, steps }) => {
  const placed = placeSites(sites);
  const bindings = placeBindings(
    [
      ...services.map((each, position) => ({ ...each, service: position })),
      // A service that no other is built from would not be covered.
      ...more.map((each) => ({ ...each, service: pick(each.service, (services.length + 1) >> 1) })),
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
              act: step.act,
              container: pick(step.container, placed.length),
              service: pick(step.service, services.length),
            },
          ];
        case 'unbind':
          return bindings
            .slice(pick(step.binding, bindings.length))
            .slice(0, 1)
            .map((binding) => ({ act: step.act, binding }));
        case 'dispose':
          return [{ act: step.act, container: pick(step.container, placed.length) }];
      }
    }),
  );
});

/** -1 is the last. */
function pick(drawn: number, length: number): number {
  return (drawn < 0 ? length + drawn : drawn) % length;
}

function placeSites(sites: readonly { parent: number; module: boolean }[]): Site[] {
  const placed: Site[] = [];
  for (const { parent, module } of sites) {
    const possible = [...placed.entries()].filter(([, { depth }]) => depth < levels - 1);
    const [chosen, above] = possible[pick(parent, possible.length)] ?? [undefined, undefined];
    placed.push({ parent: chosen, depth: above === undefined ? 0 : above.depth + 1, module });
  }
  return placed;
}

/** The first of those that are drawn for one service at one place. */
function placeBindings(
  drawn: readonly { node: Node; service: number; at: number }[],
  containers: number,
): Bound[] {
  const bindings = new Map<string, Bound>();
  for (const { node, service, at } of drawn) {
    const bound = {
      ...node,
      dependencies: dependenciesOf(node, service),
      service,
      at: pick(at, containers),
    };
    bindings.set(nameOf(bound), bindings.get(nameOf(bound)) ?? bound);
  }
  return [...bindings.values()].sort((a, b) => a.service - b.service);
}
