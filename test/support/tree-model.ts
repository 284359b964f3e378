/** The reference: who owns what a container tree makes, as P7 has it, without any container. */
import type { Injection } from './nodes.js';
import type { Kept, Made, TreeWorld } from './tree-world.js';
import { isCached, type Bound, type Request } from './trees.js';

/** On whose behalf something is asked for. */
export interface Asker {
  /** The container whose bindings are found. */
  readonly container: number;
  /** The container for which it is made: this one, or that of an ancestor's singleton. */
  readonly builtFor: number;
  /** That singleton. */
  readonly singleton?: Bound;
  /** What is in request scope, and was made already. */
  readonly shared: Map<Bound, Part>;
}

/** A value that is made, or handed on. */
export interface Part {
  readonly binding: Bound;
  readonly dependencies: readonly Part[];
  /** What its context, or its function, asks for is asked for by this. */
  readonly asker: Asker;
  /** Whether it has exit hooks. */
  readonly isHooked: boolean;
  /** The container that runs them. */
  readonly owner: number | undefined;
  /** Whether `get` fails with it, though it may have been made. */
  readonly isRefused: boolean;
}

export type Failure =
  | { readonly why: 'drawn' | 'missing' | 'disposed' }
  | { readonly why: 'captive'; readonly singleton: Bound; readonly part: Part };

/** What a `get` is expected to make. If it fails, some of it may be left unmade. */
export interface Expectation {
  /** The dependencies before their dependents. */
  readonly parts: Part[];
  /** It fails with one of them. If there are none, it is resolved. */
  readonly failures: Failure[];
  /** Whether something in request scope is asked for by the child, and by the ancestor's singleton. */
  sharesRequest: boolean;
  /** Whether that cannot be foretold: see {@link Model.expect}. */
  isUnclear: boolean;
}

export class Model {
  protected readonly world: TreeWorld;
  /** Which part each fact has turned out to be. */
  readonly #parts = new Map<Made, Part>();
  readonly #taken = new Map<Part, Made>();
  readonly #built = new Map<Bound, Part>();
  /** Those of which Inversify may keep a failure, or a disposed container an instance. */
  readonly #unclear = new Set<Bound>();
  #expected = nothing();
  /** Whether it waits for something. */
  #isAsync = false;
  /** Of what was made for the request. */
  #failures = new Map<Part, readonly Failure[]>();

  constructor(world: TreeWorld) {
    this.world = world;
  }

  /** What a `get` of a container does. */
  expectGet(container: number, service: number, how: Injection): Expectation {
    return this.#expect(service, how, { container, builtFor: container, shared: new Map() });
  }

