import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { start, type Ended } from '../support/child.js';
import { launchedProject } from '../support/launched.js';

const nodemon = fileURLToPath(import.meta.resolve('nodemon/bin/nodemon.js'));
const program = 'process/under-a-launcher';

/** The output of the program, without the lines of nodemon and `node --watch`. */
function withoutLauncher({ code, signal, stdout, stderr }: Ended): Ended {
  const lines = stdout.split('\n').filter((line) => /^(ready|again|clos|signals)/.test(line));
  return { code, signal, stdout: lines.join('\n').replace(/ \d+/g, ' _'), stderr };
}

function endedOn(signal: string, also = ''): readonly string[] {
  return [
    `closing on { type: 'signal', signal: '${signal}' }`,
    'closed',
    `signals: { ${signal}: _${also} }`,
  ];
}

describe('P24 every ordinary end, under what starts programs again', () => {
  test.each([
    ['node --watch', ['--watch'], 'SIGTERM'],
    // It sends each signal twice.
    ['nodemon', [nodemon], 'SIGUSR2'],
    ['nodemon --signal SIGTERM', [nodemon, '--signal', 'SIGTERM'], 'SIGTERM'],
  ] as const)('%s waits for the disposal, of which there is one', async (_, launcher, signal) => {
    await using project = await launchedProject(program);
    const watcher = start(process.execPath, [...launcher, 'main.mjs', 'count'], project);
    await watcher.said('ready');
    await project.change();
    await watcher.said('again');
    watcher.child.kill('SIGINT');
    expect(withoutLauncher(await watcher.ended)).toEqual({
      code: 130,
      signal: null,
      stdout: ['ready as _', ...endedOn(signal), 'ready as _', 'again', ...endedOn('SIGINT')].join(
        '\n',
      ),
      stderr: '',
    });
  });

  test('nodemon that is ended with SIGTERM passes it on, and SIGINT after it', async () => {
    await using project = await launchedProject(program);
    const watcher = start(process.execPath, [nodemon, 'main.mjs', 'count'], project);
    await watcher.said('ready');
    watcher.child.kill('SIGTERM');
    expect(withoutLauncher(await watcher.ended)).toEqual({
      code: 143,
      signal: null,
      stdout: ['ready as _', ...endedOn('SIGTERM', ', SIGINT: _')].join('\n'),
      stderr: '',
    });
  });
});

describe('P23 why the process ended, under npm', () => {
  test('npm that gets SIGTERM ends at once, and its program gets no signal', async () => {
    await using project = await launchedProject(program);
    const npm = start('npm', ['--silent', 'start'], project);
    const said: string[] = [];
    npm.child.stdout?.on('data', (text: string) => said.push(text));
    await npm.said('ready');
    npm.child.kill('SIGTERM');
    await expect(once(npm.child, 'exit')).resolves.toEqual([null, 'SIGTERM']);
    // It goes on until it gets a signal itself.
    process.kill(Number(/\d+/.exec(said.join(''))?.[0]), 'SIGTERM');
    expect(withoutLauncher(await npm.ended).stdout.split('\n')).toEqual([
      ...['ready as _', `closing on { type: 'signal', signal: 'SIGTERM' }`, 'closed'],
    ]);
  });
});
