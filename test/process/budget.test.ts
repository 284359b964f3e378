import { describe, expect, test } from '@jest/globals';

import { runFixture } from '../support/child.js';
import { notAwaited, reported } from '../support/ending.js';

describe('P23 why the process ended: the time of the disposal passes while no hook is awaited', () => {
  test('what could not be awaited then makes it unclean', async () => {
    await expect(runFixture('process/busy-too-long', { parameters: ['async'] })).resolves.toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: reported(`callback flush ${notAwaited}`),
    });
  });

  test('it is clean if there was nothing to await', async () => {
    await expect(runFixture('process/busy-too-long', { parameters: ['sync'] })).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr: '',
    });
  });
});
