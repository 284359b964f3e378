import { afterAll, afterEach } from '@jest/globals';

import { buildFixture, removeFixture, start, type Ended, type Running } from './child.js';

const built = new Map<string, Promise<string>>();
const running = new Set<Running>();

afterEach(() => {
  for (const { child } of running) {
    child.kill('SIGKILL');
  }
});

afterAll(async () => {
  for (const program of built.values()) {
    await removeFixture(await program);
  }
});

/** Starts a program of `test/fixtures/process`, which is killed if it outlives the test. */
export async function begin(
  name: string,
  parameters: readonly string[] = [],
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const program = built.get(name) ?? buildFixture(`process/${name}`);
  built.set(name, program);
  const started = start(process.execPath, [...flags, await program, ...parameters], { env });
  running.add(started);
  void started.ended.then(() => running.delete(started));
  return { ...started, ended: started.ended.then(timeless) };
}

export async function end(program: string, ...parameters: readonly string[]): Promise<Ended> {
  const { ended } = await begin(program, parameters);
  return ended;
}

/** How long each hook took differs. */
function timeless(ended: Ended): Ended {
  return { ...ended, stderr: ended.stderr.replace(/after [\d,]+ ms/g, 'after … ms') };
}

export function lines(...each: readonly string[]): string {
  return each.map((line) => `${line}\n`).join('');
}

/** Lines as the default report prints them on stderr. */
export function reported(...each: readonly string[]): string {
  return lines(...each.map((line) => `inversify-onexit: ${line}`));
}

export const notAwaited = 'could not be awaited: how it ends is lost';

export const cutOff = 'was cut off after … ms: process.exit() was called';

export function timedOut(timeout: number): string {
  return `timed out after … ms: The disposal was not done within ${String(timeout)} ms`;
}
