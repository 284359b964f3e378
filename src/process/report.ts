/** What is told of the end of the process on stderr, if nothing else was asked for. */
import process from 'node:process';
import { inspect } from 'node:util';

import { firstLine, hookLabel, type ExitRecord } from '../disposal/exit-report.js';
import { formatMs } from '../shared/clock.js';
import { isObject } from '../shared/inspect.js';
import type { ExitEvent } from './events.js';
import { errorWriter } from './output.js';
import { LiveView } from './view.js';

export type Report = (event: ExitEvent) => unknown;

/** Lines; on a terminal, a view of what is running besides. */
export function createReport(): Report {
  const write = errorWriter();
  const view =
    // Deno would ask for permission to read the environment, or throw.
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
    view?.tell(event);
  };
}

function lineOf(event: ExitEvent, isSeen: boolean): string | undefined {
  switch (event.type) {
    case 'fatal':
      return `${isObject(event.error) ? '' : 'Uncaught '}${inspect(event.error)}`;
    case 'running': {
      const { exit, duration, pending } = event;
      const seconds = (duration / 1_000).toFixed(1);
      const left = pending.length === 0 ? '' : `; ${String(pending.length)} more to run`;
      return isSeen
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
      // Those of the platform, as signals have them: their names would say it once more.
      const isOurs = error instanceof DOMException;
      const what = isOurs && error.name === 'AbortError' ? 'was cut off' : 'timed out';
      const why = isOurs ? error.message : firstLine(error);
      return `${label} ${what} after ${formatMs(duration)}: ${why}`;
    }
    case 'not-awaited':
      return `${label} could not be awaited: how it ends is lost`;
    default:
      return `${label} failed: ${inspect(error)}`;
  }
}
