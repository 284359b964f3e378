import { firstLine, type ExitReport } from './disposal/exit-report.js';
import { factsOf, type Facts } from './report/facts.js';
import { drawSvg } from './report/svg.js';
import { drawText } from './report/text.js';

/** How `formatTimeline` draws. */
export interface FormatTimelineOptions {
  /**
   * How many columns a line may take, a whole number from 40 on; 80 by default. A wide character,
   * as those of East Asia and emoji are, takes two.
   */
  columns?: number;
}

const fewestColumns = 40;

/**
 * Draws a report as plain text: one line per exit, in the order in which they were started, with
 * its duration and a bar to the scale of the whole disposal. The exits of children are indented,
 * and numbered by container. What failed (`✗`), timed out (`!`) or was not awaited (`?`) is marked,
 * and told of below; a bar that begins with `<` began before the disposal.
 *
 * The report may have been through JSON, and may be one of another copy of this package.
 *
 * @throws {TypeError} if it is not given a report, or a number of columns that is no number
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
 * Draws a report as an SVG that says the same: a whole document of its own, to be written to a file
 * or put into a page. It follows the colour scheme of its reader, light or dark; its text is text,
 * and the exits are a list to screen readers. It has no scripts, and needs nothing from elsewhere.
 *
 * @throws {TypeError} if it is not given a report
 */
export function renderTimeline(report: ExitReport): string {
  return drawSvg(checkedFacts('renderTimeline', report), report.duration);
}

function checkedFacts(door: string, report: ExitReport): Facts {
  // Said by their types, but not by what JSON.parse() returns.
  const given = Object(report) as Partial<ExitReport>;
  if (!Array.isArray(given.exits) || !Number.isFinite(given.duration)) {
    throw new TypeError(
      `${door}() draws an ExitReport: what \`await container.dispose()\` resolves to, or the ` +
        `\`report\` of a DisposeError. It was given ${firstLine(report)}.`,
    );
  }
  return factsOf(report);
}
