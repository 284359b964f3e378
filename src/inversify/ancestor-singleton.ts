/** What a container plans in the place of an ancestor's singleton that is not built yet. */
import type { BindingConstraints, ResolutionContext } from '@inversifyjs/core';

import { cachedIn, type CachingBinding } from './binding-watch.js';
import type { PlanningScope, Request } from './build-scope.js';
import { StandIn } from './derived-bindings.js';

export class AncestorSingleton<Scope extends PlanningScope<Scope>> extends StandIn {
  declare readonly original: CachingBinding;
  declare readonly owner: Scope;
  /** The container whose plans contain this. */
  readonly #planner: Scope;
  readonly #generation: number;
  #request: Request = { name: undefined, tags: new Map() };

  constructor(original: CachingBinding, owner: Scope, planner: Scope) {
    super(original, owner);
    this.#planner = planner;
    this.#generation = planner.generation;
  }

  override isSatisfiedBy(constraints: BindingConstraints): boolean {
    const isSatisfied = super.isSatisfiedBy(constraints);
    if (isSatisfied) {
      this.#request = { name: constraints.name, tags: new Map(constraints.tags) };
    }
    return isSatisfied;
  }

  override value(context: ResolutionContext): unknown {
    const cached = cachedIn(this.original);
    if (cached !== undefined) {
      if (this.#generation === this.#planner.generation) {
        // The next plan contains the singleton itself.
        this.#planner.dropPlans();
      }
      return cached.value;
    }
    const requester = this.owner.requesterOf(context);
    return requester.through
      .buildScopeFor(this.owner, requester.servicesOf(context))
      .build(this.original, this.#request);
  }
}
