/** Copies what hooks threw, and reasons, into what JSON has words for, whatever those refer to. */
import { classNameOf, describe, guarded, isError, isObject, tagOf } from '../shared/inspect.js';

/**
 * How much is kept of what was thrown: what an error says, and not the program that it refers to.
 * What is left out is named where it would stand. One thrown value takes less than 1 MB of JSON, and
 * mostly less than 150 kB; all of them take less than 75 MB, and 3 kB for each.
 */
export const limits = {
  /** How deep an object may lie within a thrown value; a deeper one is described. */
  depth: 16,
  /** Elements of one array, properties of one object: the first must not use up all values. */
  entries: 100,
  /** Elements and properties of one thrown value, at all depths. */
  values: 1_000,
  /** Elements and properties of all thrown values of a report. */
  valuesInAll: 100_000,
  /** Characters of one string. */
  text: 10_000,
  /** Characters of a property's name, and of what stands for a value that JSON has no word for. */
  description: 200,
  /** Characters of one thrown value: the text that spends them is its last. */
  characters: 100_000,
  /** Characters of all thrown values of a report. */
  charactersInAll: 10_000_000,
  /** Bits of a bigint: to print a large one takes more than linear time. */
  bits: 512,
} as const;

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** What is left of the limits. */
interface Budget {
  values: number;
  characters: number;
}

/** The objects that are written, each with what stands for it from then on; nothing, if that is a note. */
type Written = Map<object, Json | undefined>;

/** An array or object that is written, and whose entries are not yet. */
interface Part {
  readonly source: object;
  readonly target: Json[] | Record<string, Json>;
  /** Of the entries that may be kept. */
  readonly names: readonly string[];
  /** Of all entries. */
  readonly count: number;
  readonly depth: number;
}

/** Serialises the thrown values of one report. Each object is written once in all of them. */
export class Serializer {
  readonly #isReport: (value: object) => boolean;
  readonly #written: Written = new Map();
  readonly #left: Budget = { values: limits.valuesInAll, characters: limits.charactersInAll };

  /**
   * @param isReport recognises reports within errors, whose `toJSON` is not called: it would start
   * anew, and reports that refer to each other would be written once for each path to them.
   */
  constructor(isReport: (value: object) => boolean) {
    this.#isReport = isReport;
  }

  /**
   * A copy for `JSON.stringify`. Each error that was thrown has its name and message, also if it was
   * thrown before (as the reason of an aborted signal is by several hooks) or if no room is left.
   */
  serialize(thrown: unknown): Json {
    // Only with room for all that one may take: the limits in all cut off no value in its middle.
    if (this.#left.values < limits.values || this.#left.characters < limits.characters) {
      return brief(thrown, 'left out');
    }
    if (isError(thrown) && this.#written.has(thrown)) {
      return brief(thrown, 'repeated');
    }
    const copy = new Copy(this.#written, this.#isReport);
    const json = copy.of(thrown);
    this.#left.values -= limits.values - copy.left.values;
    this.#left.characters -= limits.characters - copy.left.characters;
    return json;
  }
}

/** The copy of one thrown value. */
class Copy {
  readonly left: Budget = { values: limits.values, characters: limits.characters };
  readonly #written: Written;
  readonly #isReport: (value: object) => boolean;
  /**
   * Breadth first, so that what lies near is kept: the code of an error whose cause refers to half
   * of the program. And no deep stack is needed.
   */
  readonly #parts: Part[] = [];

  constructor(written: Written, isReport: (value: object) => boolean) {
    this.#written = written;
    this.#isReport = isReport;
  }

  of(thrown: unknown): Json {
    const json = this.#json(thrown, 0);
    // It grows meanwhile.
    for (const part of this.#parts) {
      this.#fill(part);
    }
    return json;
  }

  #json(value: unknown, depth: number): Json {
    if (!isObject(value) || this.#written.has(value)) {
      return this.#plain(value, depth);
    }
    if (depth === limits.depth) {
      return this.#charged(note('too deep', value));
    }
    const json = this.#plain(this.#dataOf(value), depth);
    this.#written.set(value, isObject(json) ? undefined : json);
    return json;
  }

