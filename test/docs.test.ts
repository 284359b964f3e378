import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { blocksOf, testBlocks } from './support/blocks.js';

const root = path.resolve(import.meta.dirname, '..');
const docs = path.join(root, 'docs');
const pages = (await readdir(docs, { recursive: true })).filter((file) => file.endsWith('.md'));
const blocks = await blocksOf(...pages.map((page) => path.join('docs', page)));

describe('The pages in docs/', () => {
  testBlocks(blocks);

  test.each(pages)('what %s links to exists', async (page) => {
    const text = await readFile(path.join(docs, page), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(
      ([, target = '']) => target,
    );
    expect(targets).not.toEqual([]);
    const folder = path.dirname(path.join(docs, page));
    expect(targets.filter((target) => !existsSync(path.join(folder, target)))).toEqual([]);
  });

  test('architecture.md has a paragraph for each folder of src, and names each door', async () => {
    const text = await readFile(path.join(docs, 'architecture.md'), 'utf8');
    for (const entry of await readdir(path.join(root, 'src'), { withFileTypes: true })) {
      expect(text).toContain(entry.isDirectory() ? `\n**${entry.name}/** ` : ` ${entry.name} `);
    }
  });
});
