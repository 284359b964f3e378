/**
 * What the compiler says to users of the package. Each file under `types/` is a program of theirs:
 * its first line names the promise, the comments after it are the errors that it must give, as
 * `error:` or, where the kinds of decorators differ, as `legacy error:` and `standard error:`.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

type Decorators = 'legacy' | 'standard';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const declarations = emitDeclarations();

/** Each Inversify, and the core that npm installs beside it, which the types of plugins name. */
const versions = {
  'inversify 8': {
    inversify: installed('inversify/lib/index.d.ts'),
    core: installed('@inversifyjs/core/lib/index.d.ts'),
  },
  'inversify 7': {
    inversify: installed('inversify-7/lib/esm/index.d.ts'),
    core: installed('inversify-7/node_modules/@inversifyjs/core/lib/esm/index.d.ts'),
  },
};
const decoratorKinds: Decorators[] = ['legacy', 'standard'];

for (const [version, { inversify, core }] of Object.entries(versions)) {
  const paths = { inversify: [inversify], '@inversifyjs/core': [core] };

  for (const decorators of decoratorKinds) {
    const consumer = `${version}, ${decorators} decorators`;
    const fixtures = fixturesIn('types');
    const program = compile(fixtures, decorators, paths);
    testFixtures(program, fixtures, decorators, consumer);
    testDeclarations(program, 'index.d.ts', consumer);
  }

  const fixtures = fixturesIn('types/with-node');
  const program = compile(fixtures, 'legacy', paths, ['node']);
  testFixtures(program, fixtures, 'legacy', version);
  testDeclarations(program, 'process.d.ts', version);

  // An import augments `Container` for the whole program, so these have one each.
  for (const fixture of fixturesIn('types/alone')) {
    testFixtures(compile([fixture], 'legacy', paths), [fixture], 'legacy', version);
  }
}

function testDeclarations(program: ts.Program, door: string, consumer: string): void {
  describe('the public face', () => {
    test(`the declarations have no errors without skipLibCheck (${door}, ${consumer})`, () => {
      const own = [...declarations.keys()].filter((file) => program.getSourceFile(file));
      expect(own).toContain(path.join(dist, door));
      expect(own.flatMap((file) => errorsIn(program, file))).toEqual([]);
    });
  });
}

function testFixtures(
  program: ts.Program,
  fixtures: string[],
  decorators: Decorators,
  consumer: string,
): void {
  for (const fixture of fixtures) {
    const { promise, behaviour, errors } = readHeading(fixture, decorators);
    describe(promise, () => {
      test(`${behaviour} (${consumer})`, () => {
        expect(errorsIn(program, fixture)).toEqual(errors);
      });
    });
  }
}

function fixturesIn(name: string): string[] {
  const folder = path.join(import.meta.dirname, name);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file));
}

function readHeading(
  fixture: string,
  decorators: Decorators,
): { promise: string; behaviour: string; errors: string[] } {
  const [heading = ''] = /^(?:\/\/.*\n)+/.exec(readFileSync(fixture, 'utf8')) ?? [];
  const [title = '', ...lines] = heading
    .trim()
    .replaceAll(/^\/\/ /gm, '')
    .split('\n');
  const [promise = '', behaviour = ''] = title.split(' › ');
  const errors = lines.join('\n').matchAll(/^(?:(\w+) )?error: (.+(?:\n .+)*)/gm);
  return {
    promise,
    behaviour,
    errors: [...errors]
      .filter(([, only]) => only === undefined || only === decorators)
      .map(([, , text = '']) => text),
  };
}

/** As in a package that depends on ours: `exports` leads to what `dist` would hold. */
function compile(
  fixtures: string[],
  decorators: Decorators,
  paths: Record<string, string[]>,
  types: string[] = [],
): ts.Program {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    types,
    strict: true,
    experimentalDecorators: decorators === 'legacy',
    noEmit: true,
    paths,
  };
  const host = ts.createCompilerHost(options);
  host.readFile = (file) => declarations.get(file) ?? ts.sys.readFile(file);
  host.fileExists = (file) => declarations.has(file) || ts.sys.fileExists(file);
  host.directoryExists = (folder) => folder.startsWith(dist) || ts.sys.directoryExists(folder);
  return ts.createProgram(fixtures, options, host);
}

function emitDeclarations(): Map<string, string> {
  const emitted = new Map<string, string>();
  const config = ts.parseJsonSourceFileConfigFileContent(
    ts.readJsonConfigFile(path.join(root, 'tsconfig.build.json'), (file) => ts.sys.readFile(file)),
    ts.sys,
    root,
    { emitDeclarationOnly: true, declarationMap: false },
  );
  ts.createProgram(config.fileNames, config.options).emit(undefined, (file, text) => {
    emitted.set(file, text);
  });
  return emitted;
}

function errorsIn(program: ts.Program, file: string): string[] {
  const source = program.getSourceFile(file);
  return [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

function installed(file: string): string {
  // It throws for a file that is not there, where the compiler would take the other Inversify.
  return realpathSync(path.join(root, 'node_modules', file));
}
