// Needs the Debian package tmux.
import { readFile, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { buildFixture, removeFixture } from '../support/child.js';
import { openTerminal, type Terminal, type TerminalOptions } from '../support/terminal.js';

let program = '';
beforeAll(async () => {
  program = await buildFixture('process/on-a-terminal');
});
afterAll(async () => removeFixture(program));

const SIGINT = 2;

/** Starts the program in a terminal, and types Ctrl-C. */
async function end(hooks: readonly string[], options?: TerminalOptions): Promise<Terminal> {
  return interrupted([process.execPath, program, ...hooks], options);
}

async function interrupted(
  command: readonly string[],
  options?: TerminalOptions,
): Promise<Terminal> {
  const terminal = await openTerminal(command, options);
  await terminal.shows('ready');
  await terminal.press('C-c');
  return terminal;
}

function goOn({ pid }: Terminal): void {
  process.kill(pid, 'SIGUSR2');
}

/** Waits for the screen to be this; how long each hook took does not matter. */
async function expectScreen(terminal: Terminal, lines: readonly string[]): Promise<void> {
  const expected = lines.join('\n');
  let seen = '';
  for (const late = Date.now() + 10_000; seen !== expected && Date.now() < late;) {
    await setTimeout(20);
    seen = timeless(await terminal.screen());
  }
  expect(seen).toBe(expected);
}

/** Waits for the view to be drawn again, as it is while a hook runs. */
async function redrawn(terminal: Terminal): Promise<string> {
  const before = await terminal.shows('▸');
  let after = before;
  while (after === before) {
    await setTimeout(20);
    after = await terminal.screen();
  }
  return after;
}

function timeless(screen: string): string {
  return screen.replace(/\d+\.\d s/g, '_._ s').replace(/\d+ ms/g, '_ ms');
}

describe('P24 every ordinary end, on a terminal', () => {
  test('after a second it is seen what is done, runs and waits, and in the end what was done', async () => {
    await using terminal = await end(['Server.close=return', 'Queue.flush=wait', 'Pool.end=wait']);
    await expectScreen(terminal, [
      ...['ready', '^C', ''],
      '✓  _._ s  Server.close',
      '▸  _._ s  Queue.flush',
      '·         Pool.end',
    ]);
    goOn(terminal);
    await expectScreen(terminal, [
      ...['ready', '^C', ''],
      '✓  _._ s  Server.close',
      '✓  _._ s  Queue.flush',
      '▸  _._ s  Pool.end',
    ]);
    goOn(terminal);
    await expect(terminal.ended()).resolves.toEqual({ code: null, signal: SIGINT });
    expect(timeless(await terminal.all())).toBe(
      [
        ...['ready', '^C', ''],
        '✓  _._ s  Server.close',
        '✓  _._ s  Queue.flush',
        '✓  _._ s  Pool.end',
      ].join('\n'),
    );
  });

  test('the time of what is running goes on', async () => {
    await using terminal = await end(['Queue.flush=wait']);
    const seen = await terminal.shows('▸');
    const time = /\d\.\d/.exec(seen)?.[0] ?? '';
    expect(Number(time)).toBeGreaterThanOrEqual(1);
    await expect(redrawn(terminal)).resolves.not.toContain(time);
  });

  test('nothing is seen of what is done within a second', async () => {
    await using terminal = await end(['Server.close=return', 'Pool.end=return']);
    await expect(terminal.ended()).resolves.toEqual({ code: null, signal: SIGINT });
    await expect(terminal.all()).resolves.toBe('ready\n^C');
  });

  test('a failure is printed above, and stays', async () => {
    await using terminal = await end(['Cache.close=wait and fail', 'Pool.end=wait']);
    await terminal.shows(/▸.*Cache/);
    goOn(terminal);
    const seen = await terminal.shows(/▸.*Pool/);
    goOn(terminal);
    await expect(terminal.ended()).resolves.toEqual({ code: 1, signal: null });
    for (const [screen, mark] of [
      [seen, '▸'],
      [await terminal.all(), '✓'],
    ] as const) {
      expect(timeless(screen).split('\n')).toEqual([
        ...['ready', '^C'],
        'inversify-onexit: Cache.close failed: Error: the connection is lost',
        ...[expect.stringMatching(/^ {4}at /), expect.anything(), ''],
        '✗  _._ s  Cache.close',
        `${mark}  _._ s  Pool.end`,
      ]);
    }
  });

  test('a second Ctrl-C, later, names the hook that was running', async () => {
    await using terminal = await end(['Queue.flush=wait', 'Pool.end=wait']);
    // Not an echo any more.
    await terminal.shows(/▸ {2}(1\.[1-9]|[2-7]\.\d) s {2}Queue/);
    await terminal.press('C-c');
    await expect(terminal.ended()).resolves.toEqual({ code: null, signal: SIGINT });
    const lines = timeless(await terminal.all()).split('\n');
    expect(lines.slice(0, 3)).toEqual(['ready', '^C', '^C']);
    expect(lines.slice(3, -3).join('')).toMatch(
      /^inversify-onexit: Queue.flush was cut off after [\d,]*_ ms: .*SIGINT came again.*Pool.end/,
    );
    expect(lines.slice(-3)).toEqual(['', '✗  _._ s  Queue.flush', '✗  _._ s  Pool.end']);
  });

  test('what hooks write meanwhile, by whatever way, comes above', async () => {
    await using terminal = await end(['Queue.flush=wait and speak', 'Pool.end=return']);
    await terminal.shows('▸');
    goOn(terminal);
    const view = ['', '▸  _._ s  Queue.flush', '·         Pool.end'];
    await expectScreen(terminal, ['ready', '^C', 'by the stream', ...view]);
    goOn(terminal);
    await expectScreen(terminal, ['ready', '^C', 'by the stream', 'past the stream', ...view]);
    goOn(terminal);
    // The ends of lines of the view may stay behind what is written at once.
    const seen = await terminal.shows(/a table of\nfour lines.*\nwithout.*\na gap.*\n\n▸/);
    goOn(terminal);
    await terminal.ended();
    expect(timeless(await terminal.all())).toBe(
      timeless(seen).replace('▸', '✓').replace('·       ', '✓  _._ s'),
    );
  });

  test('of thirty hooks nine are seen, and how many there are besides', async () => {
    const hooks = Array.from({ length: 30 }, (_, at) => `Service${String(at + 1)}.close`);
    await using terminal = await end(
      hooks.map((hook, at) => `${hook}=${at === 14 ? 'wait' : 'return'}`),
    );
    await expectScreen(terminal, [
      ...['ready', '^C', ''],
      '          10 more done',
      ...hooks.slice(10, 14).map((hook) => `✓  _._ s  ${hook}`),
      '▸  _._ s  Service15.close',
      ...hooks.slice(15, 19).map((hook) => `·         ${hook}`),
      '          11 more waiting',
    ]);
    goOn(terminal);
    await terminal.ended();
    expect(timeless(await terminal.all())).toBe(
      [
        ...['ready', '^C', ''],
        '          21 more done',
        ...hooks.slice(21).map((hook) => `✓  _._ s  ${hook}`),
      ].join('\n'),
    );
  });

  test('on a screen of 8 lines it takes no more than there are', async () => {
    const hooks = Array.from({ length: 30 }, (_, at) => `Service${String(at + 1)}.close`);
    const ways = hooks.map((hook, at) => `${hook}=${at === 14 || at === 15 ? 'wait' : 'return'}`);
    await using terminal = await end(ways, { rows: 8 });
    await redrawn(terminal);
    goOn(terminal);
    await terminal.shows(/▸.*Service16/);
    await redrawn(terminal);
    await expectScreen(terminal, [
      ...['^C', ''],
      '          14 more done',
      '✓  _._ s  Service15.close',
      '▸  _._ s  Service16.close',
      '·         Service17.close',
      '          13 more waiting',
    ]);
    goOn(terminal);
    await terminal.ended();
    expect(timeless(await terminal.all())).toBe(
      [
        ...['ready', '^C', ''],
        '          27 more done',
        ...hooks.slice(27).map((hook) => `✓  _._ s  ${hook}`),
      ].join('\n'),
    );
  });

  test('on one of 40 columns a long name is cut, and takes one line', async () => {
    const name = 'TheServiceThatHasAVeryLongName';
    const hooks = [`${name}.close=wait`, `${name.slice(6)}.close=wait`];
    await using terminal = await end(hooks, { columns: 40 });
    await redrawn(terminal);
    await expectScreen(terminal, [
      ...['ready', '^C', ''],
      '▸  _._ s  TheServiceThatHasAVeryLongNam…',
      '·         viceThatHasAVeryLongName.close',
    ]);
    goOn(terminal);
    await terminal.shows(/✓.*\n▸/);
    goOn(terminal);
    await terminal.ended();
    expect(timeless(await terminal.all())).toBe(
      [
        ...['ready', '^C', ''],
        '✓  _._ s  TheServiceThatHasAVeryLongNam…',
        '✓  _._ s  viceThatHasAVeryLongName.close',
      ].join('\n'),
    );
  });

  test('wide characters take one line, too', async () => {
    const name = '数据库连接池管理服务'.repeat(2);
    await using terminal = await end([`${name}.close=wait`, 'Ω.close=return'], { columns: 40 });
    await redrawn(terminal);
    goOn(terminal);
    await terminal.ended();
    expect(timeless(await terminal.all()).split('\n')).toEqual([
      ...['ready', '^C', ''],
      expect.stringMatching(/^✓ {2}_\._ s {2}数据库连接池管理服务数据库连/),
      '✓  _._ s  Ω.close',
    ]);
  });

  test('a terminal that does not know its size has the usual one', async () => {
    await using terminal = await interrupted([
      ...['bash', '-c', 'stty rows 0 columns 0; exec "$@"', 'bash'],
      ...[process.execPath, program, 'Queue.flush=wait', 'Pool.end=return'],
    ]);
    await redrawn(terminal);
    await expectScreen(terminal, [
      ...['ready', '^C', ''],
      '▸  _._ s  Queue.flush',
      '·         Pool.end',
    ]);
  });

  test('the colours say what is done, runs, waits and has failed', async () => {
    await using terminal = await end([
      ...['Server.close=return', 'Cache.close=wait and fail', 'Queue.flush=wait', 'Pool.end=wait'],
    ]);
    await terminal.shows('▸');
    goOn(terminal);
    await terminal.shows(/▸.*Queue/);
    const seen = timeless(await terminal.colours()).replaceAll('\x1B', '');
    const [done, failed, running, waiting] = seen.split('\n').slice(-4);
    expect(done).toBe('[32m✓[39m  _._ s  Server.close');
    expect(failed).toBe('[31m✗[39m  _._ s  Cache.close');
    expect(running).toBe('[1m▸  _._ s  Queue.flush');
    expect(waiting).toMatch(/^\[0;2m.*· {9}Pool\.end$/);
  });

  test('NO_COLOR is heeded', async () => {
    await using terminal = await end(['Server.close=return', 'Queue.flush=wait'], {
      env: { NO_COLOR: '1' },
    });
    await terminal.shows('▸');
    await expect(terminal.colours()).resolves.not.toContain('\x1B');
  });

  test.each([{ CI: '1' }, { TERM: 'dumb' }])('with %j there are lines only', async (env) => {
    await using terminal = await end(['Queue.flush=wait', 'Pool.end=return'], { env });
    await terminal.shows('has been running');
    goOn(terminal);
    await terminal.ended();
    const all = await terminal.all();
    expect(all.replace(/\d\.\d/, '_')).toBe(
      'ready\n^Cinversify-onexit: Queue.flush has been running for _ s; 1 more to run',
    );
    await expect(terminal.colours()).resolves.toBe(all);
  });

  test('into a file there are lines only, and nothing on the terminal', async () => {
    const file = `${program}.log`;
    await using terminal = await interrupted([
      ...['bash', '-c', `exec "$@" 2> '${file}'`, 'bash'],
      ...[process.execPath, program, 'Queue.flush=wait', 'Pool.end=return'],
    ]);
    const read = async (): Promise<string> => readFile(file, 'utf8').catch(() => '');
    while ((await read()) === '') {
      await setTimeout(20);
    }
    goOn(terminal);
    await expect(terminal.ended()).resolves.toEqual({ code: null, signal: SIGINT });
    await expect(terminal.all()).resolves.toBe('ready\n^C');
    expect((await read()).replace(/\d\.\d/, '_')).toBe(
      'inversify-onexit: Queue.flush has been running for _ s; 1 more to run\n',
    );
    await rm(file);
  });

  test('what is written into a file meanwhile does not disturb it', async () => {
    await using terminal = await openTerminal([
      ...['bash', '-c', `exec "$@" > '${program}.out'`, 'bash'],
      ...[process.execPath, program, 'Queue.flush=wait and speak'],
    ]);
    while (!(await readFile(`${program}.out`, 'utf8').catch(() => '')).includes('ready')) {
      await setTimeout(20);
    }
    await terminal.press('C-c');
    await terminal.shows('▸');
    goOn(terminal);
    while (!(await readFile(`${program}.out`, 'utf8')).includes('by the stream')) {
      await setTimeout(20);
    }
    await redrawn(terminal);
    await expectScreen(terminal, ['^C', '', '▸  _._ s  Queue.flush']);
    await rm(`${program}.out`);
  });
});
