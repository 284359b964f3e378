import { describe, expect, test } from '@jest/globals';

import type { Ended } from '../support/child.js';
import { begin, cutOff, end, lines, notAwaited, timedOut, reported } from '../support/ending.js';

describe('P24 every ordinary end', () => {
  describe('of the event loop', () => {
    test('disposes, and ends', async () => {
      expect(await end('ends', 'end')).toEqual({
        code: 0,
        signal: null,
        stdout: lines('ready', 'server closed', 'pool closed on end'),
        stderr: '',
      });
    });

    test('keeps the status of a top-level await that has not settled', async () => {
      expect(await end('ends', 'top-level await')).toEqual({
        code: 13,
        signal: null,
        stdout: lines('ready', 'server closed', 'pool closed on end'),
        // Node.js 20 says nothing.
        stderr: expect.stringMatching(/^(Warning: Detected unsettled top-level await[^]*)?$/),
      });
    });

    test('waits for a hook that waits for nothing, until its time has passed', async () => {
      expect(await end('without-handles', 'nothing', '50')).toEqual({
        code: 1,
        signal: null,
        stdout: lines('waits for nothing', 'last'),
        stderr: reported(`callback wait ${timedOut(50)}`),
      });
    });

    test.each([undefined, 'Infinity'])(
      'waits for a hook that waits for an unreferenced timer, timeout: %s',
      async (timeout) => {
        const parameters = timeout === undefined ? [] : [timeout];
        expect(await end('without-handles', 'a timer', ...parameters)).toEqual({
          code: 0,
          signal: null,
          stdout: lines('timer fired', 'last'),
          stderr: '',
        });
      },
    );
  });

  describe('exit()', () => {
    test.each([
      ['exit 4', 4],
      ['exit 3', 3],
    ])('%s', async (way, code) => {
      expect(await end('ends', way)).toEqual({
        code,
        signal: null,
        stdout: lines('ready', 'server closed', `pool closed on ${way}`),
        stderr: '',
      });
    });

    test('a container that is attached when all are disposed is not lost: its hooks are started', async () => {
      expect(await end('attached-late')).toEqual({
        code: 4,
        signal: null,
        stdout: lines(
          ...['disposing', 'started', 'first', 'settled', 'disposed'],
          ...['started', 'late', 'settled'],
        ),
        stderr: '',
      });
    });

    test.each([
      ['exit 2', 2, ''],
      ['exitCode 3, exit', 3, ''],
      ['unhook, exit 2', 2, ''],
      [
        'exit 2.5',
        9,
        'TypeError: exit() was given 2.5. It takes an exit code, a whole number, or nothing for process.exitCode.\nnot exited',
      ],
    ])('is process.exit() with nothing to dispose: %s', async (way, code, said) => {
      expect(await end('nothing-to-dispose', way)).toEqual({
        code,
        signal: null,
        stdout: said === '' ? '' : lines(...said.split('\n')),
        stderr: '',
      });
    });
  });

  describe('process.exit()', () => {
    test('starts each hook in order, and names what nothing has awaited', async () => {
      expect(await end('ends', 'process.exit 5')).toEqual({
        code: 5,
        signal: null,
        stdout: lines('ready'),
        stderr: reported(`Server.close ${notAwaited}`, `Pool.close ${notAwaited}`),
      });
    });

    test('reports no synchronous hooks, and these see why', async () => {
      expect(await end('process-exit', 'idle 0')).toEqual({
        code: 0,
        signal: null,
        stdout: lines(
          '{"type":"exit","code":0} AbortError: process.exit() was called',
          'sync',
          'last',
        ),
        stderr: '',
      });
    });

    test('loses what a hook rejects with later', async () => {
      expect(await end('process-exit', 'idle 3')).toEqual({
        code: 3,
        signal: null,
        stdout: lines('slow', 'sync'),
        stderr: reported(`callback slow ${notAwaited}`, `callback rejects ${notAwaited}`),
      });
    });

    test('makes 1 of 0 if a hook throws', async () => {
      expect(await end('process-exit', 'idle 0, and a hook fails')).toEqual({
        code: 1,
        signal: null,
        stdout: lines('slow', 'last'),
        stderr: reported(
          'callback fails failed: [Error: cannot close]',
          `callback slow ${notAwaited}`,
        ),
      });
    });

    test('by another part of the program cuts the disposal off', async () => {
      expect(await end('process-exit', 'another part, during the disposal')).toEqual({
        code: 3,
        signal: null,
        stdout: lines('slow', 'sync', 'late', 'older'),
        stderr: reported(`callback slow ${cutOff}`, `callback late ${notAwaited}`),
      });
    });

    test.each([
      ['the synchronous part of a hook', ['sync', 'late'], [`callback exits ${cutOff}`]],
      ['a hook, after an await', ['sync', 'late'], [`callback exitsLater ${cutOff}`]],
      [
        'a hook of a child',
        ['sync', 'late', 'elder child', 'parent'],
        [`callback exits ${cutOff}`],
      ],
      ['an observer of the start', ['sync', 'late'], []],
      ['an observer of a hook', ['sync', 'late'], []],
      ['a hook that is run by release()', ['sync', 'late'], []],
    ])('in %s: the others are run', async (point, ran, cut) => {
      expect(await end('process-exit', point)).toEqual({
        code: 3,
        signal: null,
        stdout: lines(...ran),
        stderr: reported(...cut, `callback late ${notAwaited}`),
      });
    });

    test('in a container without the module: the others are disposed', async () => {
      expect(await end('process-exit', 'a container without the module')).toEqual({
        code: 3,
        signal: null,
        stdout: lines('older'),
        stderr: reported(`Object.dispose ${cutOff}`),
      });
    });

    test('in the report: the hooks are run', async () => {
      expect(await end('process-exit', 'the report')).toEqual({
        code: 3,
        signal: null,
        stdout: lines('disposing', 'started', 'sync', 'settled', 'started'),
        stderr: '',
      });
    });

    test('ends as without us if another listener of exit throws', async () => {
      expect(await end('process-exit', 'an exit listener fails')).toEqual({
        code: 3,
        signal: null,
        stdout: lines('sync'),
        stderr: expect.stringContaining('[Error: cannot close]'),
      });
    });
  });

  describe('a signal', () => {
    test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', async (signal) => {
      const program = await begin('ends', ['wait']);
      await program.said('ready');
      program.child.kill(signal);
      expect(await program.ended).toEqual({
        code: null,
        signal,
        stdout: lines('ready', 'server closed', `pool closed on ${signal}`),
        stderr: '',
      });
    });

    test('nodejs/node#28502: is not lost if nothing else keeps the process alive', async () => {
      expect(await end('without-handles', 'a timer', '8000', 'SIGTERM')).toEqual({
        code: null,
        signal: 'SIGTERM',
        stdout: lines('timer fired', 'last'),
        stderr: '',
      });
    });

    test('npm/cli#5021: that is echoed is ignored', async () => {
      expect(await signalled('wait', '60000', 'SIGINT', 'SIGINT')).toEqual({
        code: null,
        signal: 'SIGINT',
        stdout: lines(
          'ready',
          'heard SIGINT 1 to come',
          'waits',
          'heard SIGINT 0 to come',
          'waited',
          'sync',
          'async',
        ),
        stderr: '',
      });
    });

    test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
      'after %s, SIGINT that comes later than an echo forces the end',
      async (first) => {
        expect(await signalled('wait', '0.01', first, 'SIGINT')).toEqual({
          code: null,
          signal: 'SIGINT',
          stdout: lines(
            'ready',
            `heard ${first} 1 to come`,
            'waits',
            'sync',
            'async',
            'heard SIGINT 0 to come',
            'aborted',
          ),
          stderr: reported(
            'callback waits was cut off after … ms: SIGINT came again',
            `callback async ${notAwaited}`,
          ),
        });
      },
    );

    test.each([
      ['SIGTERM', 'SIGTERM'],
      ['SIGINT', 'SIGTERM'],
      ['SIGHUP', 'SIGHUP'],
    ] as const)('after %s, %s is ignored', async (first, second) => {
      expect(await signalled('wait', '0.01', first, second)).toEqual({
        code: null,
        signal: first,
        stdout: lines(
          'ready',
          `heard ${first} 1 to come`,
          'waits',
          `heard ${second} 0 to come`,
          'waited',
          'sync',
          'async',
        ),
        stderr: '',
      });
    });

    test.each([
      ['end', null, 'SIGTERM', ''],
      ['exit', null, 'SIGTERM', ''],
      ['exit 4', 4, null, ''],
      ['throw', 1, null, '[Error: nobody catches it]\n'],
    ])('on %s, does not dispose anew', async (way, code, signal, stderr) => {
      expect(await signalled(way, '0.01', 'SIGTERM')).toEqual({
        code,
        signal,
        stdout: lines('waits', 'heard SIGTERM 0 to come', 'waited', 'sync', 'async'),
        stderr,
      });
    });

    test.each(['end', 'exit 4'])('on %s, SIGINT has to come twice', async (way) => {
      expect(await signalled(way, '0.01', 'SIGINT', 'SIGINT')).toEqual({
        code: null,
        signal: 'SIGINT',
        stdout: lines(
          'waits',
          'heard SIGINT 1 to come',
          'sync',
          'async',
          'heard SIGINT 0 to come',
          'aborted',
        ),
        stderr: reported(
          'callback waits was cut off after … ms: SIGINT came again',
          `callback async ${notAwaited}`,
        ),
      });
    });
  });

  describe('an error that nothing has caught', () => {
    test.each(['throw', 'reject'])('%s: is printed first', async (way) => {
      expect(await end('ends', way)).toEqual({
        code: 1,
        signal: null,
        stdout: lines('ready', 'server closed', 'pool closed on fatal Error: nobody catches it'),
        stderr: '[Error: nobody catches it]\n',
      });
    });

    test('a rejection is none if Node.js is to warn of it', async () => {
      const { ended } = await begin('ends', ['reject'], ['--unhandled-rejections=warn']);
      expect(await ended).toEqual({
        code: 0,
        signal: null,
        stdout: lines('ready', 'server closed', 'pool closed on end'),
        stderr: expect.stringContaining(
          'UnhandledPromiseRejectionWarning: Error: nobody catches it',
        ),
      });
    });

    test('a rejection is none if the application listens to it', async () => {
      expect(await end('ends', 'listen and reject')).toEqual({
        code: 0,
        signal: null,
        stdout: lines('ready', 'heard', 'server closed', 'pool closed on end'),
        stderr: '',
      });
    });

    test.each([
      ['end', 'throws', 1, ['stray']],
      ['end', 'rejects', 1, ['stray']],
      ['exit', 'throws', 1, ['stray']],
      ['exit 4', 'throws', 4, ['stray']],
      ['SIGTERM', 'rejects', 1, ['stray']],
      ['throw', 'throws', 1, ['first', 'stray']],
    ])(
      'on %s, a hook that %s outside of the disposal: the disposal goes on',
      async (way, error, code, errors) => {
        expect(await end('failing', way, error)).toEqual({
          code,
          signal: null,
          stdout: lines('hook', 'last'),
          stderr: lines(...errors.map((message) => `[Error: ${message}]`)),
        });
      },
    );
  });

  describe('requested by a hook', () => {
    test.each([
      ['exit 0', 'at once'],
      ['exit 0', 'later'],
      ['dispose', 'at once'],
      ['dispose', 'later'],
      ['lifecycle.dispose', 'later'],
    ])('%s, %s: is the one that is under way', async (request, when) => {
      expect(await end('request-in-hook', 'exit 4', request, when)).toEqual({
        code: 4,
        signal: null,
        stdout: lines('asks {"type":"exit","code":4}', 'last'),
        stderr: '',
      });
    });

    test.each([
      ['end', '{"type":"end"}', 7, null],
      ['exit', '{"type":"exit","code":0}', 7, null],
      ['exit 4', '{"type":"exit","code":4}', 4, null],
      ['SIGTERM', '{"type":"signal","signal":"SIGTERM"}', null, 'SIGTERM'],
      ['dispose by hand', '"by hand"', 7, null],
    ])('exit 7, on %s: the first cause stays', async (way, reason, code, signal) => {
      expect(await end('request-in-hook', way, 'exit 7')).toEqual({
        code,
        signal,
        stdout: lines(`asks ${reason}`, 'last'),
        stderr: '',
      });
    });
  });

  describe('of a container that was disposed by hand', () => {
    test('reports nothing of it', async () => {
      const program = await begin('by-hand');
      await program.said('waits');
      program.child.kill('SIGUSR2');
      expect(await program.ended).toEqual({
        code: 0,
        signal: null,
        stdout: lines('waits', 'waited', 'last', 'disposed by hand', 'other'),
        stderr: '',
      });
    });

    test('waits for a disposal that is under way, and reports what had failed', async () => {
      const program = await begin('by-hand');
      await program.said('waits');
      program.child.kill('SIGTERM');
      await program.said('failed');
      program.child.kill('SIGUSR2');
      expect(await program.ended).toEqual({
        code: 1,
        signal: null,
        stdout: lines('waits', 'waited', 'last', 'disposed by hand', 'other'),
        stderr: reported('callback fails failed: [Error: cannot close]'),
      });
    });
  });

  describe('within a budget', () => {
    test('a hook that hangs is named, the others are started, and the process ends', async () => {
      expect(await end('budget', 'a hook that hangs')).toEqual({
        code: 1,
        signal: null,
        stdout: lines('first', 'hanging', 'sync', 'rejects late', 'last', 'older'),
        stderr: reported(`callback hanging ${timedOut(200)}`, `callback rejectsLate ${notAwaited}`),
      });
    });

    test('synchronous hooks spend it, too', async () => {
      expect(await end('budget', 'synchronous hooks that block')).toEqual({
        code: 1,
        signal: null,
        stdout: lines('blocks', 'sync', 'late', 'older'),
        stderr: reported(`callback late ${notAwaited}`, `callback older ${notAwaited}`),
      });
    });

    test('is clean if all that was left is synchronous', async () => {
      expect(await end('budget', 'synchronous hooks that block, and nothing is lost')).toEqual({
        code: 0,
        signal: null,
        stdout: lines('blocks', 'sync', 'older'),
        stderr: '',
      });
    });

    test('of its own a container may have less, which is not that of the others', async () => {
      expect(await end('budget', 'a container that has less')).toEqual({
        code: 1,
        signal: null,
        stdout: lines('hanging', 'older'),
        stderr: reported(`callback hanging ${timedOut(20)}`),
      });
    });

    test('that all containers share', async () => {
      expect(await end('budget', 'containers that share it')).toEqual({
        code: 1,
        signal: null,
        stdout: lines('older'),
        stderr: reported(`callback older ${timedOut(500)}`),
      });
    });
  });

  describe('of several containers', () => {
    const closed = ['c', 'b', 'a'].flatMap((name) => [`closing ${name}`, `closed ${name}`]);

    test.each([
      ['one after another', closed],
      ['an iterable', closed],
      ['a parent, then its child', ['child', 'closing parent', 'closed parent']],
      ['a child, then its parent', ['child', 'closing parent', 'closed parent']],
      ['one twice', ['closing first', 'closed first', 'closing second', 'closed second']],
      [
        'one twice, and unhooks it once',
        ['closing second', 'closed second', 'closing first', 'closed first'],
      ],
      [
        'one in a hook',
        [
          'last',
          'closing attached meanwhile',
          'closed attached meanwhile',
          'closing older',
          'closed older',
        ],
      ],
      ['one in a hook of the last', ['closing attached meanwhile', 'closed attached meanwhile']],
      ['one in a hook, on process.exit()', ['attached meanwhile']],
      ['one, and unhooks another in a hook', []],
    ])('newest first, one at a time: %s', async (story, said) => {
      expect(await end('order', story)).toEqual({
        code: 0,
        signal: null,
        stdout: lines(...said),
        stderr: '',
      });
    });
  });

  describe('of containers without the module', () => {
    const inTime = 'disposed on {"type":"end"} in time true';

    test.each([
      ['resolves', 0, [], ''],
      ['rejects', 1, [], reported('Pool.dispose failed: [Error: cannot close]')],
      ['throws', 1, [], reported('Pool.dispose failed: [Error: cannot close]')],
      ['is synchronous', 0, [], ''],
      [
        'hangs',
        1,
        ['hangs', 'stops on TimeoutError: The disposal was not done within 20 ms'],
        reported(`Pool.dispose ${timedOut(20)}`),
      ],
    ])('dispose() %s', async (kind, code, said, stderr) => {
      expect(await end('foreign', 'end', kind)).toEqual({
        code,
        signal: null,
        stdout: lines(inTime, ...said),
        stderr,
      });
    });

    test('each of which is disposed, whatever became of the others', async () => {
      expect(await end('foreign', 'exit 0', 'hangs', 'throws', 'resolves', 'rejects')).toEqual({
        code: 1,
        signal: null,
        stdout: lines(
          ...Array<string>(4).fill('disposed on {"type":"exit","code":0} in time true'),
          'hangs',
          'stops on TimeoutError: The disposal was not done within 500 ms',
        ),
        stderr: reported(
          'Pool.dispose failed: [Error: cannot close]',
          'Pool.dispose failed: [Error: cannot close]',
          `Pool.dispose ${timedOut(500)}`,
        ),
      });
    });

    test.each(['process.exit 0', 'an expired budget'])(
      'that nothing can await any more: %s',
      async (way) => {
        const reason = way === 'process.exit 0' ? '{"type":"exit","code":0}' : '{"type":"end"}';
        const late = `disposed on ${reason} in time false`;
        expect(
          await end('foreign', way, 'hangs', 'rejects', 'is synchronous', 'throws', 'resolves'),
        ).toEqual({
          code: 1,
          signal: null,
          stdout: lines(
            ...(way === 'an expired budget' ? [`disposed on ${reason} in time true`] : []),
            ...Array<string>(5).fill(late),
            'hangs',
          ),
          stderr: reported(
            `Pool.dispose ${notAwaited}`,
            'Pool.dispose failed: [Error: cannot close]',
            `Pool.dispose ${notAwaited}`,
            `Pool.dispose ${notAwaited}`,
          ),
        });
      },
    );
  });
});

/** Sends signals one after another while a hook runs, which ends when they have come. */
async function signalled(
  way: string,
  repeatAfter: string,
  ...signals: readonly NodeJS.Signals[]
): Promise<Ended> {
  const program = await begin('signals', [way, repeatAfter, String(signals.length)]);
  await program.said(way === 'wait' ? 'ready' : 'waits');
  let left = signals.length;
  for (const signal of signals) {
    program.child.kill(signal);
    left--;
    if (left > 0) {
      await program.said(`${String(left)} to come`);
    }
  }
  return program.ended;
}
