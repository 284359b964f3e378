/** Where a singleton is built that was requested first by a descendant of its container. */
import type { Binding, BindingConstraints, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { Container, ServiceIdentifier } from 'inversify';

import { identifierName } from '../shared/inspect.js';
import { isPromise } from '../shared/promise.js';
import {
  autobindScopeOf,
  cachedIn,
  empty,
  planOperationsOf,
  type CachingBinding,
} from './binding-watch.js';
import { constantBinding, originalOf, StandIn } from './derived-bindings.js';
import { inversifyClassOf, pluginContextOf } from './inversify-container.js';
import { Lifecycle } from './lifecycle.js';
import {
  captiveDependency,
  isCaptiveDependency,
  requesterToken,
  type Requester,
  type Services,
} from './requester.js';

/** What is needed of a container scope to build singletons for it, and through it. */
export interface PlanningScope<Scope> extends Requester<Scope> {
  readonly parent: Scope | undefined;
  readonly container: Container;
  readonly lifecycle: Lifecycle;
  /** Grows each time that its plans are dropped. */
  readonly generation: number;
  /** The one in which singletons of another container are built, if this one's services request them. */
  buildScopeFor(owner: Scope, services: Services): Builder;
  dropPlans(): void;
  isDescendantOf(other: Scope): boolean;
  holds(binding: Binding): boolean;
  /** Whether the values of the binding have exit hooks, and the container would run them. */
  hasExitHooks(binding: Binding): boolean;
  requesterOf(context: ResolutionContext): Requester<Scope>;
}

/** How a service was requested. */
export type Request = Pick<BindingConstraints, 'name' | 'tags'>;

interface Builder {
  /** Returns the singleton, or a promise for it. */
  build(singleton: CachingBinding, request: Request): unknown;
}

/** Marks the request with which a build begins. */
const buildTag = Symbol('inversify-onexit/build');

/**
 * A container that nobody else has. It finds what the container finds through which a singleton was
 * requested, and its context identifies whose that singleton is: whatever is resolved with that context,
 * at once or later, is a part of a singleton, and belongs to the container that holds it.
 */
export class BuildScope<Scope extends PlanningScope<Scope>> implements Requester<Scope>, Builder {
  readonly owner: Scope;
  readonly through: Scope;
  readonly #requesters = [this];
  readonly #services: Services;
  readonly #container: Container;
  readonly #plans: PluginContext['planResultCacheService'];
  readonly #offered: ReadonlyMap<ServiceIdentifier, Binding>;
  /** What the next lookup finds. */
  #root: Binding | undefined;
  /** The name of the singleton whose synchronous part is built; of nested ones, of the outermost. */
  #current: string | undefined;
  // Names, since a binding would keep its instance.
  readonly #inFlight = new Set<string>();
  readonly #built = new Set<string>();

  /**
   * @param owner holds the singletons.
   * @param through the nearest container with the module of the one that requests them.
   * @param services those of the container that requests them.
   */
  constructor(owner: Scope, through: Scope, services: Services) {
    this.owner = owner;
    this.through = through;
    this.#services = services;
    this.#offered = new Map<ServiceIdentifier, Binding>([
      [requesterToken, constantBinding<unknown>(requesterToken, this.#requesters)],
      [Lifecycle, constantBinding<Lifecycle>(Lifecycle, owner.lifecycle)],
    ]);
    const autobindScope = autobindScopeOf(services.bindingService);
    this.#container = new (inversifyClassOf(through.container))(
      autobindScope && { autobind: true, defaultScope: autobindScope },
    );
    const context = pluginContextOf(this.#container);
    this.#plans = context.planResultCacheService;
    this.#connect(context);
  }

  /** Those that the context was given to: exactly the one that is built, in its synchronous part. */
  get singletons(): readonly string[] {
    if (this.#current !== undefined) {
      return [this.#current];
    }
    return [...(this.#inFlight.size > 0 ? this.#inFlight : this.#built)];
  }

  build(singleton: CachingBinding, { name, tags }: Request): unknown {
    const outer = this.#current;
    const singletonName = identifierName(singleton.serviceIdentifier);
    this.#current ??= singletonName;
    this.#root = rootOf(singleton, tags);
    // What was planned before may have hooks by now, and be a captive dependency.
    this.#plans.clearCache();
    try {
      return this.#container.get(singleton.serviceIdentifier, {
        ...(name !== undefined && { name }),
        tag: { key: buildTag, value: singleton.id },
      });
    } catch (error) {
      const cached = cachedIn(singleton);
      if (cached === undefined || !isPromise(cached.value)) {
        throw error;
      }
      // Inversify refuses to return a promise, and has cached it.
      this.#await(singleton, singletonName, cached.value);
      return cached.value;
    } finally {
      this.#current = outer;
      this.#root = undefined;
      this.#built.add(singletonName);
    }
  }

  servicesOf(): Services {
    return this.#services;
  }

  #await(singleton: CachingBinding, name: string, promise: PromiseLike<unknown>): void {
    this.#inFlight.add(name);
    const settled = (): void => {
      this.#inFlight.delete(name);
    };
    promise.then(settled, (error: unknown) => {
      settled();
      if (isCaptiveDependency(error) && singleton.cache.value === promise) {
        // Inversify keeps a rejection: without the child, there would be none.
        empty(singleton);
      }
    });
  }

  /** Has the hidden container plan as the one that has requested the singleton. */
  #connect(own: PluginContext): void {
    // Read each time: restore() replaces them.
    const services = this.#services;
    const { activationService, planResultCacheService } = own;
    const operations = planOperationsOf(this.#container, own);
    operations.getBindings = (identifier) =>
      this.#offeredFor(identifier) ?? this.#plannedFor(services.bindingService.get(identifier));
    operations.getBindingsChained = (identifier) =>
      generate(
        this.#offeredFor(identifier) ??
          this.#plannedFor(services.bindingService.getChained(identifier)),
      );
    operations.setBinding = (binding) => {
      services.bindingService.set(binding);
      services.planResultCacheService.clearCache();
    };
    activationService.get = (identifier: ServiceIdentifier) =>
      identifier === requesterToken
        ? (this.#requesters as never)
        : services.activationService.get(identifier);
    activationService.subscribeOnce = (identifier, subscriber) => {
      services.activationService.subscribeOnce(identifier, subscriber);
    };
    // Updated by another container, a plan would contain what that container plans.
    planResultCacheService.invalidateServiceBinding = () => {
      planResultCacheService.clearCache();
    };
    services.planResultCacheService.subscribe(planResultCacheService);
  }

  #offeredFor<T>(identifier: ServiceIdentifier<T>): Binding<T>[] | undefined {
    // The first lookup of a build is that of the singleton itself.
    const binding = this.#root ?? this.#offered.get(identifier);
    this.#root = undefined;
    return binding && [binding as Binding<T>];
  }

  #plannedFor<T>(bindings: Iterable<Binding<T>> = []): Binding<T>[] {
    return Array.from(bindings, (binding) => this.#planned(binding) as Binding<T>);
  }

  #planned(binding: Binding): Binding {
    const original = originalOf(binding);
    for (
      let scope: Scope | undefined = this.through;
      scope !== undefined && scope !== this.owner;
      scope = scope.parent
    ) {
      if (scope.holds(original)) {
        return scope.hasExitHooks(original) ? new CaptiveDependency(original, this) : original;
      }
    }
    // What is built for an ancestor of the owner is not built here.
    return binding instanceof StandIn && this.owner.isDescendantOf(binding.owner as Scope)
      ? binding
      : original;
  }
}

