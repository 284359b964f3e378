import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatWithOptions } from 'node:util';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import ts from 'typescript';

import { startFixture } from './support/child.js';

const root = path.resolve(import.meta.dirname, '..');
// Within the repository, where packages are found.
const folder = path.join(root, '.cache', `readme-${randomUUID()}`);
const readme = await readFile(path.join(root, 'README.md'), 'utf8');

const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ''], index) => ({
  file: path.join(folder, `block-${String(index + 1)}.ts`),
  line: readme.slice(0, readme.indexOf(code)).split('\n').length,
  code,
}));

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  await Promise.all(blocks.map(async ({ file, code }) => writeFile(file, code)));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What a program prints, on stdout and stderr as one. */
async function printedByProcess(file: string): Promise<string> {
  const output = await open(`${file}.txt`, 'w+');
  try {
    const { ended } = await startFixture(file.slice(0, -'.ts'.length), {
      stdio: ['ignore', output.fd, output.fd],
    });
    await ended;
    return await readFile(`${file}.txt`, 'utf8');
  } finally {
    await output.close();
  }
}

/** Without what is different each time. */
function withoutTimes(printed: string): string {
  return printed.replaceAll(/\d[\d,.]* (?=m?s\b)/g, '… ');
}

describe('README', () => {
  test.each(blocks)('the block at line $line prints what it says', async ({ file, code }) => {
    const expected = [...code.matchAll(/^\s*\/\/=> ?(.*)$/gm)].map(([, line]) => line);
    expect(expected).not.toEqual([]);
    if (code.includes("'inversify-onexit/process'")) {
      const printed = await printedByProcess(file);
      expect(withoutTimes(printed)).toBe(withoutTimes(`${expected.join('\n')}\n`));
      return;
    }
    const printed: string[] = [];
    const log = jest.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
      printed.push(...formatWithOptions({ colors: false }, ...values).split('\n'));
    });
    try {
      await import(pathToFileURL(file).href);
    } finally {
      log.mockRestore();
    }
    expect(printed).toEqual(expected);
  });

  test('its blocks type-check', () => {
    const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) =>
      ts.sys.readFile(file),
    ) as { config: unknown };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram(
      blocks.map(({ file }) => file),
      options,
    );
    expect(
      ts
        .getPreEmitDiagnostics(program)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    ).toEqual([]);
  }, 60_000);

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
    expect(rows).toHaveLength(29);
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
