import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '..');
const readme = await readFile(path.join(root, 'README.md'), 'utf8');

const documented = new Map(
  [...readme.matchAll(/^\| `(src\/[^`]+)` +\| .* \|(.*)\|$/gm)].map(([, file = '', rooms = '']) => [
    file,
    [...rooms.matchAll(/`([^`]+)`/g)].map(([, room]) => room),
  ]),
);

const files = (await readdir(path.join(root, 'src'), { recursive: true }))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file}`);

describe('The house', () => {
  test.each(files)('%s imports what the README says', async (file) => {
    const source = await readFile(path.join(root, file), 'utf8');
    const imports = ts.preProcessFile(source).importedFiles.map(({ fileName }) => fileName);
    const rooms = imports
      .filter((name) => name.startsWith('.'))
      .map((name) => path.posix.join(path.posix.dirname(file), name))
      .map((name) => name.replace(/^src\/(.*)\.js$/, '$1'));
    expect([...new Set(rooms)].sort()).toEqual(documented.get(file));
    const packages = imports.filter((name) => !name.startsWith('.'));
    const allowed = /\bprocess\b/.test(file)
      ? /^(node:|@inversifyjs\/common$)/
      : /^(inversify$|@inversifyjs\/)/;
    expect(packages.filter((name) => !allowed.test(name))).toEqual([]);
  });

  test('every room in the table exists', () => {
    expect([...documented.keys()].sort()).toEqual(files.sort());
  });

  test('importing it adds no listener and starts no timer', async () => {
    const { runFixture } = await import('./support/child.js');
    await expect(runFixture('import-only')).resolves.toEqual({
      code: 0,
      signal: null,
      stdout: 'listeners added: 0, resources active: 0\n',
      stderr: '',
    });
  });
});