/** In the place of what an ancestor's singleton must not be given. */
class CaptiveDependency extends StandIn {
  readonly #requester: Pick<Requester<unknown>, 'singletons'>;

  constructor(original: Binding, requester: Pick<Requester<unknown>, 'singletons'>) {
    super(original);
    this.#requester = requester;
  }

  override value(): never {
    const { serviceIdentifier } = this.original;
    throw captiveDependency(identifierName(serviceIdentifier), this.#requester.singletons);
  }
}

function* generate<T>(items: readonly T[]): Generator<T, void> {
  yield* items;
}

/** The binding of a singleton as it was requested, whatever the request was: that it fits is known. */
function rootOf(singleton: CachingBinding, tags: Request['tags']): Binding {
  return Object.create(singleton, {
    isSatisfiedBy: {
      value: (constraints: BindingConstraints): boolean => {
        constraints.tags.delete(buildTag);
        tags.forEach((value, key) => constraints.tags.set(key, value));
        return true;
      },
    },
    cache: {
      get: () => singleton.cache,
      set: (cache: CachingBinding['cache']) => {
        singleton.cache = cache;
        if (isPromise(cache.value)) {
          handleNext(cache.value);
        }
      },
    },
  }) as Binding;
}

/** Inversify derives a promise next, and drops it when it refuses to return it. */
function handleNext(promise: PromiseLike<unknown>): void {
  const then = promise.then.bind(promise);
  Reflect.defineProperty(promise, 'then', {
    configurable: true,
    value: (...callbacks: Parameters<typeof then>) => {
      Reflect.deleteProperty(promise, 'then');
      const next = then(...callbacks);
      next.then(undefined, () => undefined);
      return next;
    },
  });
}
