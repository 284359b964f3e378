/** The hooks that are in their synchronous part, and so call whatever is called now. */
import type { ExitContext } from '../hooks/exit-context.js';
import type { ExitHook } from '../hooks/exit-hook.js';

interface CallHost {
  /** Whether it is this container, or a descendant. */
  belongsTo(container: object): boolean;
}

export interface HookCall {
  /** The container that runs it. */
  readonly host: CallHost;
  /** Whether it was started when the time of its disposal had passed. */
  readonly isLate: boolean;
}

/** Innermost last, of all containers: a hook may dispose one that is no relative of its own. */
const calls: HookCall[] = [];

export function callHook(
  call: HookCall,
  hook: ExitHook,
  subject: object,
  context: ExitContext,
): unknown {
  calls.push(call);
  try {
    return hook.call(subject, context);
  } finally {
    calls.pop();
  }
}

/** Whether a hook of the container, or of a descendant, is in its synchronous part. */
export function isCalledByHookOf(container: object): boolean {
  return calls.some(({ host }) => host.belongsTo(container));
}

export function isCalledByLateHook(): boolean {
  return calls.at(-1)?.isLate === true;
}
