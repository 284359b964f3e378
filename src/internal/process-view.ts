/** The end of the process as it is seen on a terminal: what is done, what runs and what waits. */
import { clearScreenDown, moveCursor } from 'node:readline';
import process from 'node:process';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

import { hookLabel, type ExitRecord, type PendingExit, type StartedExit } from '../exit-report.js';
import { systemClock } from './clock.js';
import type { ExitEvent } from './process-events.js';

/** How many lines at most what is done, and what waits, may take. */
const most = 5;

/** A line that is too long must not take two: what is above would not be found again. */
const [withoutWrapping, wrapping] = ['\x1B[?7l', '\x1B[?7h'];

type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

export class LiveView {
  readonly #terminal: WriteStream;
  readonly #done: ExitRecord[] = [];
  #running: { readonly exit: StartedExit; readonly since: number } | undefined;
  #waiting: readonly PendingExit[] = [];
  #redraw: NodeJS.Timeout | undefined;
  /** How many lines there are to be redrawn, and what had been written by then. */
  #height = 0;
  #written = 0;

  constructor(terminal: WriteStream) {
    this.#terminal = terminal;
  }

  tell(event: ExitEvent): void {
    switch (event.type) {
      case 'started':
        this.#running = { exit: event.exit, since: systemClock.now() };
        this.#waiting = this.#waiting.slice(1);
        break;
      case 'settled':
        this.#done.push(event.exit);
        this.#running = undefined;
        break;
      case 'running':
        this.#waiting = event.pending;
        this.#redraw ??= setInterval(() => {
          this.#draw();
        }, 100);
        this.#draw();
        break;
      case 'disposed':
        if (this.#redraw !== undefined) {
          clearInterval(this.#redraw);
          this.#draw();
        }
        break;
      default:
        break;
    }
  }

  /** Makes room for a line that stays. */
  clear(): void {
    // What others have written since stands below it, and must stay.
    if (this.#height > 0 && this.#written === writtenByAll()) {
      moveCursor(this.#terminal, 0, -this.#height);
      clearScreenDown(this.#terminal);
    }
    this.#height = 0;
  }

  #draw(): void {
    const lines = this.#lines();
    this.clear();
    this.#terminal.write(`${withoutWrapping}${lines.join('\n')}\n${wrapping}`);
    this.#height = lines.length;
    this.#written = writtenByAll();
  }

  #lines(): string[] {
    const room = Math.min(most, Math.max(1, Math.floor(this.#terminal.rows / 2) - 2));
    const [done, waiting] = [this.#done.slice(-room), this.#waiting.slice(0, room)];
    return [
      ...this.#more(this.#done.length - done.length, 'done'),
      ...done.map((exit) => {
        const [style, mark] = exit.outcome === 'done' ? ok : bad;
        return this.#row(style, mark, exit, exit.duration);
      }),
      ...(this.#running === undefined
        ? []
        : [this.#row('bold', '▸', this.#running.exit, systemClock.now() - this.#running.since)]),
      ...waiting.map((exit) => this.#row('dim', '·', exit)),
      ...this.#more(this.#waiting.length - waiting.length, 'waiting'),
    ];
  }

  #row(style: Style, mark: string, exit: PendingExit, duration?: number): string {
    const took = duration === undefined ? '' : `  ${(duration / 1_000).toFixed(1)} s`;
    return this.#styled(style, `${mark} ${hookLabel(exit)}${took}`);
  }

  #more(count: number, what: string): string[] {
    return count === 0 ? [] : [this.#styled('dim', `  ${String(count)} more ${what}`)];
  }

  #styled(style: Style, text: string): string {
    // It knows of NO_COLOR, of FORCE_COLOR, and of what the terminal can show.
    return this.#terminal.hasColors() ? styleText(style, text, { validateStream: false }) : text;
  }
}

const ok = ['green', '✓'] as const;
const bad = ['red', '✗'] as const;

function writtenByAll(): number {
  return process.stdout.bytesWritten + process.stderr.bytesWritten;
}
