import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { buildFixture, removeFixture } from './child.js';

/** A folder with `main.mjs`, a program of `test/fixtures`, which `npm start` starts. */
export interface LaunchedProject extends AsyncDisposable {
  readonly cwd: string;
  /** Changes the program: it says `again` after what it says when it starts. */
  change(): Promise<void>;
}

export async function launchedProject(name: string): Promise<LaunchedProject> {
  const program = await buildFixture(name);
  // Watchers do not look into folders whose names begin with a dot.
  const cwd = await mkdtemp(path.join(tmpdir(), 'inversify-onexit-'));
  const main = path.join(cwd, 'main.mjs');
  const code = `import ${JSON.stringify(program)};\n`;
  await writeFile(main, code);
  await writeFile(
    path.join(cwd, 'package.json'),
    JSON.stringify({ scripts: { start: 'node main.mjs' } }),
  );
  return {
    cwd,
    change: async () => writeFile(main, `${code}console.log('again');\n`),
    [Symbol.asyncDispose]: async () => {
      await rm(cwd, { recursive: true });
      await removeFixture(program);
    },
  };
}
