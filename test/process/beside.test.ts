import { describe, expect, test } from '@jest/globals';

import { runFixture, startFixture, type Ended } from '../support/child.js';
import { notAwaited, reported } from '../support/ending.js';

async function killed(way: string): Promise<Ended> {
  const program = await startFixture('process/beside', { parameters: [way] });
  await program.said('ready');
  program.child.kill('SIGTERM');
  return program.ended;
}

async function failing(way: string, after: 'throw' | 'reject'): Promise<Ended> {
  return runFixture('process/beside', { parameters: [way, after] });
}

const closed = (cause: string): string => `server closed\npool closed on ${cause}\n`;

const fatal = 'fatal Error: nobody catches it';

describe('P23 why the process ended: the application listens to the signal, too', () => {
  test('all listeners run, and the status is 128 + n', async () => {
    await expect(killed('a listener to SIGTERM')).resolves.toEqual({
      code: 143,
      signal: null,
      stdout: `ready\nthe other one\nanother one\n${closed('SIGTERM')}`,
      stderr: '',
    });
  });

  test('one that exits has the last word, and what it cuts off is named', async () => {
    await expect(killed('a listener to SIGTERM that exits')).resolves.toEqual({
      code: 9,
      signal: null,
      stdout: 'ready\n',
      stderr: reported(`Server.close ${notAwaited}`, `Pool.close ${notAwaited}`),
    });
  });
});

describe('P25 a good guest: `terminate: false` leaves the end to the application', () => {
  test('it ends the process itself', async () => {
    await expect(killed('an application that ends itself')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: `ready\n${closed('SIGTERM')}the application ends\n`,
      stderr: '',
    });
  });

  test('an unclean disposal makes 1 of its success', async () => {
    // Failures are passed to its `report` only.
    await expect(killed('an application that ends itself, and a hook that fails')).resolves.toEqual(
      {
        code: 1,
        signal: null,
        stdout: `ready\n${closed('SIGTERM')}the application ends\n`,
        stderr: '',
      },
    );
  });

  test('it calls exit(): its code holds, and the containers are disposed once', async () => {
    await expect(killed('an application that calls exit()')).resolves.toEqual({
      code: 3,
      signal: null,
      stdout: `ready\n${closed('exit 3')}`,
      stderr: '',
    });
  });

  test('the next signal kills, as it does without us', async () => {
    const program = await startFixture('process/beside', {
      parameters: ['an application that does not end'],
    });
    await program.said('ready');
    program.child.kill('SIGTERM');
    await program.said('disposed');
    program.child.kill('SIGHUP');
    await expect(program.ended).resolves.toEqual({
      code: null,
      signal: 'SIGHUP',
      stdout: `ready\n${closed('SIGTERM')}disposed\n`,
      stderr: '',
    });
  });
});

describe('P25 a good guest: fatal errors', () => {
  test.each([
    ['throw', 'uncaughtException'],
    ['reject', 'unhandledRejection'],
  ] as const)('%s: the other listener reports it, and we end with 1', async (after, origin) => {
    await expect(failing('a listener to fatal errors', after)).resolves.toEqual({
      code: 1,
      signal: null,
      stdout: `ready\n${origin} nobody catches it\n${closed(fatal)}`,
      stderr: '',
    });
  });

  test('a rejection that the application listens to is not fatal', async () => {
    await expect(failing('a listener to rejections', 'reject')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: `ready\nseen: Error: nobody catches it\n${closed('end')}`,
      stderr: '',
    });
  });

  test('a monitor is called, and does not count as a listener that prints it', async () => {
    await expect(failing('a monitor', 'throw')).resolves.toEqual({
      code: 1,
      signal: null,
      stdout: `ready\nseen: nobody catches it\n${closed(fatal)}`,
      stderr: expect.stringMatching(/^Error: nobody catches it\n( {4}at .*\n)+$/),
    });
  });

  test('a reporter that exits only where it is alone leaves the end to us', async () => {
    await expect(failing('a reporter that ends what it is alone with', 'throw')).resolves.toEqual({
      code: 1,
      signal: null,
      stdout: `ready\nreported: nobody catches it\n${closed(fatal)}`,
      stderr: '',
    });
  });

  test('a reporter that sends and exits cuts us off, with its code and the hook named', async () => {
    await expect(
      failing('a reporter that ends the process when it has sent', 'throw'),
    ).resolves.toEqual({
      code: 6,
      signal: null,
      stdout: 'ready\ndisposing\nsent: nobody catches it\n',
      stderr: expect.stringMatching(
        /^inversify-onexit: Object\.dispose was cut off after \d+ ms: process\.exit\(\) was called\n$/,
      ),
    });
  });

  test.each(['throw', 'reject'] as const)(
    '%s with `fatal: false`: Node.js reports it and exits with 1, as without us',
    async (after) => {
      await expect(failing('fatal: false', after)).resolves.toEqual({
        code: 1,
        signal: null,
        stdout: 'ready\n',
        stderr: expect.stringMatching(
          /^(inversify-onexit: (Server|Pool)\.close could not be awaited: how it ends is lost\n){2}file:[^]*\n\nError: nobody catches it\n[^]*\nNode\.js v.*\n$/,
        ),
      });
    },
  );

  test('with `fatal: false` the application that listens decides', async () => {
    await expect(failing('fatal: false and a listener to fatal errors', 'throw')).resolves.toEqual({
      code: 2,
      signal: null,
      stdout: `ready\nseen: nobody catches it\n${closed('exit 2')}`,
      stderr: '',
    });
    await expect(
      failing('fatal: false and a listener that lets it go on', 'throw'),
    ).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: `ready\nseen: nobody catches it\n${closed('end')}`,
      stderr: '',
    });
  });
});

describe('P23 why the process ended: nothing else is left to do', () => {
  // All is disposed before the event loop turns, and only then is a signal delivered.
  test.each(['before the end', 'in a hook'])(
    'nodejs/node#28502: a signal that comes %s is not lost',
    async (when) => {
      await expect(runFixture('process/busy', { parameters: [when] })).resolves.toEqual({
        code: null,
        signal: 'SIGTERM',
        stdout: 'closed\n',
        stderr: '',
      });
    },
  );
});
