/** What a process pays that imports the package, its Inversify being there already. */
import type { Case, Variant } from '../case.js';

export const importing: readonly Case[] = [
  {
    name: 'import, cold',
    group: 'Importing',
    unit: 'ns',
    per: 'import',
    samples: 1,
    variants: [
      importOf('inversify', () => import('inversify')),
      importOf('inversify-onexit', () => import('inversify-onexit'), 'inversify'),
      importOf('inversify-onexit/process', () => import('inversify-onexit/process'), 'inversify'),
      importOf('inversify-onexit/report', () => import('inversify-onexit/report'), 'inversify'),
      importOf('awilix', () => import('awilix')),
      importOf('tsyringe', () => import('tsyringe')),
      importOf('typed-inject', () => import('typed-inject')),
      importOf('@needle-di/core', () => import('@needle-di/core')),
      importOf('@nestjs/core', () => import('@nestjs/core')),
    ],
  },
];

function importOf(name: string, load: () => Promise<unknown>, around?: string): Variant {
  return {
    name,
    prepare: async () => {
      if (around !== undefined) {
        await import(around);
      }
      return async () => {
        const start = performance.now();
        await load();
        return (performance.now() - start) * 1e6;
      };
    },
  };
}
