import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import type { ExitOutcome, ExitRecord, StartedExit } from '../../src/disposal/exit-report.js';
import { LiveView } from '../../src/process/view.js';

/** A terminal of a given size, or 0, that returns its output since the last call. */
class Paper {
  readonly hasColors = (): boolean => this.isColoured;
  #written = '';

  constructor(
    readonly columns: number,
    readonly rows: number,
    readonly isColoured = false,
  ) {}

  write(text: string | Uint8Array): boolean {
    this.#written += String(text);
    return true;
  }

  /** Escape sequences are written as `<K>`; `<new line>` is what ends a line that was begun. */
  taken(): string {
    const text = this.#written
      .replaceAll('\x1B[', '␛')
      .replaceAll(`${' '.repeat(this.columns || 80)}\r␛K`, '<new line>')
      .replace(/␛(\??\d*[A-Za-z])/g, '<$1>');
    this.#written = '';
    return text;
  }
}

const started = (service: string): StartedExit => ({
  id: 0,
  service,
  hook: 'close',
  phase: 'exit',
  container: 0,
  startTime: 0,
});

const settled = (service: string, duration: number, outcome: ExitOutcome = 'done'): ExitRecord => ({
  ...started(service),
  duration,
  outcome,
});

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

// `npm run test:terminal` shows what real terminals make of it.
describe('P24 every ordinary end, as it is drawn', () => {
  test('below the cursor, and in the end above it', () => {
    const paper = new Paper(80, 24);
    const view = new LiveView(paper);
    view.update({ type: 'disposing', cause: { type: 'end' } });
    view.update({ type: 'started', exit: started('Server') });
    view.update({ type: 'settled', exit: settled('Server', 1) });
    const queue = started('Queue');
    view.update({ type: 'started', exit: queue });
    expect(paper.taken()).toBe('');

    jest.advanceTimersByTime(1_000);
    const pending = [started('Log'), started('Pool')];
    view.update({ type: 'running', exit: queue, duration: 1_000, pending });
    const server = '<K>✓  0.0 s  Server.close\n';
    const waiting = '<K>·         Log.close\n<K>·         Pool.close\n<J><?7h>';
    expect(paper.taken()).toBe(
      `<new line>\n<?7l>${server}<K>▸  1.0 s  Queue.close\n${waiting}<5A>`,
    );
    jest.advanceTimersByTime(100);
    expect(paper.taken()).toBe(
      `<new line>\n<?7l>${server}<K>▸  1.1 s  Queue.close\n${waiting}<5A>`,
    );

    // Another view for the next hook after one that was seen running, but none after a fast one.
    view.update({ type: 'settled', exit: settled('Queue', 1_100, 'failed') });
    view.update({ type: 'started', exit: started('Log') });
    const queued = '<K>✗  1.1 s  Queue.close\n';
    expect(paper.taken()).toBe(
      `<new line>\n<?7l>${server}${queued}<K>▸  0.0 s  Log.close\n<K>·         Pool.close\n<J><?7h><5A>`,
    );
    view.update({ type: 'settled', exit: settled('Log', 1) });
    view.update({ type: 'started', exit: started('Pool') });
    expect(paper.taken()).toBe('<new line><J>');

    view.update({ type: 'settled', exit: settled('Pool', 1) });
    view.update({ type: 'disposed', duration: 1_102, isClean: false });
    expect(paper.taken()).toBe(
      `<new line>\n<?7l>${server}${queued}<K>✓  0.0 s  Log.close\n<K>✓  0.0 s  Pool.close\n<J><?7h>`,
    );
    expect(jest.getTimerCount()).toBe(0);
  });

  test('nothing, if no hook runs for long', () => {
    const paper = new Paper(80, 24);
    const view = new LiveView(paper);
    view.update({ type: 'started', exit: started('Pool') });
    view.update({ type: 'settled', exit: settled('Pool', 1) });
    view.update({ type: 'disposed', duration: 1, isClean: true });
    expect(paper.taken()).toBe('');
  });

  test('not between two hooks of which the first has not settled', () => {
    const paper = new Paper(80, 24);
    const view = new LiveView(paper);
    const outer = started('Outer');
    view.update({ type: 'started', exit: outer });
    view.update({ type: 'running', exit: outer, duration: 1_000, pending: [] });
    paper.taken();
    view.update({ type: 'started', exit: started('Inner') });
    expect(paper.taken()).toBe('<new line><J>');
    view.update({ type: 'disposed', duration: 1_000, isClean: true });
  });

  test('in colours, and in the usual size where the terminal does not know its own', () => {
    const paper = new Paper(0, 0, true);
    const view = new LiveView(paper);
    for (let count = 0; count < 20; count += 1) {
      view.update({ type: 'settled', exit: settled('Server', 1) });
    }
    const name = 'A'.repeat(65);
    const running = started(name);
    view.update({ type: 'started', exit: running });
    view.update({ type: 'running', exit: running, duration: 1_000, pending: [] });
    const server = '<K><32m>✓<39m>  0.0 s  Server.close\n';
    expect(paper.taken()).toBe(
      [
        '<new line>\n<?7l><K><2m>          12 more done<22m>\n',
        server.repeat(8),
        `<K><1m>▸  0.0 s  ${name}.close…<22m>\n<J><?7h><11A>`,
      ].join(''),
    );
    view.update({ type: 'disposed', duration: 1_000, isClean: true });
  });
});
