/** Draws a report as an SVG: a standalone document without scripts and external resources. */
import { cellsOf, shortened, wrapped } from './cells.js';
import { marks, type DrawnExit, type Facts } from './facts.js';
import { style } from './style.js';

const width = 800;
const margin = 24;
const rowHeight = 22;
/** The width of a character in the widest of the monospaced fonts at their size, 12.5. */
const cell = 7.75;
/** Of the larger and of the smaller text in the proportional font: somewhat more than the average. */
const titleCell = 10.5;
const textCell = 7.5;
const longestLabel = 36;

interface Lines {
  readonly svg: readonly string[];
  /** The y coordinate at which the next lines begin. */
  readonly bottom: number;
}

export function drawSvg(facts: Facts, duration: number): string {
  const room = width - 2 * margin;
  const heading = drawLines(wrapped(facts.heading, room / titleCell), margin + 14, 22, 'title');
  const summary = drawLines(
    facts.summary.flatMap((line) => wrapped(line, room / textCell)),
    heading.bottom,
    19,
    'summary muted',
  );
  const chart = drawChart(facts.exits, duration, summary.bottom + 4);
  const notes = drawNotes(facts, chart.bottom, room);
  const height = notes.bottom;
  const about = [...facts.summary, 'The exits are listed in the order in which they were started.'];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="exit-timeline" role="graphics-document document" lang="en" width="${String(width)}" height="${coordinate(height)}" viewBox="0 0 ${String(width)} ${coordinate(height)}">`,
    `<title>${escaped(facts.heading)}</title>`,
    ...(facts.exits.length > 0 ? [`<desc>${escaped(about.join('. '))}</desc>`] : []),
    `<style>${style}</style>`,
    `<rect class="ground" width="100%" height="100%" rx="6"/>`,
    ...heading.svg,
    ...summary.svg,
    ...chart.svg,
    ...notes.svg,
    '</svg>',
    '',
  ].join('\n');
}

function drawLines(lines: readonly string[], top: number, height: number, name: string): Lines {
  return {
    svg: lines.map((line, index) => text(margin, top + index * height, line, name)),
    bottom: top + lines.length * height,
  };
}

function drawChart(exits: readonly DrawnExit[], duration: number, top: number): Lines {
  if (exits.length === 0) {
    return { svg: [], bottom: top - 8 };
  }
  const widest = (of: (exit: DrawnExit) => number): number =>
    exits.reduce((most, exit) => Math.max(most, of(exit)), 0);
  const labels = Math.min(
    longestLabel,
    widest((exit) => exit.indent.length + cellsOf(exit.label)),
  );
  const numbers = widest(({ duration: { number, unit } }) => number.length + 1 + unit.length);
  const label = margin + 2 * cell;
  const number = label + (labels + 2 + numbers) * cell;
  const left = number + 3 * cell;
  const right = width - margin - 2 * cell;
  const first = top + rowHeight;
  const bottom = first + exits.length * rowHeight;
  const at = (part: number): number => left + part * (right - left);
  const rows = exits.map((exit, index) => {
    const y = first + index * rowHeight;
    const base = y + 15;
    const { outcome, indent } = exit;
    const child = indent.trim();
    return [
      `<g class="${outcome}" role="listitem"><title>${escaped(exit.sentence)}</title>`,
      `<rect class="row" x="0" y="${coordinate(y)}" width="${String(width)}" height="${String(rowHeight)}"/>`,
      ...(outcome === 'done' ? [] : [text(margin, base, marks[outcome], 'mark')]),
      ...(child === ''
        ? []
        : [text(label + (indent.length - 1) * cell, base, child, 'child muted')]),
      text(
        label + indent.length * cell,
        base,
        shortened(exit.label, labels - indent.length),
        'label',
      ),
      text(number, base, `${exit.duration.number} ${exit.duration.unit}`, 'duration muted'),
      drawBar(exit, at, y + 6),
      '</g>',
    ].join('');
  });
  return {
    svg: [...drawAxis(duration, at, top, bottom), '<g role="list">', ...rows, '</g>'],
    bottom: bottom + 24,
  };
}

function drawAxis(
  duration: number,
  at: (part: number) => number,
  top: number,
  bottom: number,
): string[] {
  return ticksOf(duration).flatMap(({ part, label }) => {
    const x = coordinate(at(part));
    return [
      `<path class="grid" d="M${x} ${coordinate(top + 18)}V${coordinate(bottom)}"/>`,
      text(at(part), top + 12, label, 'tick muted'),
    ];
  });
}

/** At most six round times, beginning with zero. */
function ticksOf(duration: number): { part: number; label: string }[] {
  const power = 10 ** Math.floor(Math.log10(duration / 5));
  const factor = duration / 5 / power;
  const step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
  const [unit, size] = duration < 1_000 ? ['ms', 1] : ['s', 1_000];
  const later = duration > 0 ? Math.floor(duration / step) : 0;
  return [
    { part: 0, label: '0' },
    ...Array.from({ length: later }, (_, index) => {
      const time = (index + 1) * step;
      const label = `${String(Number((time / size).toPrecision(6)))} ${unit}`;
      return { part: time / duration, label };
    }),
  ];
}

function drawBar({ from, to, early }: DrawnExit, at: (part: number) => number, y: number): string {
  const x = Math.min(at(from), at(1) - 2);
  const bar = `<rect class="bar" x="${coordinate(x)}" y="${coordinate(y)}" width="${coordinate(Math.max(2, at(to) - x))}" height="10" rx="1"/>`;
  const arrow = `<path class="bar" d="M${coordinate(x - 2)} ${coordinate(y)}v10l-6 -5z"/>`;
  return early ? bar + arrow : bar;
}

function drawNotes({ notes }: Facts, top: number, room: number): Lines {
  const svg: string[] = [];
  let y = top;
  for (const { outcome, lines } of notes) {
    y += 8;
    svg.push(`<g class="${outcome}">`, text(margin, y, marks[outcome], 'mark'));
    for (const line of lines.flatMap((line) => wrapped(line, room / cell - 2, 2))) {
      const words = line.trimStart();
      const indent = 2 + line.length - words.length;
      svg.push(text(margin + indent * cell, y, words, 'label'));
      y += 18;
    }
    svg.push('</g>');
  }
  return { svg, bottom: y + (notes.length > 0 ? 8 : 0) };
}

function text(x: number, y: number, content: string, name: string): string {
  const hidden = /^(mark|tick)/.test(name) ? ' aria-hidden="true"' : '';
  return `<text class="${name}"${hidden} x="${coordinate(x)}" y="${coordinate(y)}">${escaped(content)}</text>`;
}

function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escaped(content: string): string {
  return content.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
