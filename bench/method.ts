/**
 * How it is measured: each variant has a process of its own, since code that has met other shapes is
 * slower, whoever has shown them to it. The processes take turns, one sample each, since a machine is
 * faster now and slower then. Of a process the best sample counts, which nothing has disturbed; all
 * is done again with fresh processes, since two of them never are alike.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import type { Case, Measured } from './case.js';

const program = path.join(import.meta.dirname, 'turn.js');

export async function measure(measured: Case, count: number): Promise<Measured> {
  const rounds: number[][] = [];
  for (let round = 0; round < count; round++) {
    rounds.push(await measureRound(measured, round));
  }
  return { measured, rounds };
}

async function measureRound({ name, variants, samples }: Case, round: number): Promise<number[]> {
  const best = variants.map(() => Infinity);
  const turns = variants.map((variant, index) => ({ name: variant.name, index }));
  rotate(turns, round);
  const children: { readonly child: ChildProcess; readonly index: number }[] = [];
  try {
    for (const turn of turns) {
      const child = start(name, turn.name);
      children.push({ child, index: turn.index });
      await answerOf(child);
    }
    for (let sample = 0; sample < samples; sample++) {
      for (const { child, index } of children) {
        child.send('take');
        best[index] = Math.min(best[index] ?? Infinity, Number(await answerOf(child)));
      }
      rotate(children, 1);
    }
  } finally {
    for (const { child } of children) {
      child.kill();
    }
  }
  return best;
}

function start(caseName: string, variantName: string): ChildProcess {
  return fork(program, [caseName, variantName], {
    // npm gives options of its own, for jest.
    env: { ...process.env, NODE_OPTIONS: '' },
    execArgv: ['--expose-gc', '--no-warnings', '--max-old-space-size=4096'],
  });
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const controller = new AbortController();
  const { signal } = controller;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(
      `${child.spawnargs.slice(-2).join(', ')}: its process ended with ${String(code)}`,
    );
  });
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), ended])) as unknown[];
    return answer;
  } finally {
    ended.catch(() => undefined);
    controller.abort();
  }
}

function rotate(items: unknown[], by: number): void {
  items.push(...items.splice(0, by % items.length));
}
