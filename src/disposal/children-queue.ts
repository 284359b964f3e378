/** The children that a disposal disposes, youngest first. */
import { Queue } from './queue.js';

export interface ChildrenHost<Child> {
  /** Whether there may be children that it has not given yet. */
  readonly hasNewChildren: boolean;
  /** The live children that are not disposed, youngest first. */
  newChildren(which: ChildrenKind): readonly Child[];
}

/** Scopes are disposed like other children only when they are not waited for any more. */
export type ChildrenKind = 'without scopes' | 'with scopes';

export class ChildrenQueue<Child> {
  readonly #host: ChildrenHost<Child>;
  readonly #queue = new Queue<Child>();
  #kind: ChildrenKind = 'without scopes';

  constructor(host: ChildrenHost<Child>) {
    this.#host = host;
  }

  get hasScopes(): boolean {
    return this.#kind === 'with scopes';
  }

  /** The next child, with those that have come meanwhile. */
  get first(): Child | undefined {
    if (this.#host.hasNewChildren) {
      this.#queue.fill(this.#host.newChildren(this.#kind));
    }
    return this.#queue.first;
  }

  drop(): void {
    this.#queue.drop();
  }

  /** Scopes are among them from now on. */
  addScopes(): void {
    if (!this.hasScopes) {
      this.#kind = 'with scopes';
      this.#queue.fill(this.#host.newChildren(this.#kind));
    }
  }
}
