/** The tree of the containers that have the module. Each of them is a node. */
import type { PluginContext } from '@inversifyjs/plugin';

import type { Disposer, DisposerHost } from '../disposal/disposer.js';
import type { ExitLink } from '../disposal/exit-link.js';

/** The host of a container's disposer. It leads from the disposer to the container scope. */
export interface ScopeNodeHost<Scope> extends DisposerHost {
  readonly scope: Scope;
  /** Called when a descendant disposes instances without marks. */
  expectDisposables(): void;
}

export abstract class ScopeNode<Scope extends ScopeNode<Scope>> {
  readonly disposer: Disposer<ScopeNodeHost<Scope>>;
  protected readonly context: PluginContext;
  #hasOtherContexts = false;
  /** That of the nearest ancestor with the module, if that is of another copy of the package. */
  #foreignParent: ExitLink | undefined;

  constructor(context: PluginContext, disposer: Disposer<ScopeNodeHost<Scope>>) {
    this.context = context;
    this.disposer = disposer;
  }

  /** The nearest ancestor with the module of this copy of the package. */
  get parent(): Scope | undefined {
    return this.disposer.parent?.host.scope;
  }

  /** Whether its bindings may be resolved with the context of a descendant with the module, or of a build. */
  get hasOtherContexts(): boolean {
    return this.#hasOtherContexts;
  }

  isDescendantOf(other: Scope): boolean {
    return this.disposer.isDescendantOf(other.disposer);
  }

  /** Finds the parent again: an ancestor may have registered the module since the last time. */
  refreshParent(): void {
    const parent = this.findParent();
    const nearest = this.findLink();
    const foreign = nearest === parent?.link ? undefined : nearest;
    if (parent !== this.parent || foreign !== this.#foreignParent) {
      this.#foreignParent = foreign;
      this.disposer.moveTo(parent?.disposer, foreign?.addChild(this.link));
      parent?.expectOtherContexts();
    }
  }

  /** From now on its bindings may be resolved with the contexts of others. */
  expectOtherContexts(): void {
    this.#hasOtherContexts = true;
    this.parent?.expectOtherContexts();
  }

  /** How other copies of the package find, and dispose, its container. */
  abstract readonly link: ExitLink;

  /** The nearest ancestor with the module of this copy, as Inversify finds it. */
  protected abstract findParent(): Scope | undefined;

  /** That of the nearest ancestor with the module of any copy. */
  protected abstract findLink(): ExitLink | undefined;
}
