import { describe, expect, test } from '@jest/globals';

import { runFixture, startFixture } from '../support/child.js';
import { notAwaited, reported } from '../support/ending.js';

const closed = (cause: string): string => `server closed\npool closed on ${cause}\n`;

describe('P24 every ordinary end: of a worker thread', () => {
  test.each([
    ['end', closed('end'), 0],
    ['exit 4', closed('exit 4'), 4],
  ])('%s', async (way, stdout, code) => {
    await expect(runFixture('process/worker', { parameters: [way] })).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: `${stdout}main: exit ${String(code)}\n`,
      stderr: '',
    });
  });

  test('process.exit 5: what cannot be awaited is named, as on the main thread', async () => {
    await expect(runFixture('process/worker', { parameters: ['process.exit 5'] })).resolves.toEqual(
      {
        code: 0,
        signal: null,
        stdout: 'main: exit 5\n',
        stderr: reported(`Server.close ${notAwaited}`, `Pool.close ${notAwaited}`),
      },
    );
  });

  test('throw', async () => {
    await expect(runFixture('process/worker', { parameters: ['throw'] })).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: `${closed('fatal Error: nobody catches it')}main: exit 1\n`,
      stderr: expect.stringMatching(/^Error: nobody catches it\n( {4}at .*\n)+$/),
    });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: the main thread gets the signal, and a hook of its asks the worker to finish',
    async (signal) => {
      const program = await startFixture('process/worker', { parameters: ['wait'] });
      await program.said('ready');
      program.child.kill(signal);
      await expect(program.ended).resolves.toEqual({
        code: null,
        signal,
        stdout: `listens to []\nready\n${closed('end')}main: exit 0\n${closed(signal)}`,
        stderr: '',
      });
    },
  );
});

describe('P24 every ordinary end: of a cluster', () => {
  test.each([
    ['disconnect', closed('end'), '0 null'],
    ['kill', closed('SIGTERM'), 'null SIGTERM'],
  ])('the primary calls %s() of its worker', async (way, stdout, status) => {
    await expect(runFixture('process/cluster', { parameters: [way] })).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: `${stdout}primary: exit ${status}\n`,
      stderr: '',
    });
  });

  test('a hook of the primary disconnects its worker, which ends first', async () => {
    const program = await startFixture('process/cluster', { parameters: ['the primary owns it'] });
    await program.said('ready');
    program.child.kill('SIGTERM');
    await expect(program.ended).resolves.toEqual({
      code: null,
      signal: 'SIGTERM',
      stdout: `ready\n${closed('end')}primary: exit 0 null\n${closed('SIGTERM')}`,
      stderr: '',
    });
  });

  test('a worker whose primary has gone cannot await its hooks, and names them', async () => {
    const program = await startFixture('process/cluster', { parameters: ['wait'] });
    await program.said('ready');
    program.child.kill('SIGKILL');
    await expect(program.ended).resolves.toEqual({
      code: null,
      signal: 'SIGKILL',
      stdout: 'ready\n',
      stderr: reported(`Server.close ${notAwaited}`, `Pool.close ${notAwaited}`),
    });
  });
});

test('P24 every ordinary end: of a forked child, after that of its parent', async () => {
  const program = await startFixture('process/forked');
  await program.said('ready');
  program.child.kill('SIGTERM');
  await expect(program.ended).resolves.toEqual({
    code: null,
    signal: 'SIGTERM',
    stdout: `ready\n${closed('SIGTERM')}the parent has gone\n${closed('end')}`,
    stderr: '',
  });
});
