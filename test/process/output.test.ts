import { once } from 'node:events';
import { open } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';

import { runFixture, startFixture, type Ended, type Running } from '../support/child.js';

const both = ['stdout', 'stderr'] as const;
type Output = (typeof both)[number];

const other = { stdout: 'stderr', stderr: 'stdout' } as const;

interface Story {
  readonly output: Output;
  /** What its hooks write to it. */
  readonly what: 'much' | 'little' | 'failures';
  readonly way: 'wait' | 'exit' | 'end' | 'write while idle';
  readonly reader: 'stalled' | 'gone';
}

/** Starts it, with an output that nobody reads, or can read any more. */
async function startStory({ output, what, way, reader }: Story): Promise<Running> {
  const program = await startFixture('process/output', { parameters: [output, what, way] });
  await program.said('ready');
  if (reader === 'stalled') {
    program.child[output]?.pause();
  } else {
    program.child[output]?.destroy();
  }
  return program;
}

/** Ends one that writes much to an output that nobody reads. */
async function endStalled(
  output: Output,
  way: 'SIGTERM' | 'exit',
): Promise<{ program: Running; isSignal: boolean }> {
  const isSignal = way === 'SIGTERM';
  const story = {
    output,
    what: 'much',
    way: isSignal ? 'wait' : 'exit',
    reader: 'stalled',
  } as const;
  const program = await startStory(story);
  program.child.kill(isSignal ? 'SIGTERM' : 'SIGUSR2');
  return { program, isSignal };
}

/** How it was seen to end, by who reads nothing. */
async function exited({ child }: Running): Promise<unknown> {
  const [code, signal] = (await once(child, 'exit')) as unknown[];
  return { code, signal };
}

const much = `${'.'.repeat(2 ** 20)}\n`;

describe.each(both)('P24 every ordinary end: %s', (output) => {
  test.each(['SIGTERM', 'exit'] as const)(
    '%s: 1 MiB arrives whole if it is read late, but in time',
    async (way) => {
      const { program, isSignal } = await endStalled(output, way);
      await program.said('last');
      program.child[output]?.resume();
      await expect(program.ended).resolves.toMatchObject({
        code: isSignal ? null : 0,
        signal: isSignal ? 'SIGTERM' : null,
        [output]: `${much}last\n`,
      });
    },
  );

  test('at the end of the event loop it arrives whole, however late', async () => {
    const program = await startStory({ output, what: 'much', way: 'end', reader: 'stalled' });
    program.child.kill('SIGUSR2');
    await program.said('last');
    // Longer than a process that is to exit waits.
    await new Promise((resolve) => setTimeout(resolve, 700));
    program.child[output]?.resume();
    await expect(program.ended).resolves.toMatchObject({
      code: 0,
      signal: null,
      [output]: `${much}last\n`,
    });
  });

  test.each(['SIGTERM', 'exit'] as const)(
    '%s: a reader that does not read holds the end up for half a second',
    async (way) => {
      const { program, isSignal } = await endStalled(output, way);
      await expect(exited(program)).resolves.toEqual(
        isSignal ? { code: null, signal: 'SIGTERM' } : { code: 0, signal: null },
      );
      program.child[output]?.resume();
      await expect(program.ended).resolves.toMatchObject({
        [other[output]]: [
          'ready',
          'written',
          'last',
          `exit ${isSignal ? '143' : '0'}`,
          'it was waited for half a second',
          '',
        ].join('\n'),
      });
    },
  );

  test.each([
    ['SIGTERM', 'wait', { code: null, signal: 'SIGTERM' }, 143],
    ['SIGUSR2', 'exit', { code: 0, signal: null }, 0],
    ['SIGUSR2', 'end', { code: 0, signal: null }, 0],
  ] as const)(
    '%s, %s: a reader that has gone changes neither hooks nor status',
    async (signal, way, status, code) => {
      const program = await startStory({ output, what: 'little', way, reader: 'gone' });
      program.child.kill(signal);
      await expect(program.ended).resolves.toMatchObject({
        ...status,
        [output]: '',
        [other[output]]: expect.stringMatching(
          `^ready\\nfirst\\nlast\\nexit ${String(code)}\\nwaited [.\\d]+\\n$`,
        ),
      });
    },
  );

  test('a reader that has gone is an error like any other before the end', async () => {
    const program = await startStory({
      output,
      what: 'little',
      way: 'write while idle',
      reader: 'gone',
    });
    program.child.kill('SIGUSR2');
    await expect(program.ended).resolves.toMatchObject({
      code: 1,
      signal: null,
      [output]: '',
      [other[output]]: expect.stringMatching(
        output === 'stdout'
          ? /^ready\nError: write EPIPE\n[^]*\nfirst\nlast\nexit 1\nwaited [.\d]+\n$/
          : /^ready\nfirst\nlast\nexit 1\nwaited [.\d]+\n$/,
      ),
    });
  });
});

test('P24 every ordinary end: failures that nobody reads hold the end up once, not each', async () => {
  const program = await startStory({
    output: 'stderr',
    what: 'failures',
    way: 'wait',
    reader: 'stalled',
  });
  program.child.kill('SIGTERM');
  await expect(exited(program)).resolves.toEqual({ code: 1, signal: null });
  program.child.stderr?.resume();
  await expect(program.ended).resolves.toMatchObject({
    stdout: 'ready\nlast\nexit 1\nit was waited for half a second\n',
  });
});

describe('P25 a good guest: an output that cannot be written for another reason', () => {
  async function runOnFullDevice(way: string): Promise<Ended> {
    const full = await open('/dev/full', 'w');
    try {
      return await runFixture('process/full', {
        parameters: [way],
        stdio: ['ignore', full.fd, 'pipe'],
      });
    } finally {
      await full.close();
    }
  }

  test('is a fatal error', async () => {
    await expect(runOnFullDevice('alone')).resolves.toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(/^Error: ENOSPC: [^]*\n}\nlast\n$/),
    });
  });

  test('is left to the application with `fatal: false`', async () => {
    await expect(runOnFullDevice('fatal: false')).resolves.toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(
        /^inversify-onexit: callback first was cut off after \d+ ms: .*\nlast\n[^]*\nError: ENOSPC: [^]*\nNode\.js v.*\n$/,
      ),
    });
  });

  test('is left to who listens to it', async () => {
    await expect(runOnFullDevice('a listener of its own')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr: 'seen: ENOSPC: no space left on device, write\nlast\n',
    });
  });
});
