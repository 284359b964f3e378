/** Random container trees: how they are drawn, and the facts of one run. */
import fc from 'fast-check';
import type { Container } from 'inversify';

import { dependenciesOf, nodeFields, Workshop, type Node } from './nodes.js';

interface Site {
  readonly parent: number | undefined;
  readonly depth: number;
  readonly module: boolean;
}

/** A binding. */
export interface Bound extends Node {
  readonly service: number;
  /** The container. */
  readonly at: number;
}

export type Step =
  | { readonly act: 'create' }
  | { readonly act: 'get'; readonly container: number; readonly service: number }
  | { readonly act: 'unbind'; readonly binding: number }
  | { readonly act: 'dispose'; readonly container: number };

const levels = 3;

export class Tree {
  readonly sites: readonly Site[];
  readonly bindings: readonly Bound[];
  readonly #async = new Set<number>();

  constructor(
    sites: readonly { readonly parent: number; readonly module: boolean }[],
    bindings: readonly Bound[],
    /** How many containers are there from the start. */
    readonly first: number,
    readonly steps: readonly Step[],
  ) {
    this.sites = placed(sites);
    const taken = new Set<string>();
    this.bindings = bindings
      .map((binding) => ({ ...binding, at: binding.at % sites.length }))
      .filter(({ service, at }) => {
        const place = `${String(service)}@${String(at)}`;
        return !taken.has(place) && taken.add(place);
      })
      .sort((a, b) => a.service - b.service);
    for (const binding of this.bindings) {
      if (
        binding.turns > 0 ||
        dependenciesOf(binding, binding.service).some((each) => this.#async.has(each))
      ) {
        this.#async.add(binding.service);
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

  isAsync(service: number): boolean {
    return this.#async.has(service);
  }

  /** One line per container, binding and step, for a counterexample to be read. */
  toString(): string {
    const sites = this.sites.map(
      ({ parent, module }, index) =>
        `container ${String(index)}${parent === undefined ? '' : ` in ${String(parent)}`}` +
        `${module ? '' : ', no module'}${index < this.first ? '' : ', created later'}`,
    );
    const steps = this.steps.map((step) => {
      switch (step.act) {
        case 'create':
          return 'create the next container';
        case 'get':
          return `get ${String(step.service)} through container ${String(step.container)}`;
        case 'unbind': {
          const bound = this.bindings[step.binding % this.bindings.length];
          return `unbind ${bound === undefined ? '' : nameOf(bound)}`;
        }
        case 'dispose':
          return `dispose container ${String(step.container)}`;
      }
    });
    return ['', ...sites, ...this.bindings.map(describe), ...steps].join('\n  ');
  }
}

function placed(sites: readonly { readonly parent: number; readonly module: boolean }[]): Site[] {
  const result: Site[] = [];
  for (const { parent, module } of sites) {
    const possible = [...result.keys()].filter((each) => (result[each]?.depth ?? 0) < levels - 1);
    const chosen = possible.length === 0 ? undefined : possible[parent % possible.length];
    const depth = chosen === undefined ? 0 : (result[chosen]?.depth ?? 0) + 1;
    result.push({ parent: chosen, depth, module });
  }
  return result;
}

export function nameOf({ service, at }: Bound): string {
  return `${String(service)}@${String(at)}`;
}

function describe(binding: Bound): string {
  const { scope, kind, hook, turns, fails, service } = binding;
  const needs = dependenciesOf(binding, service);
  return (
    `${nameOf(binding)}: ${scope} ${kind}` +
    (hook === 'none' ? '' : `, hook ${hook}`) +
    (turns > 0 ? `, ${String(turns)} turns` : '') +
    (fails ? ', fails' : '') +
    (needs.length > 0 ? `, needs ${needs.join(', ')}` : '')
  );
}

const mostly = <T>(usual: T, weight: number, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, other);

const maxContainers = 5;
const siteArbitrary = fc.record({
  parent: fc.nat(maxContainers),
  module: mostly(true, 2, fc.boolean()),
});
const nodeArbitrary = fc.record({
  ...nodeFields,
  scope: fc.constantFrom('singleton', 'transient', 'request', 'singleton'),
  kind: fc.constantFrom('class', 'dynamic', 'resolved', 'alias', 'class', 'class'),
  turns: mostly(0, 1, nodeFields.turns),
  fails: mostly(false, 1, nodeFields.fails),
});
/** Most are bound at the root, since the others are found by few. */
const placedNode = fc.record({ node: nodeArbitrary, at: mostly(0, 7, fc.nat(maxContainers)) });

/** Mostly many; a counterexample needs few. */
const several = <T>(each: fc.Arbitrary<T>, many: number, maxLength: number): fc.Arbitrary<T[]> =>
  fc.oneof(
    { withCrossShrink: true },
    fc.array(each, { minLength: 1, maxLength: many - 1, size: 'max' }),
    { weight: 4, arbitrary: fc.array(each, { minLength: many, maxLength, size: 'max' }) },
  );

const likelyLast = (length: number): fc.Arbitrary<number> =>
  fc.oneof(fc.nat(length - 1), fc.constant(length - 1));

export const treeArbitrary: fc.Arbitrary<Tree> = fc
  .tuple(several(siteArbitrary, 3, maxContainers), several(placedNode, 4, 8))
  .chain(([sites, nodes]) => {
    const container = likelyLast(sites.length);
    const service = fc.oneof(fc.nat(nodes.length - 1), likelyLast(nodes.length));
    const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
      { weight: 12, arbitrary: fc.record({ act: fc.constant('get'), container, service }) },
      { weight: 2, arbitrary: fc.record({ act: fc.constant('unbind'), binding: fc.nat(9) }) },
      { weight: 2, arbitrary: fc.record({ act: fc.constant('dispose'), container }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('create') }) },
    );
    return fc
      .record({
        // Of services that another container binds, too.
        more: several(
          fc.record({
            node: nodeArbitrary,
            at: container,
            service: fc.nat(Math.floor((nodes.length - 1) / 2)),
          }),
          2,
          5,
        ),
        late: mostly(0, 3, fc.nat(sites.length - 1)),
        steps: several(stepArbitrary, 6, 12),
      })
      .map(({ more, late, steps }) => {
        const bindings = [...nodes.map((each, index) => ({ ...each, service: index })), ...more];
        return new Tree(
          sites,
          bindings.map(({ node, at, service: index }) => ({ ...node, at, service: index })),
          sites.length - late,
          steps,
        );
      });
  });

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
    return (
      binding.scope === 'singleton' &&
      !this.disposed.has(binding.at) &&
      this.facts.some((each) => each.binding === binding)
    );
  }

  /** Whether some ancestor, or the container itself, is disposed. */
  isClosed(container: number): boolean {
    return this.tree.pathOf(container).some((each) => this.disposed.has(each));
  }

  /** After a `get` that made these. */
  doubtFailed({ failed, attempts }: Get, made: readonly Made[]): void {
    for (const singleton of failed ? attempts.keys() : []) {
      // What is no class is refused, if it is, only when it is made already.
      const isRefused =
        singleton.kind !== 'class' && made.some(({ binding }) => binding === singleton);
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
