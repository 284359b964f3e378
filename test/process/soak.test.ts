import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { buildFixture, removeFixture, start } from '../support/child.js';
import { SoakAccount, type Sent } from '../support/soak-account.js';
import { orderOf, storyOf, type Signal, type Story } from '../support/soak-story.js';

const { SOAK_RUNS: given, SOAK_SEED: only } = process.env;
const runs = Number(given ?? 100);
/** The same each time, unless many runs are requested: those search for new failures. */
const firstSeed = given === undefined ? 1 : Date.now() % 2 ** 31;
const seeds =
  only === undefined ? Array.from({ length: runs }, (_, at) => firstSeed + at) : [Number(only)];
const atOnce = 4;

let program: string;

beforeAll(async () => {
  program = await buildFixture('process/soak');
});
afterAll(async () => removeFixture(program));

async function play(story: Story): Promise<SoakAccount> {
  const running = start(process.execPath, [program, JSON.stringify(story)]);
  const sent: Sent[] = [];
  const send = (signal: Signal): void => {
    if (running.child.kill(signal)) {
      sent.push({ signal, at: process.hrtime.bigint() });
    }
  };
  const { moment, signal, second } = story;
  const signals = async (): Promise<void> => {
    if (moment.at === 'ready') {
      await running.said(' ready');
    } else if ('count' in moment) {
      await running.said(` started ${orderOf(story)[moment.count - 1]?.name ?? ''}`);
    }
    if (moment.at !== 'in hook') {
      await setTimeout(moment.delay);
      send(signal);
    }
    if (second !== undefined) {
      await setTimeout(second.delay);
      send(second.signal);
    }
  };
  // It may end before they are to be sent.
  await Promise.all([signals().catch(() => undefined), running.ended]);
  return new SoakAccount(story, await running.ended, sent);
}

/** Plays one story after the other, beside others that do the same, and reports what is wrong. */
async function playAll(left: number[], accounts: SoakAccount[]): Promise<string[]> {
  const wrong: string[] = [];
  for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
    const account = await play(storyOf(seed));
    accounts.push(account);
    const found = account.wrong();
    if (found.length > 0) {
      wrong.push(`SOAK_SEED=${String(seed)} ${found.join('; ')}\n${account.toString()}`);
    }
  }
  return wrong;
}

test(
  'P23 why the process ended, P24 every ordinary end: killed at any moment, each hook runs once, or is named',
  async () => {
    const left = [...seeds];
    const accounts: SoakAccount[] = [];
    const wrong = await Promise.all(
      Array.from({ length: atOnce }, async () => playAll(left, accounts)),
    );
    // So that no story goes stale unnoticed; when a signal comes is not only drawn, but also counted.
    const counts = new Map<string, number>();
    for (const { ending } of accounts) {
      counts.set(ending, (counts.get(ending) ?? 0) + 1);
    }
    const shares = [...counts].map(([ending, count]) => `${ending} ${String(count)}`).sort();
    process.stdout.write(`${String(accounts.length)} processes: ${shares.join(', ')}\n`);
    expect(wrong.flat().join('\n\n')).toBe('');
  },
  60_000 + runs * 500,
);
