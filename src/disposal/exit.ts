/** What is exited: a subject, where it comes from, and the hooks that are called on it. */
import type { ExitContext } from '../hooks/exit-context.js';
import type { PendingExit } from './exit-report.js';

/** What is called on a subject when it is exited. */
export interface ExitHook {
  readonly name: string;
  /** How many ms it has; if it does not say, as many as any. */
  readonly timeout?: number | undefined;
  /** The function that would be called, to be looked at. */
  target(subject: object): unknown;
  call(subject: object, context: ExitContext): unknown;
}

/** What the subjects of one origin share. */
export interface ExitSource {
  readonly service: string;
  /** Whether a subject can have come from elsewhere, and be owned there. */
  readonly shared: boolean;
  /** How many of its subjects a list holds, where that matters. */
  readonly tally?: { live: number };
  /** The hooks of a subject as they are now, in the order in which they are run. */
  readonly hooks: readonly ExitHook[];
  /** Called when its hooks are about to be run. */
  exiting?(): void;
  /** Told that its subject is exited in another place. Tells whether anything is left to do here. */
  apart?(): boolean;
  /** Called when its subject is released by itself. */
  released?(): void;
}

/** A subject, and where it comes from. */
export interface Exit {
  readonly subject: object;
  readonly source: ExitSource;
}

/** What is still to be run of the entries, in the order given. */
export function pendingHooks(exits: readonly Exit[]): PendingExit[] {
  return exits.flatMap(({ source }) => pendingOf(source, source.hooks));
}

export function pendingOf({ service }: ExitSource, hooks: readonly ExitHook[]): PendingExit[] {
  return hooks.map(({ name }) => ({ service, hook: name }));
}
