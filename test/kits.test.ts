import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';

const folder = path.resolve(import.meta.dirname, 'kits');
const table = await readFile(path.join(folder, 'README.md'), 'utf8');

const rows = table.split('\n## ').flatMap((section) => {
  const file = /^In \[(.+)\]\(\1\)/m.exec(section)?.[1];
  return [...section.matchAll(/^\| `([^`]+)` +\| (\S+) +\| (.*?) +\|$/gm)].map(
    ([, name = '', verdict = '', words = '']) => ({ file, name, verdict, words }),
  );
});

function isTested({ words }: { words: string }): boolean {
  return words.startsWith('(P');
}

describe('The table of the test kits', () => {
  test('names every test of the kits, and none that is not there', async () => {
    const files = (await readdir(folder)).filter((file) => file.endsWith('.test.ts'));
    expect(new Set(rows.map(({ file }) => file))).toEqual(new Set(files));
    for (const file of files) {
      const tests = await readFile(path.join(folder, file), 'utf8');
      const titles = [...tests.matchAll(/\btest\(\s*(['"])(.+)\1,/g)].map(([, , title]) => title);
      expect(titles).toHaveLength([...tests.matchAll(/\btest[.(]/g)].length);
      const named = rows.filter((row) => row.file === file && isTested(row));
      expect(named.map(({ name, words }) => `${name} ${words}`).sort()).toEqual(titles.sort());
    }
  });

  test('has one row for each case', () => {
    const names = rows.map(({ name }) => name);
    expect(table.match(/^\| `/gm)).toHaveLength(rows.length);
    expect(names.length).toBeGreaterThan(100);
    expect(names).toEqual([...new Set(names)]);
  });

  test('tells of each case without a test of its own which other covers it, or why none does', async () => {
    const tested = rows.filter(isTested).map(({ name }) => name);
    const readme = await readFile(path.resolve(folder, '../../README.md'), 'utf8');
    for (const { verdict, words } of rows.filter((row) => !isTested(row))) {
      if (verdict === 'later') {
        const [, promise = words] = /^with (P\d+): /.exec(words) ?? [];
        expect(promise).toMatch(/^P\d+$/);
        // Once it is kept, its cases are to be tested.
        expect(readme).not.toContain(`[${promise} `);
      } else if (verdict !== '–') {
        expect(['kept', 'differs']).toContain(verdict);
        expect(tested).toContain(/^as `(.+)`$/.exec(words)?.[1]);
      }
    }
  });
});
