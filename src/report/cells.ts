/** Measures text in cells: the columns of a terminal, of which a wide character takes two. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * East Asian Wide and Fullwidth in Unicode, by blocks. Ambiguous characters, such as `…` and `━`, count
 * as narrow, which is the default of terminals.
 */
const wide =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{18DFF}\u{1AFF0}-\u{1B2FF}\u{1F200}-\u{1F265}\u{20000}-\u{3FFFD}]/u;
const emoji = /\p{Emoji_Presentation}|\uFE0F/u;
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** The escape sequences that colour text in a terminal. */
const colour = new RegExp(`${String.fromCharCode(0x1b)}\\[[\\d;]*m`, 'g');

/** Characters that move other text, or are not allowed in XML: not part of any name or message. */
const unprintable = /[\p{Cc}\p{Cs}\uFFFE\uFFFF\u202A-\u202E\u2066-\u2069]/gu;

/** A number stays with its unit. */
const gapBetweenWords = / (?!(?<=\d )m?s\b)/;

/** The text on one line, without escape sequences and unprintable characters. */
export function printable(text: string): string {
  return text.replace(colour, '').trim().replace(/\s+/g, ' ').replace(unprintable, '\uFFFD');
}

/** How many cells the text takes. */
export function cellsOf(text: string): number {
  return split(text).reduce((cells, grapheme) => cells + cellsOfGrapheme(grapheme), 0);
}

/** The text, filled up with spaces. */
export function padded(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - cellsOf(text)));
}

/** The text, without its middle if it is too long: the class and the method identify a hook. */
export function shortened(text: string, cells: number): string {
  if (cellsOf(text) <= cells) {
    return text;
  }
  const parts = split(text);
  const head = fitting(parts, Math.ceil((cells - 1) / 2));
  const tail = fitting(parts.reverse(), cells - 1 - cellsOf(head.join('')));
  return `${head.join('')}…${tail.reverse().join('')}`;
}

/**
 * The text in lines, broken between words, and within words that are longer than a line. Lines after the
 * first are indented by `hanging` cells.
 */
export function wrapped(text: string, cells: number, hanging = 0): string[] {
  const room = cells - hanging;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(gapBetweenWords).flatMap((word) => pieces(word, room))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (cellsOf(longer) <= room) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((line, index) => (index === 0 ? line : ' '.repeat(hanging) + line));
}

function pieces(word: string, cells: number): string[] {
  const found: string[] = [];
  let rest = split(word);
  do {
    const piece = fitting(rest, cells);
    found.push(piece.join(''));
    rest = rest.slice(piece.length);
  } while (rest.length > 0);
  return found;
}

/** As many of the graphemes as fit. */
function fitting(parts: readonly string[], cells: number): string[] {
  let room = cells;
  const end = parts.findIndex((grapheme) => (room -= cellsOfGrapheme(grapheme)) < 0);
  return parts.slice(0, end === -1 ? parts.length : end);
}

function split(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

function cellsOfGrapheme(grapheme: string): number {
  if (invisible.test(grapheme)) {
    return 0;
  }
  return wide.test(grapheme) || emoji.test(grapheme) ? 2 : 1;
}
