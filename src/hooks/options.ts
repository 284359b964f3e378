/** The options of a hook, and their validation. */
import { checkDuration } from '../shared/clock.js';
import { isObject, shown } from '../shared/inspect.js';
import type { ExitPhase, UsedService } from './exit-hook.js';

/** Options of `@OnExit()`. */
export interface OnExitOptions {
  /**
   * How many ms the hook has. When they have passed, `ExitContext.signal` aborts, and the disposal
   * continues without the hook. Default: the module's `hookTimeout`.
   */
  timeout?: number;
  /**
   * When the hook runs: `'drain'`, before any hook of the `'exit'` phase in the whole tree of
   * containers, while everything is still open; or `'exit'`, when its instance is closed. Default:
   * `'exit'`.
   */
  phase?: ExitPhase;
  /**
   * The services that the hook needs open although they were not injected: it runs before the hooks of
   * every instance of them that its container, or an ancestor, owns. A declaration that would close a cycle is left
   * out, with a warning. Default: none.
   */
  uses?: readonly UsedService[];
}

/** The options of a hook after validation. */
export interface HookOptions {
  readonly timeout: number | undefined;
  readonly phase: ExitPhase | undefined;
  readonly uses: readonly UsedService[] | undefined;
}

/** @throws TypeError or RangeError if an option has a value that it does not take. */
export function checkHookOptions(
  door: string,
  { timeout, phase, uses }: { timeout?: unknown; phase?: unknown; uses?: unknown },
): HookOptions {
  checkDuration(`${door} timeout`, timeout);
  if (phase !== undefined && phase !== 'drain' && phase !== 'exit') {
    throw new TypeError(`${door} phase was given ${shown(phase)}. It takes 'drain' or 'exit'.`);
  }
  if (uses !== undefined && !isListOfServices(uses)) {
    const given = Array.isArray(uses)
      ? `${shown(uses.find((service) => !isService(service)))} in an array`
      : shown(uses);
    throw new TypeError(
      `${door} uses was given ${given}. It takes an array of service identifiers: uses: [Pool]. For ` +
        'a class that is declared further down, or imported in a circle, write new ' +
        'LazyServiceIdentifier(() => Pool).',
    );
  }
  return {
    timeout: timeout as number | undefined,
    phase,
    // A copy: a later change of the array would not be validated.
    uses: uses === undefined ? undefined : [...uses],
  };
}

function isListOfServices(value: unknown): value is readonly UsedService[] {
  return Array.isArray(value) && value.every(isService);
}

function isService(value: unknown): boolean {
  return (
    ['string', 'symbol', 'function'].includes(typeof value) ||
    (isObject(value) && 'unwrap' in value && typeof value.unwrap === 'function')
  );
}
