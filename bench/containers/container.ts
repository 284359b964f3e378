import type { ClosableClass, SessionClass } from '../services.js';

/** What is bound: a class under a name of its own. Of one class there may be many. */
export interface Binding {
  readonly name: string;
  readonly made: ClosableClass;
}

/** A container, or what is there in its place. */
export interface Opener {
  /** Makes known how a class is closed; called once for each. */
  readonly decorate?: (made: ClosableClass) => void;
  /** Makes singletons in the order given; returns what closes them all. */
  readonly openAll?: (bindings: readonly Binding[]) => (() => unknown) | Promise<() => unknown>;
  /**
   * Returns a unit of work: it has a child container make the session, which has the pool around it,
   * and close that session.
   */
  readonly serve?: (pool: ClosableClass, session: SessionClass) => () => unknown;
}
