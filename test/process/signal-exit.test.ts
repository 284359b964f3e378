import { describe, expect, test } from '@jest/globals';

import { runFixture, startFixture } from '../support/child.js';

// signal-exit ends the process on a signal where it is alone; with us it is not, and leaves it to us.
describe.each(['before', 'after'])('P25 a good guest: signal-exit, loaded %s us', (order) => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: all hooks and handlers run once, and the status is %i', async (signal, code) => {
    const program = await startFixture('process/with-signal-exit', { parameters: [order, 'wait'] });
    await program.said('ready');
    program.child.kill(signal);
    await expect(program.ended).resolves.toEqual({
      code,
      signal: null,
      stdout: `ready\nserver closed\npool closed on ${signal}\nsignal-exit saw ${String(code)} null\n`,
      stderr: '',
    });
  });

  test.each([
    ['end', 0, 'end', ''],
    ['exit 4', 4, 'exit 4', ''],
    ['throw', 1, 'fatal Error: nobody catches it', 'Error: nobody catches it'],
  ])('%s: all hooks and handlers run once', async (way, code, cause, error) => {
    await expect(
      runFixture('process/with-signal-exit', { parameters: [order, way] }),
    ).resolves.toEqual({
      code,
      signal: null,
      stdout: `ready\nserver closed\npool closed on ${cause}\nsignal-exit saw ${String(code)} null\n`,
      stderr: expect.stringMatching(`^${error}(\\n    at .*)*\\n?$`),
    });
  });
});
