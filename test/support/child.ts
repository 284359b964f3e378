import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { build, type Plugin } from 'esbuild';

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

interface FixtureOptions {
  /** For Node.js. */
  readonly flags?: readonly string[];
  /** For the program. */
  readonly parameters?: readonly string[];
}

/** Runs a program of `test/fixtures` as a process of its own, against the sources. */
export async function runFixture(
  name: string,
  { flags = [], parameters = [] }: FixtureOptions = {},
): Promise<Ended> {
  // Within the repository, where packages are found; of its own, since test files run at once.
  const outfile = path.join(root, '.cache/fixtures', `${name}-${randomUUID()}.mjs`);
  await build({
    ...fixture(name),
    outfile,
    external: ['reflect-metadata', '@inversifyjs/*'],
    plugins: [sameInversify],
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  try {
    return await run(process.execPath, [...flags, outfile, ...parameters]);
  } finally {
    await rm(outfile);
  }
}

/** A program of `test/fixtures` as one script with all that it needs; its value is its `done`. */
export async function bundleForBrowsers(name: string): Promise<string> {
  const { outputFiles } = await build({
    ...fixture(name),
    format: 'iife',
    globalName: 'program',
    platform: 'browser',
    write: false,
  });
  return `${outputFiles.map(({ text: code }) => code).join('')}; program.done`;
}

/** The version that jest has mapped for the tests is the one for their programs, too. */
const sameInversify: Plugin = {
  name: 'same Inversify',
  setup: (build) => {
    build.onResolve({ filter: /^inversify$/ }, () => ({
      path: import.meta.resolve('inversify'),
      external: true,
    }));
  },
};

function fixture(name: string): { entryPoints: string[]; bundle: true } {
  return { entryPoints: [path.join(root, 'test/fixtures', `${name}.ts`)], bundle: true };
}
