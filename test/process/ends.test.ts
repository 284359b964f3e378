import { describe, expect, test } from '@jest/globals';

import { runFixture, startFixture } from '../support/child.js';

describe('P24 every ordinary end', () => {
  test.each([
    ['end', 'end', 0],
    ['exit 4', 'exit 4', 4],
  ])('%s', async (way, cause, code) => {
    await expect(runFixture('process/ends', { parameters: [way] })).resolves.toEqual({
      code,
      signal: null,
      stdout: `ready\nserver closed\npool closed on ${cause}\n`,
      stderr: '',
    });
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', async (signal) => {
    const program = await startFixture('process/ends', { parameters: ['wait'] });
    await program.said('ready');
    program.child.kill(signal);
    await expect(program.ended).resolves.toEqual({
      code: null,
      signal,
      stdout: `ready\nserver closed\npool closed on ${signal}\n`,
      stderr: '',
    });
  });
});
