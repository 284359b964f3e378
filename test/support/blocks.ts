/** The TypeScript blocks of a page, run as programs. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatWithOptions } from 'node:util';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import ts from 'typescript';

import { startFixture } from './child.js';

const root = path.resolve(import.meta.dirname, '../..');

interface Block {
  /** `README.md:40`. */
  readonly place: string;
  readonly code: string;
}

/** The blocks of the pages with these paths from the root of the repository. */
export async function blocksOf(...pages: string[]): Promise<Block[]> {
  const blocks = pages.map(async (page) => {
    const text = await readFile(path.join(root, page), 'utf8');
    return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ index, 1: code = '' }) => ({
      place: `${page}:${String(text.slice(0, index).split('\n').length)}`,
      code,
    }));
  });
  return (await Promise.all(blocks)).flat();
}

/** Registers tests: each block prints what its `//=>` lines say, and all of them type-check. */
export function testBlocks(blocks: readonly Block[]): void {
  // Within the repository, where packages are found.
  const folder = path.join(root, '.cache', `blocks-${randomUUID()}`);
  const programs = blocks.map((block, index) => ({
    ...block,
    file: path.join(folder, `block-${String(index + 1)}.ts`),
  }));

  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    await Promise.all(programs.map(async ({ file, code }) => writeFile(file, code)));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test.each(programs)('the block at $place prints what it says', async ({ file, code }) => {
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

  test('the blocks type-check', () => {
    const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) =>
      ts.sys.readFile(file),
    ) as { config: unknown };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram(
      programs.map(({ file }) => file),
      options,
    );
    const placeOf = new Map(programs.map(({ file, place }) => [file, place]));
    expect(
      ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
        place: file && (placeOf.get(path.normalize(file.fileName)) ?? file.fileName),
        message: ts.flattenDiagnosticMessageText(messageText, '\n'),
      })),
    ).toEqual([]);
  }, 60_000);
}

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
