/** What activation handlers return in the place of an instance, and has exit hooks of its own. */
import type { BindingActivation, ResolutionContext } from '@inversifyjs/core';
import type { ServiceIdentifier } from 'inversify';

import { exitHooksOf } from '../hooks/exit-hooks.js';
import { arePlain } from '../hooks/exit-hook.js';
import { isObject, serviceName } from '../shared/inspect.js';
import { isPromise } from '../shared/promise.js';
import { isMaking } from './binding-watch.js';
import type { ContainerScope } from './container-scope.js';
import { hooksOwnedBy, hooksWithDisposal } from './disposables.js';
import { SingletonExit } from './singleton.js';
import { TransientSources } from './transient-source.js';
import { registerTransient } from './transients.js';

/** What a handler was called for. */
export interface Activation {
  readonly service: ServiceIdentifier;
  readonly context: ResolutionContext;
  /** The container that owns what the handler returns. */
  readonly owner: ContainerScope;
  /** Not given where only the service is known: then it is looked up, if what is returned has hooks. */
  readonly isSingleton?: boolean;
  /** The container that holds the binding, if the handler is that of a binding. */
  readonly holder?: ContainerScope;
}

/** Marks a handler that reports what it returns. */
const reporting = Symbol('inversify-onexit/reporting');
type ReportingActivation = BindingActivation & { [reporting]?: true };

export class Replacements {
  readonly #scope: ContainerScope;
  /** For each service, those outside singleton scope. */
  #sources: Map<ServiceIdentifier, TransientSources> | undefined;

  constructor(scope: ContainerScope) {
    this.#scope = scope;
  }

  /**
   * Registers what a handler has returned, if that has hooks. It depends on the original, and was made
   * after that.
   *
   * @returns what the handler has returned.
   */
  register(activation: Activation, original: unknown, returned: unknown): unknown {
    if (returned === original) {
      return returned;
    }
    if (isPromise(returned)) {
      return returned.then((value) => this.register(activation, original, value));
    }
    if (isObject(returned) && hooksWithDisposal(returned).length > 0) {
      if (isObject(original) && isViewOf(returned, original)) {
        activation.owner.disposer.registry.standsIn(returned, original);
      } else {
        this.#push(activation, original, returned);
      }
    }
    return returned;
  }

  /** The handlers of a container for a service: each of them reports what it returns. */
  around(
    service: ServiceIdentifier,
    handlers: Iterable<ReportingActivation>,
  ): readonly BindingActivation[] {
    return Array.from(handlers, (handler) =>
      // Those of an ancestor do already. What is no function is what another copy of the package has for
      // a token of its own.
      handler[reporting] === true || typeof handler !== 'function'
        ? handler
        : this.#reporting(service, handler),
    );
  }

  #reporting(service: ServiceIdentifier, handler: BindingActivation): BindingActivation {
    const report: ReportingActivation = (context, original) => {
      const returned: unknown = handler(context, original);
      if (returned === original) {
        return returned;
      }
      const { owner } = this.#scope.requesterOf(context);
      return this.register({ service, context, owner }, original, returned);
    };
    report[reporting] = true;
    return report;
  }

  #isOfSingleton(owner: ContainerScope, service: ServiceIdentifier, value: unknown): boolean {
    const { registry } = owner.disposer;
    return (
      (isObject(value) &&
        registry.entryOf(registry.rootOf(value))?.source instanceof SingletonExit) ||
      // What the user has made is not registered.
      owner.bindingsOf(service).some((binding) => !isMaking(binding))
    );
  }

  #push(activation: Activation, original: unknown, subject: object): void {
    const { service, context, owner, holder } = activation;
    const { disposer } = owner;
    const hooks = hooksOwnedBy(disposer, subject);
    if (hooks.length === 0) {
      return;
    }
    const binding = { type: 'Replacement', serviceIdentifier: service } as const;
    const isSingleton = activation.isSingleton ?? this.#isOfSingleton(owner, service, original);
    if (isObject(original)) {
      disposer.registry.replaces(subject, original);
    }
    if (isSingleton) {
      owner.refuseDescendantValue(binding, subject, context);
      const name = serviceName(service, subject);
      const source = { service: name, isShared: true, hooks, isPlain: arePlain(hooks), binding };
      disposer.push({ subject, source });
    } else {
      this.#sources ??= new Map();
      const sources = this.#sources.get(service) ?? new TransientSources(binding, this.#scope);
      this.#sources.set(service, sources);
      registerTransient(sources, owner, subject, hooks, context);
    }
    const refusal = holder?.refusalOf(binding, context);
    if (refusal !== undefined && disposer.registry.ownedEntry(subject) !== undefined) {
      throw refusal;
    }
  }
}

/** Whether an object shows what another one has, as a proxy does. */
function isViewOf(candidate: object, original: object): boolean {
  const mark = Symbol('inversify-onexit/view');
  if (!Reflect.defineProperty(original, mark, { value: mark, configurable: true })) {
    // It is frozen.
    return exitHooksOf(candidate) === exitHooksOf(original);
  }
  try {
    return Reflect.get(candidate, mark) === mark;
  } catch {
    return false;
  } finally {
    Reflect.deleteProperty(original, mark);
  }
}
