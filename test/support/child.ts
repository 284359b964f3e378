import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { build, type Plugin } from 'esbuild';

import { countsCoverage, instrumented, takeCounts, written } from './child-coverage.js';

const root = path.resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What its standard streams are; pipes, unless it is said. */
  readonly stdio?: StdioOptions;
}

/** A process that is running. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once it has printed this, on stdout or stderr; rejects if it ends before. */
  said(text: string): Promise<void>;
}

/** Starts a command as from a user's shell: without what npm and jest have set for this process. */
export function start(
  command: string,
  parameters: readonly string[],
  { cwd = root, env = {}, stdio = ['ignore', 'pipe', 'pipe'] }: RunOptions = {},
): Running {
  const shell = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm|jest|node)_|^(FORCE_COLOR|NO_COLOR|CI)$/i.test(name),
    ),
  );
  const child = spawn(command, parameters, { cwd, env: { ...shell, ...env }, stdio });
  const said = { stdout: '', stderr: '' };
  const heard = new EventEmitter();
  for (const output of ['stdout', 'stderr'] as const) {
    child[output]?.setEncoding('utf8').on('data', (text: string) => {
      said[output] += text;
      heard.emit('more');
    });
  }
  const ended = (once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>).then(
    ([code, signal]) => ({ code, signal, ...said }),
  );
  return {
    child,
    ended,
    said: async (text) => {
      const isOver = ended.then((end) => {
        throw new Error(`It has ended, and not said ${text}: ${JSON.stringify(end)}`);
      });
      isOver.catch(() => undefined);
      while (!`${said.stdout}${said.stderr}`.includes(text)) {
        await Promise.race([once(heard, 'more'), isOver]);
      }
    },
  };
}

export async function run(
  command: string,
  parameters: readonly string[],
  options?: RunOptions,
): Promise<Ended> {
  return start(command, parameters, options).ended;
}

interface FixtureOptions extends RunOptions {
  /** For Node.js. */
  readonly flags?: readonly string[];
  /** For the program. */
  readonly parameters?: readonly string[];
}

/** Runs a program of `test/fixtures` as a process of its own, against the sources. */
export async function runFixture(name: string, options?: FixtureOptions): Promise<Ended> {
  const running = await startFixture(name, options);
  return running.ended;
}

/** Starts a program of `test/fixtures`, or of another folder, as a process of its own, against the sources. */
export async function startFixture(
  name: string,
  { flags = [], parameters = [], ...options }: FixtureOptions = {},
): Promise<Running> {
  const program = await buildFixture(name);
  const running = start(process.execPath, [...flags, program, ...parameters], options);
  return { ...running, ended: running.ended.finally(async () => removeFixture(program)) };
}

/** Makes one script of a program of `test/fixtures`, for {@link removeFixture}. */
export async function buildFixture(name: string): Promise<string> {
  // Within the repository, where packages are found; of its own, since test files run at once.
  const outfile = path.join(root, '.cache/fixtures', `${path.basename(name)}-${randomUUID()}.mjs`);
  await build({
    ...fixture(name),
    outfile,
    external: ['reflect-metadata', '@inversifyjs/*'],
    plugins: [sameInversify, ...(countsCoverage ? [instrumented] : [])],
    banner: { js: countsCoverage ? written : '' },
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  return outfile;
}

export async function removeFixture(program: string): Promise<void> {
  if (countsCoverage) {
    await takeCounts(program);
  }
  await rm(program);
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
  return { entryPoints: [path.resolve(root, 'test/fixtures', `${name}.ts`)], bundle: true };
}
