/** A container with the module among those around it and those within it. */
import type { PluginContext } from '@inversifyjs/plugin';
import type { ServiceIdentifier } from 'inversify';

import type { ExitStack } from '../disposal/exit-stack.js';
import { warn } from '../shared/warning.js';

const manyChildren = 1_000;

let registered = 0;

export abstract class ContainerNode {
  readonly #age = registered++;
  readonly stack: ExitStack;
  protected readonly context: PluginContext;
  readonly #token: ServiceIdentifier<ContainerNode>;
  /** Children with something to exit: a parent that forgot them would not exit it. */
  readonly #held = new Set<ContainerNode>();
  #above: this | undefined;
  #roll: Set<this> | undefined;
  #hasWarned = false;
  #hasBelow = false;
  /** Whether children may have come that a disposal has not been told of. */
  hasNewChildren = false;

  /** @param token under which each container with the module has its node bound. */
  constructor(token: ServiceIdentifier<ContainerNode>, context: PluginContext, stack: ExitStack) {
    this.#token = token;
    this.context = context;
    this.stack = stack;
  }

  /** The nearest container around that has the module. */
  get above(): this | undefined {
    return this.#above;
  }

  /** Whether a container below has, or had, the module. */
  protected get hasBelow(): boolean {
    return this.#hasBelow;
  }

  isBelow(other: ContainerNode): boolean {
    return this.#above !== undefined && (this.#above === other || this.#above.isBelow(other));
  }

  /** Looks who is around: a container that had not registered the module may have it now. */
  look(): void {
    const before = this.#above;
    const [, above] = [...this.context.bindingService.getChained(this.#token)].map(
      (binding) => Reflect.get(binding, 'value') as this,
    );
    this.#above = above;
    above?.answer(this);
    if (before !== above) {
      before?.letGo(this);
      this.#announce();
      this.occupied();
    }
  }

  /** Tells those around that this one is there. */
  #announce(): void {
    if (this.#above !== undefined) {
      this.#above.hasNewChildren = true;
    }
    for (let above = this.#above; above !== undefined; above = above.#above) {
      above.#hasBelow = true;
      above.treeChanged();
    }
  }

  /** The living children that are not disposed, youngest first. */
  children(): readonly this[] {
    if (!this.#hasBelow) {
      return [];
    }
    const roll = (this.#roll = new Set<this>());
    // Inversify hands this on to all that lives below, and keeps it weakly.
    this.context.planResultCacheService.clearCache();
    this.#roll = undefined;
    return [...roll]
      .filter(({ stack }) => stack.state !== 'disposed')
      .sort((one, other) => other.#age - one.#age);
  }

  /** Keeps those around from forgetting this one while it has something to exit. */
  occupied(): void {
    if (this.stack.state !== 'disposed' && this.stack.list.size + this.#held.size > 0) {
      this.#above?.hold(this);
    } else {
      this.#above?.letGo(this);
    }
  }

  protected answer(child: this): void {
    this.#roll?.add(child);
  }

  protected hold(child: ContainerNode): void {
    this.#held.add(child);
    this.occupied();
    if (this.#held.size > manyChildren && !this.#hasWarned) {
      this.#hasWarned = true;
      warn(
        'CHILDREN',
        `More than ${manyChildren.toLocaleString('en')} child containers of one container have ` +
          'something to exit and are not disposed, so it keeps them all. Dispose each one when its ' +
          'unit of work has ended: `await using child = …`, or `await child.dispose()`.',
      );
    }
  }

  protected letGo(child: ContainerNode): void {
    if (this.#held.delete(child)) {
      this.occupied();
    }
  }

  /** A container below has the module now. */
  protected abstract treeChanged(): void;
}
