import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import ts from 'typescript';

import { start, type Running } from './child.js';
import { outputOf, unpackPackage } from './packed-package.js';

const root = path.resolve(import.meta.dirname, '../..');

const compilerOptions = { experimentalDecorators: true, emitDecoratorMetadata: true };

/** What runs programs: Deno gives them no permission, unless it is said. */
export type Runtime =
  'Node.js' | 'Bun' | 'Bun --unhandled-rejections=throw' | 'Deno' | 'Deno --allow-read';

/** A user's project: the programs of `test/fixtures/runtimes`, and the packed package. */
export interface Project {
  readonly folder: string;
  command(runtime: Runtime, program: string, ...parameters: readonly string[]): string[];
  start(runtime: Runtime, program: string, ...parameters: readonly string[]): Running;
  remove(): Promise<void>;
}

export async function createProject(): Promise<Project> {
  const folder = await mkdtemp(path.join(tmpdir(), 'inversify-onexit-runtimes-'));
  await unpackPackage(folder);
  const modules = path.join(folder, 'node_modules');
  await mkdir(modules);
  await rename(path.join(folder, 'package'), path.join(modules, 'inversify-onexit'));
  for (const name of ['@inversifyjs', 'inversify', 'reflect-metadata']) {
    await symlink(path.join(root, 'node_modules', name), path.join(modules, name), 'junction');
  }
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const programs = path.join(root, 'test/fixtures/runtimes');
  for (const name of await readdir(programs)) {
    const source = await readFile(path.join(programs, name), 'utf8');
    await writeFile(path.join(folder, name), source);
    // Node.js does not run TypeScript that has decorators.
    await writeFile(path.join(folder, name.replace(/ts$/, 'js')), compiled(source));
  }

  // The runtimes themselves: what npx starts need not pass signals on.
  const bun = await printed(folder, 'bun@1.4.5', '--print', 'process.execPath');
  const deno = await printed(folder, 'deno@2.9.6', 'eval', '--print', 'Deno.execPath()');
  // Quiet, since it warns that `experimentalDecorators` is deprecated.
  const quietDeno = [deno, 'run', '--quiet', '--no-prompt'];
  const commands: Record<Runtime, (program: string) => string[]> = {
    'Node.js': (program) => [process.execPath, `${program}.js`],
    Bun: (program) => [bun, `${program}.ts`],
    'Bun --unhandled-rejections=throw': (program) => [
      bun,
      '--unhandled-rejections=throw',
      `${program}.ts`,
    ],
    Deno: (program) => [...quietDeno, `${program}.ts`],
    'Deno --allow-read': (program) => [...quietDeno, '--allow-read', `${program}.ts`],
  };
  const command: Project['command'] = (runtime, program, ...parameters) => [
    ...commands[runtime](program),
    ...parameters,
  ];
  return {
    folder,
    command,
    start: (...given) => {
      const [runtime = '', ...parameters] = command(...given);
      return start(runtime, parameters, { cwd: folder });
    },
    remove: async () => rm(folder, { recursive: true }),
  };
}

async function printed(folder: string, ...command: readonly string[]): Promise<string> {
  return (await outputOf('npx', ['--yes', ...command], folder)).trim();
}

function compiled(source: string): string {
  const [target, module] = [ts.ScriptTarget.ES2022, ts.ModuleKind.ESNext];
  return ts.transpileModule(source, { compilerOptions: { ...compilerOptions, target, module } })
    .outputText;
}
