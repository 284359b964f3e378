/** The default report of the end of the process, on stderr. */
import process from 'node:process';
import { inspect } from 'node:util';

import { firstLine, hookLabel, type ExitRecord } from '../disposal/exit-report.js';
import { formatMs } from '../shared/clock.js';
import { isObject } from '../shared/inspect.js';
import type { ExitEvent } from './events.js';
import { errorWriter } from './output.js';
import { LiveView } from './view.js';

export type Report = (event: ExitEvent) => unknown;

/** Prints lines, and on a terminal also a live view of the hooks. */
export function createReport(): Report {
  const write = errorWriter();
  const view =
    // Deno would prompt for the permission to read the environment, or throw.
    process.versions.deno === undefined &&
    process.stderr.isTTY &&
    process.env.CI === undefined &&
    process.env.TERM !== 'dumb'
      ? new LiveView(process.stderr)
      : undefined;
  return (event) => {
    const line = lineOf(event, view !== undefined);
    if (line !== undefined) {
      view?.clear();
      write(`${line}\n`);
    }
    view?.update(event);
  };
}

function lineOf(event: ExitEvent, hasView: boolean): string | undefined {
  switch (event.type) {
    case 'fatal':
      return `${isObject(event.error) ? '' : 'Uncaught '}${inspect(event.error)}`;
    case 'running': {
      const { exit, duration, pending } = event;
      const seconds = (duration / 1_000).toFixed(1);
      const left = pending.length === 0 ? '' : `; ${String(pending.length)} more to run`;
      return hasView
        ? undefined
        : `inversify-onexit: ${hookLabel(exit)} has been running for ${seconds} s${left}`;
    }
    case 'settled':
      return event.exit.outcome === 'done' ? undefined : `inversify-onexit: ${ended(event.exit)}`;
    default:
      return undefined;
  }
}

function ended(exit: ExitRecord): string {
  const { outcome, duration, error } = exit;
  const label = hookLabel(exit);
  switch (outcome) {
    case 'timed-out': {
      // Errors of the platform, as signals have them: their names would only repeat `what`.
      const isPlatformError = error instanceof DOMException;
      const what = isPlatformError && error.name === 'AbortError' ? 'was cut off' : 'timed out';
      const why = isPlatformError ? error.message : firstLine(error);
      return `${label} ${what} after ${formatMs(duration)}: ${why}`;
    }
    case 'not-awaited':
      return `${label} could not be awaited: how it ends is lost`;
    default:
      return `${label} failed: ${inspect(error)}`;
  }
}
