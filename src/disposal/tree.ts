/** The tree of containers: children are held while they have something to exit, and weakly otherwise. */
import { warn } from '../shared/warning.js';

const manyChildren = 1_000;

const none: readonly never[] = [];

/** Grows from container to container. */
let created = 0;

/** A container in the tree. */
export interface TreeMember {
  /** Whether it is a scope: whoever opened it closes it. */
  readonly isScope: boolean;
}

/** How a parent refers to a child. */
interface Link<Member extends TreeMember> {
  readonly child: WeakRef<TreeNode<Member>>;
  held: TreeNode<Member> | undefined;
}

/** The place of a container in the tree of another copy of the package, which disposes it. */
export interface Place {
  /** Says whether the container, or what is below it, has something to exit. */
  occupy(isOccupied: boolean): void;
  /** Leaves no trace of it. */
  remove(): void;
}

/** The children of a container, or its scopes. */
class Links<Member extends TreeMember> {
  readonly #links = new Set<Link<Member>>();
  #sweepAt = manyChildren;

  /** Those that are alive, youngest first. */
  get live(): readonly TreeNode<Member>[] {
    if (this.#links.size === 0) {
      return none;
    }
    const live: TreeNode<Member>[] = [];
    for (const link of this.#links) {
      const child = link.child.deref();
      if (child !== undefined) {
        live.push(child);
      }
    }
    return live.sort(youngestFirst);
  }

  add(child: TreeNode<Member>): Link<Member> {
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

  delete(link: Link<Member>): void {
    this.#links.delete(link);
  }
}

/** The place of a container in the tree. */
export class TreeNode<Member extends TreeMember> {
  readonly member: Member;
  readonly age = created++;
  #parent: TreeNode<Member> | undefined;
  /** That of the parent. */
  #link: Link<Member> | undefined;
  /** Where it is held instead, if the nearest container around it is of another copy of the package. */
  #place: Place | undefined;
  #children: Links<Member> | undefined;
  #scopes: Links<Member> | undefined;
  #isOccupied = false;
  #heldCount = 0;
  #hasWarned = false;

  constructor(member: Member) {
    this.member = member;
  }

  get parent(): TreeNode<Member> | undefined {
    return this.#parent;
  }

  set parent(parent: TreeNode<Member> | undefined) {
    this.moveTo(parent);
  }

  /** @param place holds it instead of its parent, if that is not the nearest container around it. */
  moveTo(parent: TreeNode<Member> | undefined, place?: Place): void {
    this.remove();
    this.#parent = parent;
    this.#place = place;
    if (place === undefined && parent !== undefined) {
      this.#link = parent.#linksFor(this).add(this);
    }
    this.#updateHold();
  }

  /** Those that are no scopes, are alive and were not removed, youngest first. */
  get children(): readonly TreeNode<Member>[] {
    return this.#children?.live ?? none;
  }

  get scopes(): readonly TreeNode<Member>[] {
    return this.#scopes?.live ?? none;
  }

  get childrenAndScopes(): readonly TreeNode<Member>[] {
    const { children, scopes } = this;
    return scopes.length === 0 ? children : [...children, ...scopes].sort(youngestFirst);
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
      parent.#linksFor(this).delete(link);
      if (link.held !== undefined) {
        parent.#hold(-1);
      }
    }
    this.#place?.remove();
    this.#place = undefined;
  }

  /** Where it keeps a child. */
  #linksFor({ member }: TreeNode<Member>): Links<Member> {
    return member.isScope ? (this.#scopes ??= new Links()) : (this.#children ??= new Links());
  }

  /** A parent that forgot what has something to exit would not exit it. */
  #updateHold(): void {
    const [parent, link] = [this.#parent, this.#link];
    const isHeld = this.#isOccupied || this.#heldCount > 0;
    this.#place?.occupy(isHeld);
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

function youngestFirst(one: TreeNode<TreeMember>, other: TreeNode<TreeMember>): number {
  return other.age - one.age;
}
