import { describe, expect, test } from '@jest/globals';

import { runFixture, startFixture } from '../support/child.js';

describe('P23 why the process ended: on Windows, where no signal can be raised', () => {
  test.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGBREAK', 149],
  ])('%s: the status is %i', async (signal, code) => {
    await expect(runFixture('process/windows', { parameters: [signal] })).resolves.toEqual({
      code,
      signal: null,
      stdout: `on win32\nserver closed\npool closed on ${signal}\n`,
      stderr: '',
    });
  });
});

test('P24 every ordinary end: SIGBREAK may be named where there is none', async () => {
  const program = await startFixture('process/sigbreak');
  await program.said("listens to [ 'SIGTERM' ]\n");
  program.child.kill('SIGTERM');
  await expect(program.ended).resolves.toEqual({
    code: null,
    signal: 'SIGTERM',
    stdout: "listens to [ 'SIGTERM' ]\nserver closed\npool closed on SIGTERM\n",
    stderr: '',
  });
});
