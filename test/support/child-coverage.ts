/** What programs of `test/fixtures` run of the process door counts for `npm run coverage`, too. */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import type { Plugin } from 'esbuild';
import { createFileCoverage, type CoverageMapData } from 'istanbul-lib-coverage';

import { instrument } from './instrumenting.js';

declare global {
  /** Where jest looks for it when the tests of a file have ended. */
  var __coverage__: CoverageMapData | undefined;
}

export const countsCoverage = process.env.TEST_COVERAGE !== undefined;

/** Counts what runs of the door, and of nothing else, since tests run that within jest. */
export const instrumented: Plugin = {
  name: 'instrumented',
  setup: (build) => {
    build.onLoad({ filter: /\/src\/process(\/\w+)?\.ts$/ }, async (file) => ({
      contents: instrument(await readFile(file.path, 'utf8'), file.path),
      loader: 'ts',
    }));
  },
};

/** What comes before a program, so that its counts are written however it ends. */
export const written = `
import { renameSync as keepCounts, writeFileSync as writeCounts } from 'node:fs';
{
  const { emit, kill } = process;
  const write = () => {
    const name = \`\${import.meta.filename}.\${process.pid}-\${process.hrtime.bigint()}.json\`;
    // One that is killed meanwhile leaves no half of it.
    writeCounts(\`\${name}.part\`, JSON.stringify(globalThis.__coverage__ ?? {}));
    keepCounts(\`\${name}.part\`, name);
  };
  process.emit = function (event, ...parameters) {
    const result = Reflect.apply(emit, this, [event, ...parameters]);
    if (event === 'exit') write();
    return result;
  };
  process.kill = function (...killed) {
    write();
    return Reflect.apply(kill, this, killed);
  };
}
`;

/** Adds what the runs of a program have written. */
export async function takeCounts(program: string): Promise<void> {
  const folder = path.dirname(program);
  for (const name of await readdir(folder)) {
    if (name.startsWith(`${path.basename(program)}.`)) {
      const file = path.join(folder, name);
      if (name.endsWith('.json')) {
        addCounts(JSON.parse(await readFile(file, 'utf8')) as CoverageMapData);
      }
      await rm(file);
    }
  }
}

function addCounts(counts: CoverageMapData): void {
  // What is counted here goes on being counted in the same objects.
  const all = (globalThis.__coverage__ ??= {});
  for (const [file, added] of Object.entries(counts)) {
    const known = all[file];
    if (known === undefined) {
      all[file] = added;
    } else {
      createFileCoverage(known).merge(createFileCoverage(added));
    }
  }
}
