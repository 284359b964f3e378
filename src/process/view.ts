/** The end of the process on a terminal: the hooks that are done, running and waiting. */
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

import {
  hookLabel,
  type ExitRecord,
  type PendingExit,
  type StartedExit,
} from '../disposal/exit-report.js';
import { systemClock } from '../shared/clock.js';
import type { ExitEvent } from './events.js';

/** The maximal number of hooks in the view. */
const most = 9;

/** The number of columns before the text of a line. */
const margin = 10;

/** The view is drawn again every so many ms. */
const pace = 100;

const [clearLine, clearBelow] = ['\x1B[K', '\x1B[J'];
const [withoutWrapping, wrapping] = ['\x1B[?7l', '\x1B[?7h'];

/** The part of a terminal that the view needs. */
type Terminal = Pick<WriteStream, 'columns' | 'rows' | 'hasColors' | 'write'>;

type Style = 'bold' | 'dim' | 'green' | 'red';

/**
 * The view is drawn below the cursor: output of others, written in any way, appears above it and is
 * never lost. Only output right after a redraw may be followed by the end of a longer line of the view.
 */
export class LiveView {
  readonly #terminal: Terminal;
  readonly #done: ExitRecord[] = [];
  #running: { readonly exit: StartedExit; readonly since: number } | undefined;
  #waiting: readonly PendingExit[] = [];
  /** Set when the view is first drawn. */
  #redraw: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  update(event: ExitEvent): void {
    switch (event.type) {
      case 'started':
        this.#running = { exit: event.exit, since: systemClock.now() };
        this.#waiting = this.#waiting.slice(1);
        this.#redrawForNext();
        break;
      case 'settled':
        this.#done.push(event.exit);
        this.#running = undefined;
        break;
      case 'running':
        this.#waiting = event.pending;
        // Activations are announced by this alone.
        this.#running ??= { exit: event.exit, since: systemClock.now() - event.duration };
        this.#redraw ??= setInterval(() => {
          this.#draw();
        }, pace);
        this.#draw();
        break;
      case 'disposed':
        this.#running = undefined;
        if (this.#redraw !== undefined) {
          clearInterval(this.#redraw);
          this.#terminal.write(this.#drawn());
        }
        break;
      default:
        break;
    }
  }

  /** Clears the view, for lines that stay. */
  clear(): void {
    this.#terminal.write(`${this.#newLine()}${clearBelow}`);
  }

  /** Redraws the view for the next hook, which may write above it; but not for each of many fast hooks. */
  #redrawForNext(): void {
    if (this.#redraw !== undefined) {
      if ((this.#done.at(-1)?.duration ?? 0) < pace) {
        this.clear();
      } else {
        this.#draw();
      }
    }
  }

  #draw(): void {
    const drawn = this.#drawn();
    const height = drawn.split('\n').length - 1;
    this.#terminal.write(`${drawn}\x1B[${String(height)}A`);
  }

  #drawn(): string {
    // A long line must not wrap: the cursor would move up by too few lines.
    const lines = this.#lines().map((line) => `${clearLine}${line}\n`);
    return `${this.#newLine()}\n${withoutWrapping}${lines.join('')}${clearBelow}${wrapping}`;
  }

  /** Ends a line that others have begun, such as the echo of Ctrl-C: only then the spaces wrap. */
  #newLine(): string {
    return `${' '.repeat(this.#columns)}\r${clearLine}`;
  }

  #lines(): string[] {
    const running = this.#running === undefined ? [] : [this.#running.exit];
    const all = [...this.#done, ...running, ...this.#waiting];
    const room = Math.min(most, (this.#terminal.rows || 24) - 5);
    const hidden = Math.min(this.#done.length - Math.floor(room / 2), all.length - room);
    const first = Math.max(0, hidden);
    const seen = all.slice(first, first + room);
    return [
      ...this.#more(first, 'done'),
      ...seen.map((exit) => this.#row(exit)),
      ...this.#more(all.length - first - seen.length, 'waiting'),
    ];
  }

  #row(exit: PendingExit | ExitRecord): string {
    const label = hookLabel(exit);
    if ('outcome' in exit) {
      const mark = exit.outcome === 'done' ? this.#styled('green', '✓') : this.#styled('red', '✗');
      return this.#line(mark, label, exit.duration);
    }
    return exit === this.#running?.exit
      ? this.#styled('bold', this.#line('▸', label, systemClock.now() - this.#running.since))
      : this.#styled('dim', this.#line('·', label));
  }

  #more(count: number, what: string): string[] {
    return count === 0
      ? []
      : [this.#styled('dim', this.#line(' ', `${String(count)} more ${what}`))];
  }

  #line(mark: string, text: string, duration?: number): string {
    const took = duration === undefined ? '' : `${(duration / 1_000).toFixed(1)} s`;
    // It is written in the last column, over the text that is there.
    const cut = text.length > this.#columns - margin ? '…' : '';
    return `${mark} ${took.padStart(margin - 4)}  ${text}${cut}`;
  }

  #styled(style: Style, text: string): string {
    // hasColors() considers NO_COLOR, FORCE_COLOR and the terminal's capabilities.
    return this.#terminal.hasColors() ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Some terminals report a size of 0. */
  get #columns(): number {
    return this.#terminal.columns || 80;
  }
}
