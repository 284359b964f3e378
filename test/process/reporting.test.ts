import { describe, expect, test } from '@jest/globals';

import { begin, end, lines, reported } from '../support/ending.js';

describe('P24 the report of the end on stderr', () => {
  test('is nothing when it is clean, and takes less than a second', async () => {
    expect(await end('reporting', 'nothing to report')).toEqual({
      code: 0,
      signal: null,
      stdout: lines('server closed', 'pool closed on end'),
      stderr: '',
    });
  });

  test('fastify/fastify#3186: is what runs after a second, and what runs long from then on', async () => {
    const program = await begin('reporting', ['what takes long']);
    await program.said('callback first has been running');
    program.child.kill('SIGUSR2');
    await program.said('callback second has been running');
    program.child.kill('SIGUSR2');
    expect(await program.ended).toEqual({
      code: 0,
      signal: null,
      stdout: lines('brief', 'last', 'older'),
      stderr: expect.stringMatching(
        new RegExp(
          `^${reported(
            'callback first has been running for \\d+\\.\\d s; 3 more to run',
            'callback second has been running for \\d+\\.\\d s; 1 more to run',
          )}$`,
        ),
      ),
    });
  });

  test('is the work in scopes that is waited for', async () => {
    const program = await begin('reporting', ['scopes that run']);
    await program.said('2 more to run');
    program.child.kill('SIGUSR2');
    await program.said('1 more to run');
    program.child.kill('SIGUSR2');
    expect(await program.ended).toEqual({
      code: 0,
      signal: null,
      stdout: lines('unit', 'unit', 'last'),
      stderr: expect.stringMatching(
        new RegExp(
          `^${reported(
            'scope\\.work has been running for \\d+\\.\\d s; 2 more to run',
            'scope\\.work has been running for \\d+\\.\\d s; 1 more to run',
          )}$`,
        ),
      ),
    });
  });

  test('is a container without the module, by its class', async () => {
    const program = await begin('reporting', ['what takes long, and cannot be inspected']);
    await program.said('\n');
    program.child.kill('SIGUSR2');
    expect(await program.ended).toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(`^${reported('Mailer\\.dispose has been running for \\d+\\.\\d s')}$`),
      ),
    });
  });

  test('is what a dispose() throws that the application has put around the module’s', async () => {
    expect(await end('reporting', 'a dispose() that was wrapped')).toEqual({
      code: 1,
      signal: null,
      stdout: lines('sync'),
      stderr: reported(
        'callback fails failed: [Error: cannot close]',
        'Container.dispose failed: [Error: wrapped]',
      ),
    });
  });

  test('is what nothing has caught, be it no error', async () => {
    expect(await end('reporting', 'an error that is none')).toEqual({
      code: 1,
      signal: null,
      stdout: lines('sync'),
      stderr: "Uncaught 'a text'\n",
    });
  });

  test('is why the application has cut the disposal short', async () => {
    expect(await end('reporting', 'a disposal that is aborted by hand')).toEqual({
      code: 1,
      signal: null,
      stdout: lines('hangs'),
      stderr: reported('callback hangs timed out after … ms: Error: enough'),
    });
  });

  // What it looks like: `test/terminal`.
  test('is what has failed, and a view of what runs, on a terminal; else lines, as with CI', async () => {
    for (const [env, seen] of [
      [{ TERM: 'xterm' }, '▸'],
      [{ TERM: 'xterm', CI: '1' }, 'callback waits has been running'],
      [{ TERM: 'dumb' }, 'callback waits has been running'],
    ] as const) {
      const program = await begin('reporting', ['on a terminal'], [], env);
      await program.said(seen);
      program.child.kill('SIGUSR2');
      const { stderr, ...ended } = await program.ended;
      expect(ended).toEqual({ code: 1, signal: null, stdout: lines('last') });
      expect(stderr).toContain(reported('callback fails failed: [Error: cannot close]'));
      expect(stderr.includes('callback waits has been running')).toBe(seen !== '▸');
      expect(stderr.includes('\x1B')).toBe(seen === '▸');
    }
  });

  test('is what has failed, with its causes', async () => {
    expect(await end('reporting', 'failures')).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: reported(
        'callback its service failed: [Error: cannot close] { [cause]: [RangeError: the disk is full] }',
        "callback no error failed: 'a text'",
        "callback an object failed: { code: 'EIO' }",
        'callback rejects failed: [AggregateError: several] { [errors]: [ [Error: one] ] }',
      ),
    });
  });
});

/** The events of a callback. */
function about(hook: string): object {
  return {
    ...{ id: expect.any(Number), service: 'callback', hook, phase: 'exit' },
    ...{ container: 0, startTime: 'number' },
  };
}

function events(stdout: string): unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => (line.startsWith('{') ? JSON.parse(line) : line));
}

function started(hook: string): object {
  return { type: 'started', exit: about(hook) };
}

function settled(hook: string, outcome: string, error?: string): object {
  return {
    type: 'settled',
    exit: { ...about(hook), duration: 'number', outcome, ...(error !== undefined && { error }) },
  };
}

function running(hook: string, ...pending: readonly string[]): object {
  return {
    type: 'running',
    exit: about(hook),
    duration: 'number',
    pending: pending.map((next) => ({ service: 'callback', hook: next })),
  };
}

describe('P24 a report', () => {
  test('gets all events, and nothing is printed', async () => {
    const { stdout, ...ended } = await end('reporting', 'events');
    expect(ended).toEqual({ code: 1, signal: null, stderr: '' });
    expect(events(stdout)).toEqual([
      { type: 'fatal', error: 'Error: first' },
      { type: 'disposing', cause: { type: 'fatal', error: 'Error: first' } },
      started('waits'),
      running('waits', 'sync'),
      settled('waits', 'done'),
      started('sync'),
      'sync',
      settled('sync', 'done'),
      started('fails'),
      settled('fails', 'failed', 'Error: cannot close'),
      started('hangs'),
      'hangs',
      running('hangs', 'late'),
      settled('hangs', 'timed-out', 'TimeoutError: The disposal was not done within 2,000 ms'),
      started('late'),
      'late',
      settled('late', 'not-awaited'),
      { type: 'disposed', duration: 'number', isClean: false },
    ]);
  });

  test('gets the events of a clean end', async () => {
    const { stdout, ...ended } = await end('reporting', 'events of a clean end');
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect(events(stdout)).toEqual([
      { type: 'disposing', cause: { type: 'end' } },
      started('sync'),
      'sync',
      settled('sync', 'done'),
      { type: 'disposed', duration: 'number', isClean: true },
    ]);
  });

  test.each([
    ['throws', lines('reported disposing', 'sync')],
    ['rejects', lines('reported disposing')],
  ])('that %s is reported once, and replaced by the default', async (way, stdout) => {
    expect(await end('reporting', `a report that ${way}`)).toEqual({
      code: 1,
      signal: null,
      stdout,
      stderr: lines(
        '[Error: cannot report]',
        'inversify-onexit: callback fails failed: [Error: cannot close]',
      ),
    });
  });
});
