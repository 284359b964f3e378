import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

import { blocksOf, testBlocks } from './support/blocks.js';

const root = path.resolve(import.meta.dirname, '..');
const readme = await readFile(path.join(root, 'README.md'), 'utf8');
const blocks = await blocksOf('README.md');

describe('README', () => {
  testBlocks(blocks);

  test('what it links to exists', async () => {
    const targets = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(
      ([, target = '']) => target,
    );
    expect(targets.length).toBeGreaterThan(10);
    for (const target of new Set(targets)) {
      expect(
        ts.sys.fileExists(path.join(root, target)) ||
          ts.sys.directoryExists(path.join(root, target)),
      ).toBe(true);
    }
  });

  test('each promise in its table has tests under its name, in the file that it links to', async () => {
    const rows = [...readme.matchAll(/^\| \[(P\d+) ([^\]]+)\]\(([^)]+)\)/gm)];
    expect(rows).toHaveLength(32);
    for (const [, number = '', name = '', file = ''] of rows) {
      const tests = await readFile(path.join(root, file), 'utf8');
      expect(tests.toLowerCase().replaceAll('"', "'")).toContain(
        `describe('${number} ${name}`.toLowerCase(),
      );
    }
  });

  test('the timelines in it, as text and as image, are of one run', async () => {
    const svg = await readFile(path.join(root, 'examples/timeline/timeline.svg'), 'utf8');
    const [, text = ''] = /^```text\n(.*?)^```$/ms.exec(readme) ?? [];
    const drawn = [...svg.matchAll(/class="duration muted"[^>]*>([^<]*)/g)].map(([, time]) => time);
    const written = [...text.matchAll(/^[ ✗!?] .* (\d+\.\d+ m?s) {2}/gm)].map(([, time]) => time);
    expect(written.length).toBeGreaterThan(5);
    expect(written).toEqual(drawn);
  });

  test('the figures of its costs are those of the run that the benchmarks show', async () => {
    const [costs = ''] = /^## Cost\n.*?^## /ms.exec(readme) ?? [];
    const [, run = ''] = (await readFile(path.join(root, 'bench/README.md'), 'utf8')).split(
      '## One run',
    );
    const figures = costs.match(/[\d.]+ (?:ns|µs|B)\b/g) ?? [];
    expect(figures.length).toBeGreaterThan(5);
    for (const figure of figures) {
      expect(run).toMatch(new RegExp(`[ +]${figure.replace('.', '\\.')} `));
    }
  });

  test('its commands are the scripts of the package, and CI runs them', async () => {
    const { scripts } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const commands = [...readme.matchAll(/`(npm ci && )?npm (?:run )?([\w:]+)`/g)].map(
      ([, , script = '']) => script,
    );
    // `npm start` is the reader's own.
    expect(new Set(commands.filter((script) => script !== 'start'))).toEqual(
      new Set([
        'demo',
        'test',
        'test:all',
        'proof',
        'timeline',
        'test:browser',
        'test:terminal',
        'test:runtimes',
        'bench',
        'size',
      ]),
    );
    for (const script of commands.filter((each) => each !== 'start')) {
      expect(scripts).toHaveProperty(script);
    }
    expect(await readFile(path.join(root, '.ci/run'), 'utf8')).toContain('npm test');
  });
});
