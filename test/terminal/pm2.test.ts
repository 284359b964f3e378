// Needs nothing of Debian, but brings PM2 by npx: it is too large for a devDependency.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import { run } from '../support/child.js';
import { launchedProject } from '../support/launched.js';

test('P24 every ordinary end: pm2 stop sends SIGINT, and waits as long as it is told to', async () => {
  await using project = await launchedProject('process/under-a-launcher');
  const home = path.join(project.cwd, 'pm2');
  const pm2 = async (...parameters: readonly string[]): Promise<void> => {
    const env = { PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' };
    const ended = await run('npx', ['--yes', 'pm2@7.0.4', ...parameters], { ...project, env });
    expect(ended).toMatchObject({ code: 0 });
  };
  const log = async (file: string): Promise<string> =>
    readFile(path.join(home, file), 'utf8').catch(() => '');
  await pm2('start', 'main.mjs', '--name', 'app', '--kill-timeout', '10000');
  try {
    while (!(await log('logs/app-out.log')).includes('ready')) {
      await setTimeout(20);
    }
    await pm2('stop', 'app');
    const said = await log('logs/app-out.log');
    expect(said.replace(/\d+/, '_')).toBe(
      "ready as _\nclosing on { type: 'signal', signal: 'SIGINT' }\nclosed\n",
    );
    await expect(log('logs/app-error.log')).resolves.toBe('');
    const daemon = await log('pm2.log');
    expect(daemon).toContain('App [app:0] exited with code [0] via signal [SIGINT]');
    // How many ms it waits if it is not told to: less than the time of a disposal.
    expect(daemon).toMatch(/SIGTERM timeout +: 1600/);
  } finally {
    await pm2('kill');
  }
});