  /** The result of a value's `toJSON`, as `JSON.stringify` takes it; if there is none, the value. */
  #dataOf(value: object): unknown {
    return guarded((): unknown => {
      // That of a Buffer copies each byte into an array.
      if (ArrayBuffer.isView(value) || this.#isReport(value)) {
        return value;
      }
      const toJSON: unknown = Reflect.get(value, 'toJSON');
      return typeof toJSON === 'function' ? Reflect.apply(toJSON, value, ['']) : value;
    }, value);
  }

  /** The value itself, without its `toJSON`: that of a result is not called. */
  #plain(value: unknown, depth: number): Json {
    if (!isObject(value)) {
      return this.#charged(primitive(value, limits.text));
    }
    if (this.#written.has(value)) {
      const again = this.#written.get(value);
      return this.#charged(again === undefined ? note('repeated', value) : again);
    }
    const part = guarded(() => partOf(value, depth), undefined);
    if (part === undefined) {
      return this.#charged(described(value));
    }
    this.#written.set(value, undefined);
    this.#parts.push(part);
    return part.target;
  }

  #fill({ source, target, names, count, depth }: Part): void {
    let kept = 0;
    for (const name of names) {
      if (this.left.values <= 0 || this.left.characters <= 0) {
        break;
      }
      this.left.values--;
      kept++;
      const key = this.#charged(cut(name, limits.description));
      put(target, key, this.#json(read(source, name), depth + 1));
    }
    if (kept < count) {
      put(target, '…', `[${String(count - kept)} more]`);
    }
  }

  #charged<Kind extends Json>(json: Kind): Kind {
    if (typeof json === 'string') {
      this.left.characters -= json.length;
    }
    return json;
  }
}

/** An array, an error or a plain object with the names of its entries; others have none in JSON. */
function partOf(source: object, depth: number): Part | undefined {
  if (Array.isArray(source)) {
    // A proxy need not give a number.
    const count = Number(read(source, 'length'));
    const names = Array.from({ length: Math.min(count, limits.entries) }, (_, index) =>
      String(index),
    );
    return { source, target: [], names, count, depth };
  }
  // Before its names are listed: those of a Buffer are all its indices.
  const isFailure = isError(source);
  if (!isFailure && tagOf(source) !== '[object Object]') {
    return undefined;
  }
  const own = Object.keys(source);
  const names = isFailure
    ? [...new Set([...errorNames.filter((name) => name in source), ...own])]
    : own;
  return { source, target: {}, names: names.slice(0, limits.entries), count: names.length, depth };
}

/** What says most of an error, enumerable or not. */
const errorNames = ['name', 'message', 'stack', 'cause', 'errors'];

function put(target: Part['target'], name: string, json: Json): void {
  if (Array.isArray(target)) {
    target.push(json);
  } else {
    // By an assignment `__proto__` would be lost.
    Object.defineProperty(target, name, { value: json, enumerable: true, configurable: true });
  }
}

/** What stands for an object without entries. */
function described(value: object): string {
  // As text, a Buffer is all its numbers.
  return ArrayBuffer.isView(value) ? tagOf(value) : cut(describe(value), limits.description);
}

/** An error that is not written whole is an object all the same, for who reads its message. */
function brief(thrown: unknown, why: string): Json {
  if (!isError(thrown)) {
    return isObject(thrown) ? note(why, thrown) : primitive(thrown, limits.description);
  }
  const text = (name: string): string => cut(describe(read(thrown, name)), limits.description);
  return { name: text('name'), message: text('message'), stack: `[${why}]` };
}

function note(why: string, value: object): string {
  const what = isError(value) ? describe(value) : classNameOf(value);
  return `[${why}: ${cut(what, limits.description)}]`;
}

function primitive(value: unknown, longest: number): Json {
  switch (typeof value) {
    case 'string':
      return cut(value, longest);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return BigInt.asIntN(limits.bits, value) === value
        ? String(value)
        : `[bigint of more than ${String(limits.bits)} bits]`;
    default:
      return value === null ? null : cut(describe(value), limits.description);
  }
}

function read(source: object, name: string): unknown {
  return guarded(() => Reflect.get(source, name) as unknown, '[cannot be read]');
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) {
    return text;
  }
  // Half of a surrogate pair would be no character.
  const kept = text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '');
  return `${kept}… [${String(text.length - kept.length)} more characters]`;
}
