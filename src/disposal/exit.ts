/** What a container registers: a subject, where it comes from, and the hooks that run for it. */
import type { ExitHook } from '../hooks/exit-hook.js';
import type { PendingExit } from './exit-report.js';

/** What the subjects of one origin share. */
export interface ExitSource {
  readonly service: string;
  /** Whether another container, or another binding, can hand out the same subject. */
  readonly isShared: boolean;
  /** How many of its subjects a registry holds, where that matters. */
  readonly live?: { count: number };
  /** The hooks of a subject as they are now, in the order in which they run. */
  readonly hooks: readonly ExitHook[];
  /** Whether all its hooks run in the exit phase, and none declares what it uses. */
  readonly isPlain: boolean;
  /** Whether nothing would run for it now. Handlers may still be set, and then run in its place. */
  readonly isIdle?: boolean;
  /** Whether its subject exits in another place, and only handlers are left to run here. */
  readonly isElsewhere?: boolean;
  /**
   * Of a callback: what was being activated when it was registered. Nothing of that can have been built
   * on the callback, which need not wait for it.
   */
  readonly inFlight?: ReadonlySet<PromiseLike<unknown>>;
  /** Called when its hooks are about to run. */
  exiting?(): void;
  /** Called when its subject exits in another place. Returns whether handlers may be left to run here. */
  handlersOnly?(): boolean;
  /** Called when its subject is released by itself. */
  released?(): void;
}

/** A subject, and where it comes from. */
export interface Exit {
  readonly subject: object;
  readonly source: ExitSource;
}

/** An entry whose hooks run, and those of them that do. */
export interface Task {
  readonly exit: Exit;
  readonly hooks: readonly ExitHook[];
}

/** What is still to run of the entries, in the order given. */
export function pendingHooks(tasks: readonly Task[]): PendingExit[] {
  return tasks.flatMap(({ exit, hooks }) =>
    hooks.map(({ name }) => ({ service: exit.source.service, hook: name })),
  );
}
