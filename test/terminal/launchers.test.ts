// Needs the Debian packages tmux and util-linux (for `unshare`).
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { buildFixture, removeFixture, start } from '../support/child.js';
import { launchedProject } from '../support/launched.js';
import { openTerminal } from '../support/terminal.js';

const nodemon = fileURLToPath(import.meta.resolve('nodemon/bin/nodemon.js'));
const [SIGINT, SIGTERM] = [2, 15];

/** What the program has said, and the terminal has echoed. */
function ownLines(all: string): readonly string[] {
  return all
    .split('\n')
    .filter((line) => /^(ready|\^C|clos|signals)/.test(line))
    .map((line) => line.replace(/ \d+/g, ' _'));
}

describe('P24 every ordinary end: one Ctrl-C is one disposal, however many signals it becomes', () => {
  // npm 6 to 8 send a second one: npm/cli#1591.
  test('npm start', async () => {
    await using project = await launchedProject('process/under-a-launcher');
    await using terminal = await openTerminal(['npm', 'start'], project);
    await terminal.shows('ready');
    await terminal.press('C-c');
    await expect(terminal.ended()).resolves.toEqual({ code: null, signal: SIGINT });
    expect(ownLines(await terminal.all())).toEqual([
      'ready as _',
      "^Cclosing on { type: 'signal', signal: 'SIGINT' }",
      'closed',
    ]);
  });

  test.each([
    // Two signals in the same millisecond.
    ['node --watch', '--watch'],
    // Three.
    ['nodemon', nodemon],
  ])('%s', async (_, launcher) => {
    await using project = await launchedProject('process/under-a-launcher');
    const command = [process.execPath, launcher, 'main.mjs', 'count'];
    await using terminal = await openTerminal(command, project);
    await terminal.shows('ready');
    await terminal.press('C-c');
    await expect(terminal.ended()).resolves.toEqual({ code: 130, signal: null });
    expect(ownLines(await terminal.all())).toEqual([
      'ready as _',
      "^Cclosing on { type: 'signal', signal: 'SIGINT' }",
      'closed',
      'signals: { SIGINT: _ }',
    ]);
  });
});

describe('P23 why the process ended', () => {
  test('a loop of a shell ends with one Ctrl-C, since its program died of it', async () => {
    await using project = await launchedProject('process/under-a-launcher');
    const loop = 'for i in 1 2 3; do node main.mjs; done; echo over';
    await using terminal = await openTerminal(['bash', '-c', loop], project);
    await terminal.shows('ready');
    await terminal.press('C-c');
    await expect(terminal.ended()).resolves.toEqual({ code: null, signal: SIGINT });
    expect((await terminal.all()).split('\n').slice(1)).toEqual([
      "^Cclosing on { type: 'signal', signal: 'SIGINT' }",
      'closed',
    ]);
  });

  test.each([
    ['SIGTERM', 'return', 128 + SIGTERM, ''],
    ['SIGINT', 'return', 128 + SIGINT, ''],
    ['SIGTERM', 'fail', 1, 'inversify-onexit: Pool.close failed: Error: it is lost'],
  ] as const)(
    'the first process of a container that gets %s, and whose hooks %s, exits with %i',
    async (signal, way, code, firstLine) => {
      const program = await buildFixture('process/on-a-terminal');
      const isolated = ['--fork', '--pid', '--mount-proc', '--kill-child'];
      const unshare = start('unshare', [
        ...isolated,
        ...[process.execPath, program, `Pool.close=${way}`],
      ]);
      await unshare.said('ready');
      const pid = String(unshare.child.pid);
      process.kill(Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')), signal);
      const { stderr, ...ended } = await unshare.ended;
      expect(ended).toEqual({ code, signal: null, stdout: 'ready\n' });
      expect(stderr.split('\n')[0]).toBe(firstLine);
      await removeFixture(program);
    },
  );
});
