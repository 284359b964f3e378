import { describe, expect, test } from '@jest/globals';

import { begin, end, lines } from '../support/ending.js';

/** A code, or the signal that the process is seen to have died of. */
type Status = number | NodeJS.Signals;

/** For each cause, how it ends with a hook that … */
const table: Readonly<Record<string, Readonly<Record<string, Status>>>> = {
  end: { 'is done': 0, fails: 1, 'times out': 1, 'sets 6': 6, 'sets 6 and fails': 6 },
  'exit()': { 'is done': 0, fails: 1, 'times out': 1, 'sets 6': 6 },
  'exit(0)': { 'is done': 0, fails: 1, 'times out': 1, 'sets 6': 6, 'sets 6 and fails': 6 },
  'exit(4)': { 'is done': 4, fails: 4, 'times out': 4, 'sets 6': 6, 'sets 0 and fails': 1 },
  // It cannot time out: nothing waits for it.
  'process.exit(0)': { 'is done': 0, fails: 1, 'times out': 0, 'sets 6': 6, 'sets 6 and fails': 6 },
  'process.exit(4)': { 'is done': 4, fails: 4, 'times out': 4, 'sets 6': 6 },
  SIGTERM: {
    'is done': 'SIGTERM',
    fails: 1,
    'times out': 1,
    'sets 6': 'SIGTERM',
    'sets 6 and fails': 6,
  },
  error: {
    'is done': 1,
    fails: 1,
    'times out': 1,
    'sets 6': 6,
    'sets 0': 1,
    'sets 0 and fails': 1,
  },
};

/** The same, when process.exitCode was 5 before. */
const withCode: typeof table = {
  end: { 'is done': 5, fails: 5, 'times out': 5, 'sets 6': 6, 'sets 0': 0, 'sets 0 and fails': 1 },
  'exit()': { 'is done': 5, fails: 5, 'sets 0': 0 },
  'exit(0)': { 'is done': 0, fails: 1 },
  'exit(4)': { 'is done': 4, fails: 4 },
  'process.exit()': { 'is done': 5, fails: 5 },
  'process.exit(0)': { 'is done': 0, fails: 1 },
  'process.exit(4)': { 'is done': 4, fails: 4 },
  SIGTERM: { 'is done': 'SIGTERM', fails: 5, 'times out': 5 },
  error: { 'is done': 1, fails: 1 },
};

function rowsOf(rows: typeof table): [cause: string, hook: string, status: Status][] {
  return Object.entries(rows).flatMap(([cause, hooks]) =>
    Object.entries(hooks).map(([hook, status]): [string, string, Status] => [cause, hook, status]),
  );
}

function seen(cause: string, status: Status): object {
  // 128 + 15, as shells have it for SIGTERM; and Node.js passes on the argument of process.exit().
  const code = typeof status === 'number' ? (/^process.exit.(\d)/.exec(cause)?.[1] ?? status) : 143;
  return {
    ...(typeof status === 'number'
      ? { code: status, signal: null }
      : { code: null, signal: status }),
    stdout: lines(`before ${String(code)}`, `after ${String(code)}`),
  };
}

describe('P23 why the process ended', () => {
  describe('shows in its status, which all exit listeners see', () => {
    test.each(rowsOf(table))('%s, a hook %s: %s', async (cause, hook, status) => {
      expect(await end('statuses', cause, hook)).toMatchObject(seen(cause, status));
    });

    test.each(rowsOf(withCode))(
      '%s, process.exitCode was 5, a hook %s: %s',
      async (cause, hook, status) => {
        expect(await end('statuses', cause, hook, '5')).toMatchObject(seen(cause, status));
      },
    );
  });

  describe('godaddy/terminus#1: the parent sees the death by', () => {
    test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGQUIT'] as const)(
      '%s',
      async (signal) => {
        const program = await begin('own-signals', [signal]);
        await program.said('ready');
        program.child.kill(signal);
        expect(await program.ended).toEqual({
          code: null,
          signal,
          stdout: lines('ready', `closed on ${signal}`),
          stderr: '',
        });
      },
    );
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is 128 + its number if others listen to %s: %i', async (signal, code) => {
    const program = await begin('own-signals', [signal, 'listens']);
    await program.said('ready');
    program.child.kill(signal);
    expect(await program.ended).toEqual({
      code,
      signal: null,
      stdout: lines('ready', 'heard', `closed on ${signal}`),
      stderr: '',
    });
  });
});
