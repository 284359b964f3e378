/** The end of the process as it is seen on a terminal: what is done, what runs and what waits. */
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

/** How many hooks are seen at most. */
const most = 9;

/** How many columns stand before what a line tells of. */
const margin = 10;

/** How many ms pass before what is seen is drawn again. */
const pace = 100;

const [clearLine, clearBelow] = ['\x1B[K', '\x1B[J'];
const [withoutWrapping, wrapping] = ['\x1B[?7l', '\x1B[?7h'];

/** What is asked of one. */
type Terminal = Pick<WriteStream, 'columns' | 'rows' | 'hasColors' | 'write'>;

type Style = 'bold' | 'dim' | 'green' | 'red';

/**
 * It stands below the cursor: what others write, by whatever way, comes above it and is never lost.
 * Only what they write at once may leave the end of a longer line of the view behind it.
 */
export class LiveView {
  readonly #terminal: Terminal;
  readonly #done: ExitRecord[] = [];
  #running: { readonly exit: StartedExit; readonly since: number } | undefined;
  #waiting: readonly PendingExit[] = [];
  /** There is one from when the view is first seen. */
  #redraw: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  tell(event: ExitEvent): void {
    switch (event.type) {
      case 'started':
        this.#running = { exit: event.exit, since: systemClock.now() };
        this.#waiting = this.#waiting.slice(1);
        this.#follow();
        break;
      case 'settled':
        this.#done.push(event.exit);
        this.#running = undefined;
        break;
      case 'running':
        this.#waiting = event.pending;
        this.#redraw ??= setInterval(() => {
          this.#draw();
        }, pace);
        this.#draw();
        break;
      case 'disposed':
        if (this.#redraw !== undefined) {
          clearInterval(this.#redraw);
          this.#terminal.write(this.#drawn());
        }
        break;
      default:
        break;
    }
  }

  /** Makes room for lines that stay. */
  clear(): void {
    this.#terminal.write(`${this.#newLine()}${clearBelow}`);
  }

  /** The next hook has a view of its own to write above; but many fast ones are not drawn one by one. */
  #follow(): void {
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
    // A line that is too long must not take two: the cursor would not find back.
    const lines = this.#lines().map((line) => `${clearLine}${line}\n`);
    return `${this.#newLine()}\n${withoutWrapping}${lines.join('')}${clearBelow}${wrapping}`;
  }

  /** Ends a line that others have begun, as the echo of Ctrl-C: only then this wraps. */
  #newLine(): string {
    return `${' '.repeat(this.#columns)}\r${clearLine}`;
  }

  #lines(): string[] {
    const running = this.#running === undefined ? [] : [this.#running.exit];
    const all = [...this.#done, ...running, ...this.#waiting];
    const room = Math.min(most, (this.#terminal.rows || 24) - 5);
    const above = Math.min(this.#done.length - Math.floor(room / 2), all.length - room);
    const first = Math.max(0, above);
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
    // It ends in the last column, over what was written there.
    const cut = text.length > this.#columns - margin ? '…' : '';
    return `${mark} ${took.padStart(margin - 4)}  ${text}${cut}`;
  }

  #styled(style: Style, text: string): string {
    // It knows of NO_COLOR, of FORCE_COLOR, and of what the terminal can show.
    return this.#terminal.hasColors() ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Some terminals do not know their size, and say 0. */
  get #columns(): number {
    return this.#terminal.columns || 80;
  }
}
