/** How a process ends: the options, which apply to all containers together. */
import { constants } from 'node:os';
import process from 'node:process';

import { checkDuration } from '../shared/clock.js';
import { shown } from '../shared/inspect.js';
import type { ExitEvent } from './events.js';

/**
 * Options of `disposeOnExit()`. They apply to the process: the first call sets them for all, and a later
 * call with other values throws. When the last container is detached they are reset.
 */
export interface DisposeOnExitOptions {
  /**
   * The signals on which to dispose and end. Default: SIGINT, SIGTERM and SIGHUP, and on Windows
   * SIGBREAK, which other platforms do not have, and ignore.
   */
  signals?: readonly NodeJS.Signals[];
  /**
   * How many ms the containers have, all together. After that, the hooks that are left are started
   * and not awaited. Default: 8,000, less than the time after which Docker kills (10 s).
   */
  timeout?: number;
  /** Whether to dispose on uncaught errors and rejections, and then end with 1. Default: true. */
  fatal?: boolean;
  /** Whether to end the process after a signal, or leave that to the application. Default: true. */
  terminate?: boolean;
  /**
   * For how many ms after a signal another SIGINT is taken for its echo (npm, nodemon and
   * `node --watch` send several). A later one forces the end. Default: 1,000.
   */
  repeatAfter?: number;
  /** Called with each event, instead of the default report on stderr. */
  report?: (event: ExitEvent) => void;
}

export type Policy = Required<Omit<DisposeOnExitOptions, 'report'>> &
  Pick<DisposeOnExitOptions, 'report'>;

const usual: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'];

/** @throws TypeError or RangeError if an option has a value that it does not take. */
export function policyOf(options: DisposeOnExitOptions): Policy {
  const { signals = usual, timeout, fatal, terminate, repeatAfter, report } = options;
  checkDuration('disposeOnExit() timeout', timeout);
  checkDuration('disposeOnExit() repeatAfter', repeatAfter);
  check('fatal', fatal, 'boolean', 'true or false');
  check('terminate', terminate, 'boolean', 'true or false');
  check('report', report, 'function', 'a function');
  if (!Array.isArray(signals)) {
    refuse('signals', signals, "an array of names such as 'SIGTERM'");
  }
  for (const signal of signals) {
    checkSignal(signal);
  }
  return {
    // The signals that this platform has, sorted, so that two calls can be compared.
    signals: [...new Set(signals)]
      .filter((signal) => signal !== 'SIGBREAK' || process.platform === 'win32')
      .sort(),
    timeout: timeout ?? 8_000,
    fatal: fatal ?? true,
    terminate: terminate ?? true,
    repeatAfter: repeatAfter ?? 1_000,
    ...(report && { report }),
  };
}

/** @throws Error if the options of a later call differ from those that are set. */
export function refuseConflict(
  policy: Policy,
  requested: Policy,
  options: DisposeOnExitOptions,
): void {
  for (const name of Object.keys(options) as (keyof DisposeOnExitOptions)[]) {
    if (options[name] !== undefined && toCompare(requested[name]) !== toCompare(policy[name])) {
      throw new Error(
        `disposeOnExit() was given ${name}: ${formatted(requested[name])}, but an earlier call has set ` +
          `${formatted(policy[name])}, and the process can only end one way. Give the options once, in the ` +
          'first call.',
      );
    }
  }
}

function check(option: string, value: unknown, type: string, takes: string): void {
  if (value !== undefined && typeof value !== type) {
    refuse(option, value, takes);
  }
}

function refuse(option: string, value: unknown, takes: string): never {
  throw new TypeError(`disposeOnExit() ${option} was given ${shown(value)}. It takes ${takes}.`);
}

function checkSignal(signal: unknown): void {
  if (
    signal !== 'SIGBREAK' &&
    !(typeof signal === 'string' && Object.hasOwn(constants.signals, signal))
  ) {
    throw new TypeError(
      `disposeOnExit() signals has ${shown(signal)}, which is no signal here. It takes names such ` +
        "as 'SIGTERM'.",
    );
  }
  if (signal === 'SIGKILL' || signal === 'SIGSTOP') {
    throw new TypeError(
      `disposeOnExit() signals has '${signal}', which no process can handle: nothing is disposed on ` +
        'it. Leave it out.',
    );
  }
}

function toCompare(value: unknown): unknown {
  return Array.isArray(value) ? value.join() : value;
}

function formatted(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : shown(value);
}
