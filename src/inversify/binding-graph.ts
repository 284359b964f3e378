/** The dependencies between a container's entries, read from their bindings, for hooks with `uses`. */
import type { Binding, ClassMetadata } from '@inversifyjs/core';
import type { LazyServiceIdentifier, Newable, ServiceIdentifier } from 'inversify';

import type { Exit, ExitSource } from '../disposal/exit.js';
import type { ExitGraph } from '../disposal/order.js';
import type { ExitPhase, UsedService } from '../hooks/exit-hook.js';
import type { CachingBinding } from './binding-watch.js';

/** What the graph is read from. */
export interface BindingReader {
  /** The bindings of a service, here and in ancestors. */
  bindingsOf(identifier: ServiceIdentifier): readonly Binding[];
  /** What a binding holds: a constant, or a singleton that has been built. */
  valueOf(binding: Pick<CachingBinding, 'cache'>): unknown;
  /** What Inversify has read of a class. */
  metadataOf(type: Newable): ClassMetadata | undefined;
}

export class BindingGraph implements ExitGraph {
  readonly #reader: BindingReader;
  readonly #byService = new Map<ServiceIdentifier, Set<Exit>>();
  /** Those of an object: its own hooks, and the callback that it was adopted with. */
  readonly #byValue = new Map<unknown, Set<Exit>>();
  readonly #dependencies = new Map<Binding, ReadonlySet<Exit>>();

  constructor(exits: readonly Exit[], repeated: readonly Exit[], reader: BindingReader) {
    this.#reader = reader;
    for (const exit of exits) {
      // What has no hooks stands for what it was built from.
      if (exit.source.isIdle !== true) {
        addTo(this.#byValue, adoptedIn(exit) ?? exit.subject, exit);
      }
    }
    for (const { subject, source } of [...exits, ...repeated]) {
      const identifier = bindingOf(source)?.serviceIdentifier;
      if (identifier !== undefined) {
        this.#byValue.get(subject)?.forEach((exit) => {
          addTo(this.#byService, identifier, exit);
        });
      }
    }
  }

  usedBy({ source }: Exit, phase: ExitPhase): ReadonlySet<Exit> {
    return this.#reach(
      source.hooks
        .filter((hook) => (hook.phase ?? 'exit') === phase)
        .flatMap(({ uses = [] }) => uses.map(unwrapped)),
    );
  }

  dependenciesOf({ source }: Exit): ReadonlySet<Exit> {
    const binding = bindingOf(source);
    let dependencies = binding && this.#dependencies.get(binding);
    if (dependencies === undefined) {
      dependencies = this.#reach(binding === undefined ? [] : this.#injectedInto(binding));
      if (binding !== undefined) {
        this.#dependencies.set(binding, dependencies);
      }
    }
    return dependencies;
  }

  /** The entries of services, by whatever alias; of a service that has none, those that it is built from. */
  #reach(identifiers: readonly ServiceIdentifier[]): Set<Exit> {
    const reached = new Set<Exit>();
    // It grows while it is walked.
    const services = new Set(identifiers);
    for (const service of services) {
      const exits = new Set(this.#byService.get(service));
      const bindings = this.#reader.bindingsOf(service);
      for (const binding of bindings) {
        if (binding.type === 'ServiceRedirection') {
          services.add(binding.targetServiceIdentifier);
        } else {
          const value = this.#reader.valueOf(binding);
          this.#byValue.get(value)?.forEach((exit) => exits.add(exit));
        }
      }
      if (exits.size === 0) {
        bindings
          .flatMap((binding) => this.#injectedInto(binding))
          .forEach((each) => services.add(each));
      }
      exits.forEach((exit) => reached.add(exit));
    }
    return reached;
  }

  #injectedInto(binding: Binding): ServiceIdentifier[] {
    const elements =
      binding.type === 'ResolvedValue'
        ? binding.metadata.arguments
        : binding.type === 'Instance'
          ? elementsOf(this.#reader.metadataOf(binding.implementationType))
          : [];
    return elements.flatMap((element) => ('value' in element ? [unwrapped(element.value)] : []));
  }
}

function elementsOf(metadata: ClassMetadata | undefined): ClassMetadata['constructorArguments'] {
  /* istanbul ignore if -- Inversify gives access to it with the first binding */
  if (metadata === undefined) {
    return [];
  }
  return [...metadata.constructorArguments, ...metadata.properties.values()];
}

function bindingOf(source: ExitSource): CachingBinding | undefined {
  return 'binding' in source ? (source.binding as CachingBinding) : undefined;
}

function unwrapped(service: UsedService | LazyServiceIdentifier): ServiceIdentifier {
  return typeof service === 'object' ? service.unwrap() : service;
}

/** The value that a callback belongs to. */
function adoptedIn({ source }: Exit): unknown {
  return 'adopted' in source ? source.adopted : undefined;
}

function addTo<Key>(exits: Map<Key, Set<Exit>>, key: Key, exit: Exit): void {
  const same = exits.get(key) ?? new Set();
  exits.set(key, same.add(exit));
}
