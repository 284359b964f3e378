import { describe, expect, test } from '@jest/globals';

import { startFixture } from '../support/child.js';

describe('P23 why the process ended', () => {
  test('a signal that does not end a process by itself ends it with 128 + its number', async () => {
    const program = await startFixture('process/ignored-signal');
    await program.said('ready');
    program.child.kill('SIGWINCH');
    await expect(program.ended).resolves.toEqual({
      code: 156,
      signal: null,
      stdout: 'ready\nserver closed\npool closed on SIGWINCH\n',
      stderr: '',
    });
  });
});
