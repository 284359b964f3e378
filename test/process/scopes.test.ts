/** A service under load that is stopped: each request is a unit of work in a scope. */
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';

import { startFixture, type Running } from '../support/child.js';

let service: Running;
let agent: Agent;

afterEach(() => {
  service.child.kill('SIGKILL');
  agent.destroy();
});

/** Starts it, and returns what its port is. */
async function begin(...parameters: string[]): Promise<number> {
  agent = new Agent({ keepAlive: true });
  service = await startFixture('process/scopes', { parameters, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  service.child.stdout?.on('data', (text: string) => {
    said += text;
  });
  await service.said(';');
  return Number(/port (\d+);/.exec(said)?.[1]);
}

/** The status of the answer; nothing, if there is none. */
async function request(port: number, id: string): Promise<number | undefined> {
  try {
    const [response] = (await once(
      get({ agent, host: '127.0.0.1', port, path: `/${id}` }),
      'response',
    )) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  } catch {
    return undefined;
  }
}

function ids(word: string, stdout: string): string[] {
  return Array.from(
    stdout.matchAll(new RegExp(`^${word} (\\w+)$`, 'gm')),
    ([, id = '']) => id,
  ).sort();
}

function last(count: number, stdout: string): string[] {
  return stdout.trimEnd().split('\n').slice(-count);
}

describe.each(['drain', 'exit'])('P31 scopes › a server that closes in the %s phase', (phase) => {
  test('requests in flight are answered and committed before anything is closed', async () => {
    const port = await begin(phase, 'waiting');
    const names = ['a', 'b', 'c', 'd'];
    const answers = names.map(async (id) => request(port, id));
    await Promise.all(names.map(async (id) => service.said(`begun ${id}`)));
    service.child.kill('SIGTERM');
    await service.said('stopping');
    service.child.stdin?.end('go');

    expect(await Promise.all(answers)).toEqual([200, 200, 200, 200]);
    const { code, signal, stdout, stderr } = await service.ended;
    expect({ code, signal, stderr }).toEqual({ code: null, signal: 'SIGTERM', stderr: '' });
    expect(ids('committed', stdout)).toEqual(names);
    expect(stdout).not.toMatch(/closed before|rolled back/);
    expect(last(2, stdout)).toEqual(['server closed', 'database closed']);
  });

  test('work that fails is rolled back and answered with 500, and the end is clean', async () => {
    const port = await begin(phase, 'waiting');
    const answers = [request(port, 'good'), request(port, 'bad')];
    await Promise.all(['good', 'bad'].map(async (id) => service.said(`begun ${id}`)));
    service.child.kill('SIGTERM');
    await service.said('stopping');
    service.child.stdin?.end('go');

    expect(await Promise.all(answers)).toEqual([200, 500]);
    const { code, signal, stdout, stderr } = await service.ended;
    expect({ code, signal, stderr }).toEqual({ code: null, signal: 'SIGTERM', stderr: '' });
    expect(ids('committed', stdout)).toEqual(['good']);
    expect(ids('rolled back', stdout)).toEqual(['bad']);
    expect(last(2, stdout)).toEqual(['server closed', 'database closed']);
  });

  test('work that goes on when it has been answered, and the server has closed, is committed', async () => {
    const port = await begin(phase, 'waiting');
    expect(await request(port, 'job')).toBe(202);
    await service.said('begun job');
    service.child.kill('SIGTERM');
    await service.said(phase === 'drain' ? 'server closed' : 'stopping');
    service.child.stdin?.end('go');

    const { code, signal, stdout, stderr } = await service.ended;
    expect({ code, signal, stderr }).toEqual({ code: null, signal: 'SIGTERM', stderr: '' });
    expect(ids('committed', stdout)).toEqual(['job']);
    expect(stdout).not.toMatch(/closed before|rolled back/);
    expect(last(1, stdout)).toEqual(['database closed']);
  });

  test('under load, each request is wholly done, or refused before it has begun', async () => {
    const port = await begin(phase, 'busy');
    const answers = new Map<string, number | undefined>();
    const client = async (name: string): Promise<void> => {
      for (let count = 0; ; count++) {
        const id = `${name}${String(count)}`;
        const status = await request(port, id);
        answers.set(id, status);
        if (status === undefined) {
          return;
        }
        if (answers.size === 200) {
          service.child.kill('SIGTERM');
        }
      }
    };
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(client));

    const { code, signal, stdout, stderr } = await service.ended;
    expect({ code, signal, stderr }).toEqual({ code: null, signal: 'SIGTERM', stderr: '' });
    const answered = [...answers].filter(([, status]) => status === 200).map(([id]) => id);
    expect([...answers.values()].filter((status) => status !== 200)).toEqual(
      Array.from({ length: 8 }, () => undefined),
    );
    expect(answered.length).toBeGreaterThanOrEqual(200);
    expect(ids('begun', stdout)).toEqual(answered.sort());
    expect(ids('committed', stdout)).toEqual(answered);
    expect(stdout).not.toMatch(/closed before|rolled back/);
    expect(last(2, stdout)).toEqual(['server closed', 'database closed']);
  });
});

describe.each(['drain', 'exit'])(
  'P31 scopes › no time is left while a scope runs (%s)',
  (phase) => {
    test('it is rolled back, nothing is used after it was closed, and the status is 1', async () => {
      const port = await begin(phase, 'waiting', '100');
      const answer = request(port, 'late');
      await service.said('begun late');
      service.child.kill('SIGTERM');

      const { code, signal, stdout, stderr } = await service.ended;
      expect(await answer).toBeUndefined();
      expect({ code, signal }).toEqual({ code: 1, signal: null });
      expect(ids('rolled back', stdout)).toEqual(['late']);
      expect(ids('committed', stdout)).toEqual([]);
      expect(stdout).not.toMatch(/closed before/);
      expect(stderr).toMatch(/UnitOfWork\.end could not be awaited/);
    });
  },
);
