import { describe, expect, test } from '@jest/globals';

import { runFixture } from './support/child.js';

describe('The doors', () => {
  test('importing them adds no listener and starts no timer', async () => {
    await expect(runFixture('import-only')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: 'listeners added: 0, resources active: 0\n',
      stderr: '',
    });
  });
});
