/** The packed package in Bun and Deno, which run TypeScript, and in Node.js for comparison. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { run, type Ended, type Running } from '../support/child.js';
import { createProject, type Project, type Runtime } from '../support/runtimes.js';

let project: Project;

beforeAll(async () => {
  project = await createProject();
}, 120_000);

afterAll(async () => {
  await project.remove();
});

const signals = [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

describe.each(['Node.js', 'Bun', 'Deno'] as const)('%s', (runtime) => {
  const ended = async (way: string, hook = ''): Promise<Ended> =>
    reported(await project.start(runtime, 'ends', way, hook).ended);

  const started = async (hook = ''): Promise<Running> => {
    const program = project.start(runtime, 'ends', 'wait', hook);
    await program.said('ready');
    return program;
  };

  test('hooks run in reverse order, children first, in time, and their failures are told', async () => {
    await expect(project.start(runtime, 'main').ended).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: [
        'await using: active',
        'repository flushed',
        'pool closed on undefined',
        'using: called',
        'request closed',
        'repository flushed',
        'pool closed on request',
        '3 exits, 1 of them in 1 child (numbered): all done',
        'ContainerDisposedError: Pool',
        'aborted with TimeoutError',
        'repository flushed',
        'pool closed on failure',
        'DisposeError',
        'callback stuck timed-out',
        'callback sync failed',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  test.each([
    ['end', 'end', 0],
    ['exit 4', 'exit 4', 4],
  ])('P24 every ordinary end: %s', async (way, cause, code) => {
    await expect(ended(way)).resolves.toEqual({
      code,
      signal: null,
      stdout: lines('ready', 'server closed', `pool closed on ${cause}`, `exit ${String(code)}`),
      stderr: '',
    });
  });

  test('P24 every ordinary end: process.exit() awaits nothing, and names what it did not', async () => {
    await expect(ended('process.exit 5')).resolves.toEqual({
      code: 5,
      signal: null,
      stdout: lines('ready', 'exit 5'),
      stderr: notAwaited('Server.close', 'Pool.close'),
    });
  });

  test.each(signals)('P23 why the process ended: %s', async (signal, code) => {
    const program = await started();
    program.child.kill(signal);
    await expect(program.ended).resolves.toEqual({
      code: null,
      signal,
      stdout: lines('ready', 'server closed', `pool closed on ${signal}`, `exit ${String(code)}`),
      stderr: '',
    });
  });

  test('P23 why the process ended: as the first process of a container, 128 + n', async () => {
    const [unshare, ...own] = ['unshare', '--map-root-user', '--pid', '--fork'];
    const parameters = [...own, ...project.command(runtime, 'ends', 'kill itself')];
    await expect(run(unshare, parameters, { cwd: project.folder })).resolves.toEqual({
      code: 143,
      signal: null,
      stdout: lines('ready', 'server closed', 'pool closed on SIGTERM', 'exit 143'),
      stderr: '',
    });
  });

  test('P24 every ordinary end: an uncaught exception', async () => {
    await expect(ended('throw')).resolves.toEqual(fatal);
  });

  test('P23 why the process ended: a hook that fails makes 1 of success', async () => {
    await expect(ended('end', 'fail')).resolves.toEqual({
      code: 1,
      signal: null,
      stdout: lines('ready', 'pool closed on end', 'exit 1'),
      stderr: 'inversify-onexit: Server.close failed: Error: disk full\n',
    });
  });

  test('P23 why the process ended: a hook that fails makes 1 of a signal', async () => {
    const program = await started('fail');
    program.child.kill('SIGTERM');
    expect(reported(await program.ended)).toEqual({
      code: 1,
      signal: null,
      stdout: lines('ready', 'pool closed on SIGTERM', 'exit 1'),
      stderr: 'inversify-onexit: Server.close failed: Error: disk full\n',
    });
  });

  test.each([
    ['end', 1],
    ['exit 4', 4],
  ])('P24 every ordinary end: %s, and a hook that hangs', async (way, code) => {
    await expect(ended(way, 'hang')).resolves.toEqual({
      code,
      signal: null,
      stdout: lines('ready', `exit ${String(code)}`),
      stderr: `${timedOut}${notAwaited('Pool.close')}`,
    });
  });

  test('P24 every ordinary end: a second SIGINT forces it', async () => {
    const program = await started('hang and say so');
    program.child.kill('SIGINT');
    await program.said('server hangs');
    program.child.kill('SIGINT');
    expect(reported(await program.ended)).toEqual({
      code: null,
      signal: 'SIGINT',
      stdout: lines('ready', 'server hangs', 'exit 130'),
      stderr: `${cutOff}${notAwaited('Pool.close')}`,
    });
  });

  test('P24 every ordinary end: what hooks log arrives whole at a slow reader', async () => {
    await expect(readSlowly(runtime, 'console.log()')).resolves.toEqual(whole);
  });

  test('P25 a good guest: nothing is left when the container is detached', async () => {
    await expect(ended('unhook')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: lines('ready', '1,1,1,1,1,1', '0,0,0,0,0,0', 'exit 0'),
      stderr: '',
    });
  });
});

describe('What differs', () => {
  const started = (runtime: Runtime, ...parameters: readonly string[]): Running =>
    project.start(runtime, 'ends', ...parameters);

  test.each(['Node.js', 'Bun --unhandled-rejections=throw', 'Deno'] as const)(
    '%s: an unhandled rejection is an uncaught exception',
    async (runtime) => {
      expect(reported(await started(runtime, 'reject').ended)).toEqual(fatal);
    },
  );

  // Bun reports it itself then, and emits nothing but `exit` (oven-sh/bun#20441), with 0 for the 1 with
  // which it ends (oven-sh/bun#38116). A listener of ours to `unhandledRejection` would change
  // what the flag of this name asks for, there and in Node.js.
  test('Bun by default: an unhandled rejection awaits no hook', async () => {
    const { code, signal, stdout, stderr } = await started('Bun', 'reject').ended;
    expect([code, signal, stdout]).toEqual([1, null, lines('ready', 'exit 0')]);
    expect(stderr).toContain('error: nobody catches it\n');
    expect(stderr).toContain(notAwaited('Server.close', 'Pool.close'));
  });

  test.each(['Node.js', 'Deno'] as const)(
    '%s: what hooks write to process.stdout arrives whole at a slow reader',
    async (runtime) => {
      await expect(readSlowly(runtime, 'process.stdout')).resolves.toEqual(whole);
    },
  );

  // Its streams do not count what they hold (see oven-sh/bun#28635), and call back at once.
  test('Bun: what hooks write to process.stdout, and the reader has not taken, is lost', async () => {
    const { code, length } = await readSlowly('Bun', 'process.stdout', 'test -s ended');
    expect(code).toBe(4);
    expect(length).toBeLessThan(2 ** 20);
  });

  // It emits `unload` of the web, and nothing of `node:process`.
  test('Deno: Deno.exit() disposes nothing', async () => {
    await expect(started('Deno', 'Deno.exit 6').ended).resolves.toEqual({
      code: 6,
      signal: null,
      stdout: 'ready\n',
      stderr: '',
    });
  });

  test.each(['Node.js', 'Bun'] as const)(
    '%s: a worker that ends by itself disposes, and awaits it',
    async (runtime) => {
      await expect(project.start(runtime, 'worker').ended).resolves.toEqual({
        code: 0,
        signal: null,
        stdout: lines('worker closed', 'worker has ended with 0', 'program closed'),
        stderr: '',
      });
    },
  );

  // It emits `beforeExit` in the main thread only.
  test('Deno: a worker that ends by itself awaits no hook', async () => {
    await expect(project.start('Deno --allow-read', 'worker').ended).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: lines('worker has ended with 0', 'program closed'),
      stderr: notAwaited('callback close'),
    });
  });

  // A view would need permission to read the environment: `CI`, `TERM`, `NO_COLOR` and more.
  test('Deno: a terminal is shown lines, too, and no permission is asked for', async () => {
    const command = project.command('Deno', 'ends', 'end', "'take a while'").join(' ');
    const terminal = ['--quiet', '--return', '--command', command, '/dev/null'];
    const env = { TERM: 'xterm', NO_COLOR: '1' };
    const { stdout, ...end } = await run('script', terminal, { cwd: project.folder, env });
    expect(end).toEqual({ code: 0, signal: null, stderr: '' });
    expect(stdout.replace(/\d\.\d s/, 'N s')).toBe(
      [
        'ready',
        'inversify-onexit: Server.close has been running for N s; 1 more to run',
        'server closed',
        'pool closed on end',
        'exit 0',
        '',
      ].join('\r\n'),
    );
  });
});

const whole = { code: 4, length: 2 ** 20 };

const timedOut =
  'inversify-onexit: Server.close timed out after N ms: ' +
  'The disposal was not done within N ms\n';

const cutOff = 'inversify-onexit: Server.close was cut off after N ms: SIGINT came again\n';

const fatal: Ended = {
  code: 1,
  signal: null,
  stdout: lines(
    'ready',
    'server closed',
    'pool closed on fatal Error: nobody catches it',
    'exit 1',
  ),
  stderr: 'Error: nobody catches it\n',
};

function notAwaited(...hooks: readonly string[]): string {
  return lines(
    ...hooks.map((hook) => `inversify-onexit: ${hook} could not be awaited: how it ends is lost`),
  );
}

function lines(...text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join('');
}

/**
 * What comes out of a pipe, which is read once the hook is about to write more than a pipe holds: the
 * pipes of child processes are sockets, which hold more.
 */
async function readSlowly(
  runtime: Runtime,
  way: 'console.log()' | 'process.stdout',
  until = 'grep -qs "much is written" told',
): Promise<{ code: number | null; length: number }> {
  const script = `
    rm -f told ended
    ("$@" 2>told; echo $? >ended) | (until ${until}; do sleep 0.01; done; wc -c)
    exit $(cat ended)`;
  const command = project.command(runtime, 'much', way);
  const { code, stdout } = await run('bash', ['-c', script, 'bash', ...command], {
    cwd: project.folder,
  });
  return { code, length: Number(stdout) };
}

/** Without what differs from run to run, and from one runtime to another. */
function reported({ stderr, ...ended }: Ended): Ended {
  return { ...ended, stderr: stderr.replace(/^ +at .*\n/gm, '').replace(/\d+ ms/g, 'N ms') };
}
