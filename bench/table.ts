/** The results, as tables of Markdown. */
import type { Compared, Result } from './result.js';
import type { Size } from './sizes.js';
import type { Spread } from './statistics.js';

export function resultTables(results: readonly Result[]): string {
  const groups = [...new Set(results.map(({ group }) => group))];
  return groups
    .map((group) =>
      groupTable(
        group,
        results.filter((result) => result.group === group),
      ),
    )
    .join('\n\n');
}

export function sizeTable(sizes: readonly Size[]): string {
  return table(
    'Bundle size, minified and compressed, without Inversify and its packages',
    ['door', 'kB', 'promised'],
    sizes.map(({ door, bytes, promised }) => [
      door,
      (bytes / 1_000).toFixed(2),
      promised === undefined
        ? ''
        : verdict(promised.promise, (promised.atMost / 1_000).toFixed(1), promised.isMissed),
    ]),
  );
}

/** One line for each promise that is not kept. */
export function missed(results: readonly Result[], sizes: readonly Size[]): string[] {
  return [
    ...results.flatMap(({ group, name, unit, promised }) =>
      promised
        .filter(({ isMissed }) => isMissed)
        .map(
          ({ promise, of, against, atMost, found }) =>
            `${promise}: ${group}, ${name}: ${of} against ${against} is ` +
            `${comparison(found, unit)} (${range(found, unit)}), promised at most ${limit(atMost, unit)}`,
        ),
    ),
    ...sizes.flatMap(({ door, bytes, promised }) =>
      promised?.isMissed === true
        ? [
            `${promised.promise}: ${door} has ${String(bytes)} bytes, promised at most ${String(promised.atMost)}`,
          ]
        : [],
    ),
  ];
}

function groupTable(group: string, results: readonly Result[]): string {
  return table(
    group,
    ['', '', 'each', 'compared', 'spread', 'promised', 'what it does less'],
    results.flatMap(({ name, unit, per, variants, promised }) =>
      variants.map((variant, index) => [
        index === 0 ? name : '',
        variant.name,
        `${figure(variant.figure.median, unit)} / ${per}`,
        comparison(variant.compared, unit),
        index === 0 ? '' : range(variant.compared, unit),
        promised
          .filter(({ of }) => of === variant.name)
          .map((compared) => told(compared, unit, compared.against === variants[0]?.name))
          .join('; '),
        variant.less ?? '',
      ]),
    ),
  );
}

function told(compared: Compared, unit: Result['unit'], isFirst: boolean): string {
  const { promise, against, atMost, found, isMissed } = compared;
  const said = verdict(promise, limit(atMost, unit), isMissed);
  return isFirst ? said : `${said}, being ${comparison(found, unit)} of ${against}`;
}

function verdict(promise: string, atMost: string, isMissed: boolean): string {
  return `${promise}: ≤ ${atMost}${isMissed ? ' **missed**' : ''}`;
}

function comparison({ median }: Spread, unit: Result['unit']): string {
  return unit === 'bytes'
    ? `${median < 0 ? '−' : '+'}${Math.abs(median).toFixed(1)} B`
    : `${ratio(median)} ×`;
}

function limit(atMost: number, unit: Result['unit']): string {
  return unit === 'bytes' ? `${String(atMost)} B` : `${String(atMost)} ×`;
}

function range({ low, high }: Spread, unit: Result['unit']): string {
  const shown = unit === 'bytes' ? (bytes: number) => bytes.toFixed(1) : ratio;
  return `${shown(low)} – ${shown(high)}`;
}

function ratio(value: number): string {
  return value < 0.1 ? value.toFixed(3) : value < 10 ? value.toFixed(2) : value.toFixed(0);
}

function figure(value: number, unit: Result['unit']): string {
  if (unit === 'bytes') {
    return `${value.toFixed(1)} B`;
  }
  const [scaled, name] =
    value < 1e3 ? [value, 'ns'] : value < 1e6 ? [value / 1e3, 'µs'] : [value / 1e6, 'ms'];
  return `${scaled.toPrecision(3)} ${name}`;
}

function table(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = head.map((cell, column) =>
    Math.max(3, cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [`### ${title}`, '', line(head), rule, ...rows.map(line)].join('\n');
}
