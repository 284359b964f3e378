/** What became of a process that played a story, and whether it is the truth. */
import type { Ended } from './child.js';
import { orderOf, type HookKind, type Signal, type Story } from './soak-story.js';

export interface Sent {
  readonly signal: Signal;
  /** When the system had taken it, on the clock that all processes share. */
  readonly at: bigint;
}

interface Line {
  readonly at: bigint;
  readonly words: readonly string[];
}

export class SoakAccount {
  readonly #story: Story;
  readonly #ended: Ended;
  readonly #lines: readonly Line[];
  /** In the order in which they were sent. */
  readonly #sent: readonly Sent[];

  constructor(story: Story, ended: Ended, sent: readonly Sent[]) {
    this.#story = story;
    this.#ended = ended;
    this.#lines = ended.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [at = '', ...words] = line.split(' ');
        return { at: BigInt(at), words };
      });
    const bySelf = this.#all('sent').map(({ at, words }) => ({ signal: words[1] as Signal, at }));
    this.#sent = [...bySelf, ...sent];
  }

  /** How it went, in short. */
  get ending(): string {
    if (!this.#has('ready')) {
      return 'killed before anything was attached';
    }
    const status = this.#status === 0 ? '0' : typeof this.#status === 'string' ? 'signal' : 'code';
    return `${this.#cause.split(' ')[0] ?? ''} → ${this.#isForced ? 'forced, ' : ''}${
      this.#isKilledLate ? 'killed late' : status
    }`;
  }

  /** What is wrong with it. */
  wrong(): string[] {
    const isWrong: Record<string, boolean> = this.#has('ready')
      ? {
          'not each hook was run once, in reverse order':
            this.#names('started').join() !==
            orderOf(this.#story)
              .map(({ name }) => name)
              .join(),
          'a hook was neither done nor reported, or both': !orderOf(this.#story).every((hook) =>
            this.#isAccounted(hook),
          ),
          'stderr reports something else': this.#ended.stderr
            .split('\n')
            .some((line) => !/^(inversify-onexit: |\s|$)/.test(line)),
          [`the status ${String(this.#status)} is none of ${this.#truths.join()}`]:
            !this.#truths.includes(this.#status),
        }
      : {
          'something was run': this.#lines.length > 0 || this.#ended.stderr !== '',
          'it did not die of its signal': !this.#sent.some(
            ({ signal }) => signal === this.#ended.signal,
          ),
        };
    return Object.keys(isWrong).filter((what) => isWrong[what]);
  }

  toString(): string {
    const sent = this.#sent.map(({ signal, at }) => `${String(at)} ${signal}`);
    return JSON.stringify({ story: this.#story, ...this.#ended, sent }, null, 2);
  }

  get #status(): unknown {
    return this.#ended.signal ?? this.#ended.code;
  }

  /** The correct statuses. */
  get #truths(): unknown[] {
    const cause = this.#cause;
    const signals = this.#sent.map(({ signal }) => signal);
    const ways = this.#names('way');
    const late = this.#isKilledLate ? [this.#status] : [];
    const forced = this.#isForced ? ['SIGINT'] : [];
    if (ways.includes('process.exit')) {
      // The last word, whatever came before.
      return [5, ...late, ...forced];
    }
    const code = ways.includes('exit') && this.#story.way === 'exit 4' ? 4 : 0;
    const byCause = cause.startsWith('signal ') ? [cause.slice('signal '.length)] : undefined;
    const unclean = [code === 0 ? 1 : code];
    if (this.#isUnclean) {
      return [...unclean, ...late, ...forced];
    }
    // The end was reached: 0, unless a signal had come by then.
    const clean = code !== 0 ? [code] : [...(this.#isSeen ? [] : [0]), ...signals];
    return [...(byCause ?? clean), ...late, ...forced];
  }

  #isAccounted({ name, kind }: { name: string; kind: HookKind }): boolean {
    const reported = this.#reported(name);
    const isDone = this.#names('done').filter((done) => done === name).length;
    switch (kind) {
      case 'sync':
      case 'busy':
        return isDone === 1 && reported.length === 0;
      case 'async':
      case 'slow':
        // What was not awaited may have been done all the same.
        return this.#isCut
          ? isDone + reported.length > 0 && reported.length < 2
          : isDone === 1 && reported.length === 0;
      case 'throws':
        return reported.join() === 'failed';
      case 'rejects':
        return this.#isCut ? reported.length === 1 : reported.join() === 'failed';
      case 'hangs':
        return this.#isCut ? reported.length === 1 : reported.join() === 'timed out';
    }
  }

  /** The reason of the disposal, as the first hook received it. */
  get #cause(): string {
    return this.#all('started')[0]?.words.slice(2).join(' ').trim() ?? '';
  }

  get #isUnclean(): boolean {
    // What is not awaited is no failure where it is process.exit() that awaits nothing.
    const isSpent = !this.#names('way').includes('process.exit');
    return orderOf(this.#story).some(({ name }) =>
      this.#reported(name).some(
        (how) => how === 'failed' || how === 'timed out' || (how === 'could not' && isSpent),
      ),
    );
  }

  /** Whether SIGINT may have come again, and ended it. */
  get #isForced(): boolean {
    // Of two that come while a process is not running, the system delivers SIGHUP first, whichever
    // was sent first.
    return (
      this.#story.repeatAfter === 1 &&
      this.#sent.length > 1 &&
      this.#sent.some(({ signal }) => signal === 'SIGINT')
    );
  }

  /** Whether hooks can have been started without being awaited. */
  get #isCut(): boolean {
    return (
      this.#names('way').includes('process.exit') || this.#isForced || this.#story.timeout < 1_000
    );
  }

  /** When all was disposed: soon after, nobody listens to signals any more. */
  get #over(): bigint | undefined {
    return this.#all('disposed')[0]?.at;
  }

  /** Whether a signal came while somebody listened. */
  get #isSeen(): boolean {
    const over = this.#over;
    return this.#sent.some(({ at }) => over === undefined || at < over);
  }

  /** Whether it may have died of a signal that came when nobody listened any more. */
  get #isKilledLate(): boolean {
    const over = this.#over;
    return this.#sent.some(
      ({ signal, at }) => signal === this.#ended.signal && over !== undefined && at > over,
    );
  }

  /** How a hook is reported on stderr. */
  #reported(name: string): string[] {
    const reported = new RegExp(
      `^inversify-onexit: callback ${name.replace('.', '\\.')} (failed|timed out|was cut off|could not)`,
      'gm',
    );
    return [...this.#ended.stderr.matchAll(reported)].map(([, how]) => how ?? '');
  }

  #has(word: string): boolean {
    return this.#all(word).length > 0;
  }

  #names(word: string): string[] {
    return this.#all(word).map(({ words }) => words[1] ?? '');
  }

  #all(word: string): Line[] {
    return this.#lines.filter(({ words }) => words[0] === word);
  }
}
