/** What a process pays that imports the package, its Inversify being there already. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { Case, Variant } from '../case.js';

const run = promisify(execFile);

export const importing: readonly Case[] = [
  {
    name: 'a first import',
    group: 'Importing',
    unit: 'ns',
    per: 'import',
    samples: 5,
    variants: [
      importOf('inversify', 'reflect-metadata'),
      importOf('inversify-onexit', 'inversify'),
      importOf('inversify-onexit/process', 'inversify-onexit'),
      importOf('inversify-onexit/report', 'inversify-onexit'),
      importOf('awilix'),
      importOf('tsyringe', 'reflect-metadata'),
      importOf('typed-inject'),
      importOf('@needle-di/core'),
      importOf('@nestjs/core', 'reflect-metadata'),
    ],
  },
];

/** @param around what an application has imported before, and is not measured */
function importOf(name: string, around?: string): Variant {
  const program = [
    around === undefined ? '' : `import 'reflect-metadata'; import '${around}';`,
    'const start = performance.now();',
    `await import('${name}');`,
    'console.log(performance.now() - start);',
  ].join('');
  return {
    name: around?.startsWith('inversify') === true ? `${name}, after ${around}` : name,
    // In one more process each time: a module is imported once.
    prepare: () => async () => {
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
      return Number(stdout) * 1e6;
    },
  };
}
