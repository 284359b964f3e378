import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const needed = ['.npmrc', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts', 'src'];

/**
 * A copy of what this repository keeps to build the package, with nothing built; it shares the
 * installed packages.
 */
export interface FreshCheckout {
  readonly path: string;
  remove(): Promise<void>;
}

export async function freshCheckout(...more: readonly string[]): Promise<FreshCheckout> {
  const path = await mkdtemp(join(tmpdir(), 'inversify-onexit-'));
  for (const entry of [...needed, ...more]) {
    await cp(join(root, entry), join(path, entry), {
      recursive: true,
      filter: (source) => !source.endsWith('dist'),
    });
  }
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'), 'junction');
  return { path, remove: () => rm(path, { recursive: true }) };
}
