/** The tree of the containers that have the module. Each of them is a node. */
import type { PluginContext } from '@inversifyjs/plugin';
import type { ServiceIdentifier } from 'inversify';

import type { Disposer, DisposerHost } from '../disposal/disposer.js';

/** The host of a container's disposer. It leads from the disposer to the container scope. */
export interface ScopeNodeHost<Scope> extends DisposerHost {
  readonly scope: Scope;
}

export abstract class ScopeNode<Scope extends ScopeNode<Scope>> {
  readonly disposer: Disposer<ScopeNodeHost<Scope>>;
  protected readonly context: PluginContext;
  readonly #token: ServiceIdentifier<Scope>;
  #hasDescendants = false;

  /** @param token the service identifier under which each container binds its scope. */
  constructor(
    token: ServiceIdentifier<Scope>,
    context: PluginContext,
    disposer: Disposer<ScopeNodeHost<Scope>>,
  ) {
    this.#token = token;
    this.context = context;
    this.disposer = disposer;
  }

  /** The nearest ancestor with the module. */
  get parent(): Scope | undefined {
    return this.disposer.parent?.host.scope;
  }

  /** Whether a descendant has, or had, the module. */
  protected get hasDescendants(): boolean {
    return this.#hasDescendants;
  }

  isDescendantOf(other: Scope): boolean {
    return this.disposer.isDescendantOf(other.disposer);
  }

  /** Finds the parent again: an ancestor may have registered the module since the last time. */
  refreshParent(): void {
    const [, parent] = [...this.context.bindingService.getChained(this.#token)].map(
      (binding) => Reflect.get(binding, 'value') as Scope,
    );
    if (parent !== this.parent) {
      this.disposer.parent = parent?.disposer;
      for (let ancestor = parent; ancestor !== undefined; ancestor = ancestor.parent) {
        ancestor.#hasDescendants = true;
        ancestor.treeChanged();
      }
    }
  }

  /** Called when a descendant registers the module. */
  protected abstract treeChanged(): void;
}
