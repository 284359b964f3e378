/** Draws a report as plain text, for a terminal or a log. */
import { cellsOf, padded, shortened, wrapped } from './cells.js';
import { marks, formatted, type DrawnExit, type Facts } from './facts.js';

/** The cells between two columns, and those of the mark and a space before the first column. */
const gap = 2;

export function drawText(facts: Facts, duration: number, columns: number): string {
  const { heading, summary, exits, notes } = facts;
  const lines = [heading, ...summary].flatMap((line) => wrapped(line, columns));
  if (exits.length > 0) {
    lines.push('', ...drawExits(exits, duration, columns));
  }
  if (notes.length > 0) {
    lines.push('');
  }
  for (const note of notes) {
    const text = note.lines.flatMap((line) => wrapped(line, columns - gap, gap));
    lines.push(...text.map((line, index) => `${index === 0 ? marks[note.outcome] : ' '} ${line}`));
  }
  return lines.join('\n');
}

function drawExits(exits: readonly DrawnExit[], duration: number, columns: number): string[] {
  const widest = (of: (exit: DrawnExit) => number): number =>
    exits.reduce((most, exit) => Math.max(most, of(exit)), 0);
  const numbers = widest((exit) => exit.duration.number.length);
  const units = widest((exit) => exit.duration.unit.length);
  const room = columns - 3 * gap - numbers - 1 - units;
  const total = formatted(duration);
  // However long the names are, the bars get two fifths of the rest, and the width of their scale.
  const labels = Math.min(
    widest((exit) => exit.indent.length + cellsOf(exit.label)),
    Math.floor(room * 0.6),
    room - total.length - 1,
  );
  const bars = room - labels;
  return [
    `${' '.repeat(columns - bars)}0${total.padStart(bars - 1)}`,
    ...exits.map((exit) => {
      const label = exit.indent + shortened(exit.label, labels - exit.indent.length);
      const { number, unit } = exit.duration;
      return [
        `${marks[exit.outcome]} ${padded(label, labels)}`,
        `${number.padStart(numbers)} ${unit.padEnd(units)}`,
        drawBar(exit, bars),
      ].join(' '.repeat(gap));
    }),
  ];
}

/** Rounded to half a cell, and at least half a cell long. */
function drawBar({ from, to, early }: DrawnExit, cells: number): string {
  const start = Math.min(2 * cells - 1, Math.round(from * 2 * cells));
  const end = Math.max(start + 1, Math.round(to * 2 * cells));
  const bar = [];
  for (let half = 0; half < end; half += 2) {
    const left = half >= start;
    const right = half + 1 >= start && half + 1 < end;
    bar.push(left ? (right ? '━' : '╸') : right ? '╺' : ' ');
  }
  return (early ? ['<', ...bar.slice(1)] : bar).join('');
}
