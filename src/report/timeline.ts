/** The functions that an application calls to draw a report. */
import { firstLine, type ExitReport } from '../disposal/exit-report.js';
import { factsOf, type Facts } from './facts.js';
import { drawSvg } from './svg.js';
import { drawText } from './text.js';

/** How `formatTimeline` draws. */
export interface FormatTimelineOptions {
  /**
   * How many columns a line may take, a whole number from 40 on; 80 by default. A wide character, such
   * as an emoji or one of East Asia, takes two.
   */
  columns?: number;
}

const fewestColumns = 40;

/**
 * Draws a report as plain text: one line per exit, in the order in which they were started, with
 * its duration and a bar to the scale of the whole disposal. The exits of children are indented,
 * and numbered by container. Exits that failed (`✗`), timed out (`!`) or were not awaited (`?`) are
 * marked, and described below; an exit whose bar begins with `<` began before the disposal.
 *
 * The report may come from JSON, or from another copy of this package.
 *
 * @throws {TypeError} if the report is none, or the number of columns is no number
 * @throws {RangeError} if the columns are not a whole number from 40 on
 */
export function formatTimeline(report: ExitReport, options: FormatTimelineOptions = {}): string {
  const { columns = 80 } = options;
  if (!Number.isInteger(columns) || columns < fewestColumns) {
    const Misuse = typeof columns === 'number' ? RangeError : TypeError;
    throw new Misuse(
      `columns must be a whole number, at least ${String(fewestColumns)}, and ` +
        `${firstLine(columns)} (${typeof columns}) is not. Leave it out for 80.`,
    );
  }
  return drawText(checkedFacts('formatTimeline', report), report.duration, columns);
}

/**
 * Draws a report as an SVG with the same content: a standalone document, to be written to a file or
 * embedded in a page. It follows the colour scheme of its reader, light or dark; its text is text,
 * and the exits are a list to screen readers. It has no scripts, and loads nothing.
 *
 * @throws {TypeError} if the report is none
 */
export function renderTimeline(report: ExitReport): string {
  return drawSvg(checkedFacts('renderTimeline', report), report.duration);
}

function checkedFacts(called: string, report: ExitReport): Facts {
  // The type is certain only for TypeScript: JSON.parse() may return anything.
  const given = Object(report) as Partial<ExitReport>;
  if (!Array.isArray(given.exits) || !Number.isFinite(given.duration)) {
    throw new TypeError(
      `${called}() draws an ExitReport: what \`await container.dispose()\` resolves to, or the ` +
        `\`report\` of a DisposeError. It was given ${firstLine(report)}.`,
    );
  }
  return factsOf(report);
}
