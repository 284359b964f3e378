/**
 * A user's program and the packed package, with each Inversify, as CommonJS and as ESM.
 *
 * Inversify itself rules out `moduleResolution: node10`, since Inversify 8 has only `exports`, and
 * CommonJS with `module: node16` (TS1479), since it is ESM only.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';

import { run } from './support/child.js';
import { unpackPackage } from './support/packed-package.js';

type Format = 'CommonJS' | 'ESM';

const root = path.resolve(import.meta.dirname, '..');
const installed = path.join(root, 'node_modules');
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'inversify-onexit-consumers-'));
  await unpackPackage(folder);
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

for (const inversify of ['inversify', 'inversify-8.0', 'inversify-7']) {
  const { version } = JSON.parse(
    readFileSync(path.join(installed, inversify, 'package.json'), 'utf8'),
  ) as { version: string };

  describe.each(['CommonJS', 'ESM'] as const)(`Consumers › Inversify ${version}, %s`, (format) => {
    let project: string;

    beforeAll(() => {
      project = path.join(folder, `${inversify}-${format}`);
      createProject(project, inversify, format);
    });

    test('a program type-checks with nodenext, and its hooks run in reverse', async () => {
      expect(compile(project, { module: ts.ModuleKind.NodeNext })).toEqual([]);
      const { stdout, ...ended } = await run(process.execPath, ['consumer.js'], { cwd: project });
      expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
      expect(stdout.split('\n')).toEqual([
        'imported, it is the same: true',
        'await using: active',
        '  repository flushed',
        '  pool closed',
        '  repository flushed',
        '  pool closed',
        'dispose',
        '2 exits: all done',
        'ContainerDisposedError Pool',
        '  repository flushed',
        '  pool closed',
        "DisposeError [ 'callback sync' ]",
        'the end',
        '  repository flushed',
        '  pool closed',
        '',
      ]);
    });

    test('a program type-checks with bundler', () => {
      const { CommonJS, ESNext } = ts.ModuleKind;
      const options = {
        module: format === 'CommonJS' ? CommonJS : ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        noEmit: true,
      };
      expect(compile(project, options)).toEqual([]);
    });
  });
}

/** A project with the packages where npm puts them. */
function createProject(project: string, inversify: string, format: Format): void {
  const modules = path.join(project, 'node_modules');
  copy(path.join(root, 'test/fixtures/consumer.ts'), path.join(project, 'consumer.ts'));
  copy(path.join(folder, 'package'), path.join(modules, 'inversify-onexit'));
  copy(
    path.join(installed, '@inversifyjs/plugin'),
    path.join(modules, 'inversify-onexit/node_modules/@inversifyjs/plugin'),
  );
  copy(path.join(installed, 'reflect-metadata'), path.join(modules, 'reflect-metadata'));
  copy(path.join(installed, inversify), path.join(modules, 'inversify'));
  for (const name of readdirSync(path.join(installed, '@inversifyjs'))) {
    const nested = path.join(installed, inversify, 'node_modules/@inversifyjs', name);
    copy(
      ts.sys.directoryExists(nested) ? nested : path.join(installed, '@inversifyjs', name),
      path.join(modules, '@inversifyjs', name),
    );
  }
  // Inversify 7 is there once for each format. Nothing may load the one that the program does not:
  // its containers would be strangers.
  const other = format === 'CommonJS' ? 'esm' : 'cjs';
  for (const name of ['inversify', '@inversifyjs/container', '@inversifyjs/core']) {
    rmSync(path.join(modules, name, 'lib', other, 'index.js'), { force: true });
  }
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ type: format === 'CommonJS' ? 'commonjs' : 'module' }),
  );
}

function copy(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    filter: (file) => file === from || !/\.map$|node_modules$/.test(file),
  });
}

function compile(project: string, options: ts.CompilerOptions): string[] {
  const program = ts.createProgram([path.join(project, 'consumer.ts')], {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    types: ['node'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    // Not `skipLibCheck`: the declarations of this package and of Inversify are checked.
    skipDefaultLibCheck: true,
    ...options,
  });
  program.emit();
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
