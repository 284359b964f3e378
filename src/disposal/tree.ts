/** The tree of containers: children are held while they have something to exit, and weakly otherwise. */
import { warn } from '../shared/warning.js';

const manyChildren = 1_000;

/** Grows from container to container. */
let created = 0;

/** How a parent refers to a child. */
interface Link<Member extends object> {
  readonly child: WeakRef<TreeNode<Member>>;
  held: TreeNode<Member> | undefined;
}

/** The place of a container in the tree. */
export class TreeNode<Member extends object> {
  readonly member: Member;
  readonly #age = created++;
  #parent: TreeNode<Member> | undefined;
  /** That of the parent. */
  #link: Link<Member> | undefined;
  #links: Set<Link<Member>> | undefined;
  #isOccupied = false;
  #heldCount = 0;
  #sweepAt = manyChildren;
  #hasWarned = false;

  constructor(member: Member) {
    this.member = member;
  }

  get parent(): TreeNode<Member> | undefined {
    return this.#parent;
  }

  set parent(parent: TreeNode<Member> | undefined) {
    this.remove();
    this.#parent = parent;
    if (parent !== undefined) {
      this.#link = parent.#add(this);
      this.#updateHold();
    }
  }

  /** Those that are alive and were not removed, youngest first. */
  get children(): TreeNode<Member>[] {
    const children: TreeNode<Member>[] = [];
    for (const link of this.#links ?? []) {
      const child = link.child.deref();
      if (child !== undefined) {
        children.push(child);
      }
    }
    return children.sort((one, other) => other.#age - one.#age);
  }

  isDescendantOf(other: TreeNode<Member>): boolean {
    let ancestor = this.#parent;
    while (ancestor !== undefined && ancestor !== other) {
      ancestor = ancestor.#parent;
    }
    return ancestor !== undefined;
  }

  /** Says whether the container itself has something to exit. */
  occupy(isOccupied: boolean): void {
    if (isOccupied !== this.#isOccupied) {
      this.#isOccupied = isOccupied;
      this.#updateHold();
    }
  }

  /** Leaves no trace of it in its parent. */
  remove(): void {
    const [parent, link] = [this.#parent, this.#link];
    if (parent !== undefined && link !== undefined) {
      this.#link = undefined;
      parent.#links?.delete(link);
      if (link.held !== undefined) {
        parent.#hold(-1);
      }
    }
  }

  #add(child: TreeNode<Member>): Link<Member> {
    this.#links ??= new Set();
    if (this.#links.size >= this.#sweepAt) {
      for (const link of this.#links) {
        if (link.child.deref() === undefined) {
          this.#links.delete(link);
        }
      }
      this.#sweepAt = Math.max(manyChildren, 2 * this.#links.size);
    }
    const link = { child: new WeakRef(child), held: undefined };
    this.#links.add(link);
    return link;
  }

  /** A parent that forgot what has something to exit would not exit it. */
  #updateHold(): void {
    const [parent, link] = [this.#parent, this.#link];
    const isHeld = this.#isOccupied || this.#heldCount > 0;
    if (parent !== undefined && link !== undefined && isHeld !== (link.held !== undefined)) {
      link.held = isHeld ? this : undefined;
      parent.#hold(isHeld ? 1 : -1);
    }
  }

  #hold(change: 1 | -1): void {
    this.#heldCount += change;
    this.#updateHold();
    if (this.#heldCount > manyChildren && !this.#hasWarned) {
      this.#hasWarned = true;
      warn(
        'CHILDREN',
        `More than ${manyChildren.toLocaleString('en')} child containers of one container have ` +
          'something to exit and are not disposed, so it keeps them all. Dispose each one when its ' +
          'unit of work has ended: `await using child = …`, or `await child.dispose()`.',
      );
    }
  }
}
