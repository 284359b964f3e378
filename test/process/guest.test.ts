import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { buildFixture, removeFixture, runFixture, startFixture } from '../support/child.js';

const all = 'SIGHUP 1, SIGINT 1, SIGTERM 1, beforeExit 1, exit 1, uncaughtException 1';

describe('P25 a good guest', () => {
  test('one listener per event, none is left, none of others is removed, nothing is patched', async () => {
    await expect(runFixture('process/listeners')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: [
        'imported: none',
        `one container: ${all}`,
        `five calls: ${all}`,
        `one call left: ${all}`,
        'detached: none',
        `one disposed by hand: ${all}`,
        'both disposed by hand: none',
        'one that fails, disposed by hand: none',
        'disposed ones attached: none',
        'none attached: none',
        `in a block: ${all}`,
        'after the block: none',
        'no fatal errors, another signal: SIGUSR2 1, beforeExit 1, exit 1',
        'while it ends: SIGHUP 1, beforeExit 1, exit 1, stderr error 1, stdout error 1, uncaughtException 1',
        'handed over to the application: none',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  test('a container that is attached when the last one has just been disposed is disposed, too', async () => {
    await expect(runFixture('process/attached-last')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: 'first\nsecond\n',
      stderr: '',
    });
  });

  describe('two copies of the package', () => {
    let copies: string[];

    beforeAll(async () => {
      copies = await Promise.all([buildFixture('process/copy'), buildFixture('process/copy')]);
    });
    afterAll(async () => {
      await Promise.all(copies.map(async (copy) => removeFixture(copy)));
    });

    const disposed = ['two by two', 'two by one', 'one by two', 'one by one', ''].join('\n');
    // A container of another copy is known by its hooks, and not by its dispose().
    const failed = expect.stringMatching(
      /^inversify-onexit: callback two by one failed: Error: its hook fails\n(?! *inversify)/,
    ) as unknown;

    test('share their listeners, and are disposed at one end, the newest first', async () => {
      const program = await startFixture('process/two-copies', {
        parameters: ['wait', ...copies],
      });
      await program.said('ready');
      program.child.kill('SIGTERM');
      await expect(program.ended).resolves.toEqual({
        code: 1,
        signal: null,
        stdout: `1 1 1 1 1 1\nready\n${disposed}`,
        stderr: failed,
      });
    });

    test('either exit() disposes the containers of both', async () => {
      await expect(
        runFixture('process/two-copies', { parameters: ['exit', ...copies] }),
      ).resolves.toEqual({
        code: 3,
        signal: null,
        stdout: `1 1 1 1 1 1\n${disposed}`,
        stderr: failed,
      });
    });

    test('none of them listens when the last container of both is detached', async () => {
      await expect(
        runFixture('process/two-copies', { parameters: ['unhook', ...copies] }),
      ).resolves.toEqual({
        code: 0,
        signal: null,
        stdout: '1 1 1 1 1 1\n0 0 0 0 0 0\n',
        stderr: '',
      });
    });
  });
});
