import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { run, type Ended } from './support/child-process.js';
import { freshCheckout, type FreshCheckout } from './support/fresh-checkout.js';

describe('The main job', () => {
  let checkout: FreshCheckout;
  let demo: Ended;

  beforeAll(async () => {
    checkout = await freshCheckout(
      '.npmrc',
      'package.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'src',
      'examples',
    );
    demo = await run('npm run --silent demo', checkout.path);
  }, 120_000);

  afterAll(async () => {
    await checkout.remove();
  });

  test('runs where nothing was built before, and its process ends by itself, cleanly', () => {
    expect(demo).toEqual({ code: 0, stderr: '', stdout: expect.stringContaining('listening on') });
  });

  test('exits each service before what it depends on', () => {
    const exits = [...demo.stdout.matchAll(/^(\S+) +(\S+) +[\d.]+ ms/gm)];
    expect(exits.map(([, outcome, hook]) => `${String(outcome)} ${String(hook)}`)).toEqual([
      'done HttpServer.close',
      'done BatchWriter.flush',
      'done ReadingRepository.logCount',
      'done Database.close',
    ]);
  });

  test('stores every reading that was sent: the rest is flushed while the database is open', () => {
    const sent = number(/(\d+) readings sent/);
    const storedBefore = number(/(\d+) rows stored/);
    const flushed = number(/wrote the (\d+) readings/);
    const storedAfter = number(/counted (\d+) rows: its database is still open/);
    expect({ sent, storedBefore, flushed, storedAfter }).toEqual({
      sent: 25,
      storedBefore: 20,
      flushed: 5,
      storedAfter: 25,
    });
  });

  function number(pattern: RegExp): number {
    return Number(pattern.exec(demo.stdout)?.[1]);
  }
});
