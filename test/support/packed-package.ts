import path from 'node:path';

import { run } from './child.js';
import { freshCheckout } from './fresh-checkout.js';

/** Builds and packs the package, and unpacks it into `package` within the folder. */
export async function unpackPackage(folder: string): Promise<void> {
  const checkout = await freshCheckout();
  try {
    await outputOf('npm', ['run', 'build'], checkout.path);
    const tarball = await outputOf('npm', ['pack', '--silent'], checkout.path);
    await outputOf('tar', ['-xzf', path.join(checkout.path, tarball.trim())], folder);
  } finally {
    await checkout.remove();
  }
}

/** Rejects if the command fails. */
export async function outputOf(
  command: string,
  parameters: readonly string[],
  cwd: string,
): Promise<string> {
  const { code, stdout, stderr } = await run(command, parameters, { cwd });
  if (code !== 0) {
    throw new Error(`${command} ${parameters.join(' ')} failed:\n${stdout}${stderr}`);
  }
  return stdout;
}