  /** What a kept factory does, or a kept context. It asks for whom its value was made, however late. */
  expectUse({ fact }: Kept, service: number, how: Injection): Expectation | undefined {
    const { kind, dependencies, injection } = fact.binding;
    const [target] = kind === 'factory' ? dependencies : [];
    const part = this.#parts.get(fact);
    return (
      part &&
      this.#expect(
        target ?? service,
        target === undefined ? how : injection,
        newRequest(part.asker),
      )
    );
  }

  partOf(fact: Made): Part | undefined {
    return this.#parts.get(fact);
  }

  /** Learns what has come of it. */
  settle(expected: Expectation, made: readonly Made[], hasFailed: boolean): void {
    // Of what is left of a failure, the whole before its parts.
    const size = (fact: Made): number =>
      made
        .slice(0, made.indexOf(fact))
        .filter(({ value }) => fact.dependencies.includes(value))
        .reduce((sum, each) => sum + size(each), 1);
    for (const fact of [...made].sort((a, b) => size(b) - size(a))) {
      for (const part of this.#parts.has(fact) ? [] : expected.parts) {
        if (this.#match(part, fact, made)) {
          break;
        }
      }
    }
    for (const part of expected.parts.filter(({ binding }) => isCached(binding))) {
      const { binding, isRefused } = part;
      const isMade = this.#taken.has(part) && !isRefused;
      const mayBeKept = hasFailed && this.world.isAsync(binding.service);
      if (isMade ? this.world.disposed.has(binding.at) : mayBeKept) {
        this.#unclear.add(binding);
      } else if (isMade) {
        this.#built.set(binding, part);
      }
    }
  }

  /** After their disposal. */
  forgetSingletons(containers: readonly number[]): void {
    for (const binding of [...this.#built.keys()].filter(({ at }) => containers.includes(at))) {
      this.#built.delete(binding);
    }
  }

  /** After an unbinding that has failed: what was exited is not handed out again. */
  forgetExited(bindings: readonly Bound[]): void {
    for (const binding of bindings) {
      if (this.#built.get(binding)?.isHooked === true) {
        this.#built.delete(binding);
      }
    }
  }

  /**
   * A singleton is built for the container that holds its binding, whoever asks for it first; of
   * nested ones for that of the outermost. All else is made for whom the asker is.
   */
  protected askerWithin(binding: Bound, asker: Asker): Asker {
    const { tree } = this.world;
    // A container that nobody disposes, since neither it nor one above has the module, owns nothing.
    const isOwned = tree.nearest(binding.at) !== undefined;
    return isCached(binding) && isOwned && tree.isBelow(asker.builtFor, binding.at)
      ? {
          container: asker.container,
          builtFor: binding.at,
          singleton: binding,
          // A request-scoped part of it is its own.
          shared: new Map(),
        }
      : asker;
  }

  /** The owner of a value with exit hooks that no container owns already. */
  protected ownerOf(binding: Bound, asker: Asker): number | undefined {
    const { tree } = this.world;
    if (!tree.hasModule(binding.at)) {
      return undefined;
    }
    if (binding.scope === 'singleton') {
      return binding.at;
    }
    const isOfDescendant = tree.isBelow(binding.at, asker.builtFor);
    return tree.nearest(isOfDescendant ? asker.container : asker.builtFor);
  }

  /** What a descendant binds, or owns, and would exit is not built into an ancestor's singleton. */
  protected isCaptive({ binding, owner }: Part, { builtFor, singleton }: Asker): boolean {
    const { tree } = this.world;
    return (
      singleton !== undefined &&
      owner !== undefined &&
      tree.hasModule(binding.at) &&
      tree.isBelow(owner, builtFor)
    );
  }

  #expect(service: number, how: Injection, asker: Asker): Expectation {
    this.#expected = nothing();
    this.#failures = new Map();
    this.#isAsync = this.world.isAsync(service);
    this.#ask(service, how, asker);
    const { parts, failures, sharesRequest } = this.#expected;
    // Whether a container without the module shares its request is left open: the owner is the same.
    this.#expected.isUnclear ||= sharesRequest && !this.world.tree.hasModule(asker.container);
    // What is left of a failure that was awaited may have been made for either of two askers.
    this.#expected.isUnclear ||=
      failures.length > 0 &&
      this.world.isAsync(service) &&
      parts.some(({ binding, asker: { builtFor } }) =>
        parts.some((each) => each.binding === binding && each.asker.builtFor !== builtFor),
      );
    return this.#expected;
  }

  #ask(service: number, how: Injection, asker: Asker): Part[] {
    const found = this.world.lookUp(asker.container, service, how);
    // Inversify does not look further up for what need not be there, once it is unbound.
    this.#expected.isUnclear ||= how !== 'one' && this.world.isUnbound(asker.container, service);
    if (found.length === 0 && how === 'one') {
      this.#expected.failures.push({ why: 'missing' });
    }
    return found.map((binding) => this.#resolve(binding, asker));
  }

  #resolve(binding: Bound, asker: Asker): Part {
    this.#expected.isUnclear ||= this.#unclear.has(binding);
    const within = this.askerWithin(binding, asker);
    const existing = this.#existing(binding, asker, within);
    const { failures } = this.#expected;
    if (existing !== undefined) {
      failures.push(...(this.#failures.get(existing) ?? []));
      this.#refuse(existing, asker);
      return existing;
    }
    const before = failures.length;
    if (binding.fails) {
      failures.push({ why: 'drawn' });
    }
    const part = this.#make(binding, within);
    this.#expected.parts.push(part);
    this.#failures.set(part, failures.slice(before));
    if (binding.scope === 'request') {
      asker.shared.set(binding, part);
    }
    return part;
  }

  #existing(binding: Bound, asker: Asker, within: Asker): Part | undefined {
    if (!isCached(binding)) {
      const others = this.#expected.parts.filter((each) => each.binding === binding);
      const isRequest = binding.scope === 'request';
      this.#expected.sharesRequest ||=
        isRequest && others.some((each) => each.asker.singleton !== asker.singleton);
      return isRequest ? asker.shared.get(binding) : undefined;
    }
    const begun = this.#expected.parts.find((each) => each.binding === binding);
    // Which of two requests comes first cannot be told if one of them waits.
    this.#expected.isUnclear ||=
      begun !== undefined && begun.asker.shared !== within.shared && this.#isAsync;
    const built = this.#built.get(binding);
    this.#expected.isUnclear ||= built !== undefined && !this.#canBePlanned(binding, asker);
    return built ?? begun;
  }

  #make(binding: Bound, asker: Asker): Part {
    const { failures } = this.#expected;
    const dependencies = binding.kind === 'factory' ? [] : this.#dependencies(binding, asker);
    const [target] = dependencies;
    const handedOn = binding.kind === 'alias' ? target : undefined;
    const isHooked =
      binding.kind === 'alias' ? handedOn?.isHooked === true : binding.hook !== 'none';
    const known = handedOn?.owner;
    const own = isHooked ? this.ownerOf(binding, asker) : undefined;
    const owner = known ?? own;
    // Whether a container that is disposed may hand on what another owns is left open.
    this.#expected.isUnclear ||= owner !== own && own !== undefined && this.world.disposed.has(own);
    const part = { binding, dependencies, asker, isHooked, owner, isRefused: false };
    const isDisposed = known === undefined && owner !== undefined && this.world.disposed.has(owner);
    if (isDisposed) {
      failures.push({ why: 'disposed' });
    }
    const isRefused = this.#refuse(part, asker) || isDisposed;
    return { ...part, isRefused };
  }

  #dependencies({ kind, injection, dependencies }: Bound, asker: Asker): Part[] {
    const given = dependencies.flatMap((each) =>
      // Each question to a context is a request of its own.
      this.#ask(
        each,
        injection,
        kind === 'class' || kind === 'resolved' ? asker : newRequest(asker),
      ),
    );
    return kind === 'alias' ? given : given.flatMap((each) => this.#called(each));
  }

  /** Who is given a factory calls it, unless what it makes is to be awaited. */
  #called(part: Part): Part[] {
    const factory = factoryOf(part);
    const [target] = factory?.binding.dependencies ?? [];
    return factory === undefined || target === undefined || this.world.isAsync(target)
      ? [part]
      : this.#ask(target, factory.binding.injection, newRequest(factory.asker));
  }

  /** Inversify plans what a singleton is built from though it is built. */
  #canBePlanned({ kind, injection, dependencies }: Bound, asker: Asker): boolean {
    const isPlanned = kind === 'class' || kind === 'resolved';
    return (isPlanned ? dependencies : []).every((each) => {
      const found = this.world.lookUp(asker.container, each, injection);
      return (
        (found.length > 0 || injection !== 'one') &&
        found.every((binding) => this.#canBePlanned(binding, asker))
      );
    });
  }

  #refuse(part: Part, asker: Asker): boolean {
    const { singleton } = asker;
    const isRefused = singleton !== undefined && this.isCaptive(part, asker);
    if (isRefused) {
      this.#expected.failures.push({ why: 'captive', singleton, part });
    }
    return isRefused;
  }

  /** Takes the part for the fact, and its dependencies for those of the fact, if they fit. */
  #match(part: Part, fact: Made, made: readonly Made[]): boolean {
    const matched = new Map<Part, Made>();
    const fits = (expected: Part, actual: Made): boolean => {
      matched.set(expected, actual);
      return (
        expected.binding === actual.binding &&
        expected.dependencies.length === actual.dependencies.length &&
        expected.dependencies.every((dependency, index) =>
          isValue(dependency, actual.dependencies[index]),
        )
      );
    };
    const isValue = (expected: Part, value: unknown): boolean => {
      const known = matched.get(expected) ?? this.#taken.get(expected);
      const taken = new Set(matched.values());
      return known === undefined
        ? made.some(
            (each) =>
              each.value === value &&
              each.binding === expected.binding &&
              !taken.has(each) &&
              !this.#parts.has(each) &&
              fits(expected, each),
          )
        : known.value === value;
    };
    if (this.#taken.has(part) || !fits(part, fact)) {
      return false;
    }
    for (const [expected, actual] of matched) {
      this.#taken.set(expected, actual);
      this.#parts.set(actual, expected);
    }
    return true;
  }
}

export function expectationOf(
  model: Model,
  world: TreeWorld,
  request: Request,
): Expectation | undefined {
  const { service, how } = request;
  if (request.act === 'get') {
    return model.expectGet(request.container % world.containers.length, service, how);
  }
  const kept = world.keptContext(request.kept);
  return kept && model.expectUse(kept, service, how);
}

function newRequest(asker: Asker): Asker {
  return { ...asker, shared: new Map() };
}

function factoryOf(part: Part): Part | undefined {
  const [target] = part.dependencies;
  return part.binding.kind === 'alias'
    ? target && factoryOf(target)
    : part.binding.kind === 'factory'
      ? part
      : undefined;
}

function nothing(): Expectation {
  return { parts: [], failures: [], sharesRequest: false, isUnclear: false };
}
