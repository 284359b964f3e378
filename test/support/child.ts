import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command as from a user's shell: without what npm and jest have set for this process. */
export async function run(
  command: string,
  parameters: readonly string[],
  cwd: string = root,
): Promise<Ended> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm|jest|node)_|^FORCE_COLOR$/i.test(name)),
  );
  const child = spawn(command, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, stdout, stderr };
}

/** Runs a program of `test/fixtures` as a process of its own, against the sources. */
export async function runFixture(name: string): Promise<Ended> {
  const outfile = path.join(root, '.cache/fixtures', `${name}.mjs`);
  await build({
    entryPoints: [path.join(root, 'test/fixtures', `${name}.ts`)],
    outfile,
    bundle: true,
    external: ['inversify', 'reflect-metadata', '@inversifyjs/*'],
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  return run(process.execPath, [outfile]);
}
