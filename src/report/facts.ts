/** The content of a drawing of a report, as text or as SVG: the words, and the positions of the bars. */
import {
  firstLine,
  hookLabel,
  type ExitOutcome,
  type ExitRecord,
  type ExitReport,
} from '../disposal/exit-report.js';
import { printable } from './cells.js';

export interface Facts {
  readonly heading: string;
  /** Lines about all exits. */
  readonly summary: readonly string[];
  readonly exits: readonly DrawnExit[];
  /** The outcomes of the exits that were not done. */
  readonly notes: readonly Note[];
}

export interface DrawnExit {
  readonly outcome: ExitOutcome;
  /** Precedes the label of a child's exit: spaces, with the child's number if it differs from the line before. */
  readonly indent: string;
  readonly label: string;
  readonly duration: Duration;
  /** Start and end of the bar, as fractions of the whole duration. */
  readonly from: number;
  readonly to: number;
  /** Whether the disposal of a child started it before this disposal. */
  readonly early: boolean;
  /** All of this in one sentence. */
  readonly sentence: string;
}

interface Note {
  readonly outcome: ExitOutcome;
  readonly lines: readonly string[];
}

interface Duration {
  readonly number: string;
  readonly unit: 'ms' | 's';
}

/** One character for each outcome; of a hook that was not awaited the outcome is unknown. */
export const marks: Readonly<Record<ExitOutcome, string>> = {
  done: ' ',
  failed: '✗',
  'timed-out': '!',
  'not-awaited': '?',
};

const words: Readonly<Record<ExitOutcome, string>> = {
  done: 'done',
  failed: 'failed',
  'timed-out': 'timed out',
  'not-awaited': 'not awaited',
};

/** With more exits than these, the slowest are listed. */
const few = 20;
/** Some messages contain a whole response, or a page of code. */
const longestMessage = 1_000;

export function factsOf({ reason, duration, exits }: ExitReport): Facts {
  const why = reason === undefined ? '' : ` (${printable(reasonOf(reason))})`;
  const heading = `Disposed in ${formatted(duration)}${why}`;
  if (exits.length === 0) {
    return { heading: `${heading}: there was nothing to exit.`, summary: [], exits: [], notes: [] };
  }
  const digits = String(exits.reduce((most, exit) => Math.max(most, exit.container), 0)).length;
  // Zero if the clock is coarse, or a test has stopped it.
  const whole = duration || 1;
  return {
    heading,
    summary: exits.length > few ? [totals(exits), slowest(exits)] : [totals(exits)],
    exits: exits.map((exit, index) => {
      const { container, outcome, startTime } = exit;
      const number = exits[index - 1]?.container === container ? '' : String(container);
      return {
        outcome,
        indent: container === 0 ? '' : `  ${number.padStart(digits)} `,
        label: printable(hookLabel(exit)),
        duration: durationOf(exit.duration),
        from: within(startTime / whole),
        to: within((startTime + exit.duration) / whole),
        early: startTime < 0,
        sentence: `${named(exit)}: ${words[outcome]}, ${formatted(exit.duration)} from ${formatted(startTime)} on`,
      };
    }),
    notes: exits.filter(({ outcome }) => outcome !== 'done').map(noteOf),
  };
}

/** A duration as it is printed: below a second in ms with one decimal, else in seconds. */
function durationOf(ms: number): Duration {
  return Math.abs(ms) < 999.95
    ? { number: ms.toFixed(1), unit: 'ms' }
    : { number: (ms / 1_000).toFixed(2), unit: 's' };
}

export function formatted(ms: number): string {
  const { number, unit } = durationOf(ms);
  return `${number} ${unit}`;
}

function totals(exits: readonly ExitRecord[]): string {
  const children = exits.filter(({ container }) => container !== 0);
  const containers = new Set(children.map(({ container }) => container)).size;
  const inChildren =
    containers === 0
      ? ''
      : `, ${String(children.length)} of them in ${counted(containers, 'child', 'children')} (numbered)`;
  const outcomes = Object.entries(words)
    .map(([outcome, word]) => ({
      word,
      count: exits.filter((exit) => exit.outcome === outcome).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ count, word }) =>
      count === exits.length ? `all ${word}` : `${String(count)} ${word}`,
    );
  return `${counted(exits.length, 'exit', 'exits')}${inChildren}: ${outcomes.join(', ')}`;
}

function slowest(exits: readonly ExitRecord[]): string {
  const three = [...exits].sort((a, b) => b.duration - a.duration).slice(0, 3);
  return `Slowest: ${three.map((exit) => `${named(exit)} ${formatted(exit.duration)}`).join(', ')}`;
}

function noteOf(exit: ExitRecord): Note {
  const { outcome } = exit;
  const fact = {
    done: 'done',
    failed: 'failed',
    'timed-out': `timed out after ${formatted(exit.duration)}`,
    'not-awaited': 'was not awaited',
  }[outcome];
  const subject = `${named(exit)} ${fact}`;
  // JSON has no `undefined`: a failed hook without an error has thrown that.
  if (outcome !== 'failed' && exit.error === undefined) {
    return { outcome, lines: [subject] };
  }
  const lines = `${subject}: ${messageOf(exit.error)}`.split('\n').map(printable);
  return { outcome, lines: lines.filter((line) => line !== '') };
}

/** The label of the hook, and the number of the child if it is one of a child. */
function named(exit: ExitRecord): string {
  const { container } = exit;
  const label = printable(hookLabel(exit));
  return container === 0 ? label : `${label} (child ${String(container)})`;
}

/** The same for an error and for its copy from JSON. */
function messageOf(thrown: unknown): string {
  const text = errorText(thrown) ?? firstLine(thrown);
  return text.length > longestMessage ? `${text.slice(0, longestMessage - 1)}…` : text;
}

function errorText(thrown: unknown): string | undefined {
  try {
    const { name, message } = Object(thrown) as { name?: unknown; message?: unknown };
    return typeof name === 'string' && typeof message === 'string' && message !== ''
      ? `${name}: ${message}`
      : undefined;
  } catch {
    return undefined;
  }
}

/** In one line. The causes of `inversify-onexit/process`, such as `{ type: 'signal', signal }`, as words. */
function reasonOf(reason: unknown): string {
  const isCause = typeof reason === 'object' && reason !== null && 'type' in reason;
  const parts = isCause ? Object.values(reason) : [reason];
  return parts.map((part) => errorText(part)?.replace(/\n.*/s, '') ?? firstLine(part)).join(' ');
}

function counted(count: number, one: string, many: string): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

function within(part: number): number {
  return Math.min(1, Math.max(0, part));
}
