import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { run, type Ended } from './support/child.js';
import { freshCheckout, type FreshCheckout } from './support/fresh-checkout.js';

describe('The main job', () => {
  let checkout: FreshCheckout;
  let demo: Ended;

  beforeAll(async () => {
    checkout = await freshCheckout('examples');
    demo = await run('npm', ['run', '--silent', 'demo'], { cwd: checkout.path });
  }, 120_000);

  afterAll(async () => {
    await checkout.remove();
  });

  test('runs where nothing was built before, and its process ends by itself, cleanly', () => {
    expect(demo).toEqual({
      code: 0,
      signal: null,
      stderr: '',
      stdout: expect.stringContaining('listening on'),
    });
  });

  test('exits each service before what it depends on', () => {
    const exits = [...demo.stdout.matchAll(/^(\S+) +(\S+) +[\d.]+ ms/gm)];
    expect(exits.map(([, outcome, hook]) => `${String(outcome)} ${String(hook)}`)).toEqual([
      'done HttpServer.close',
      'done BatchWriter.flush',
      'done ReadingRepository.logRows',
      'done Database.close',
    ]);
  });

  test('stores every reading that was sent: the rest is flushed while the database is open', () => {
    expect(demo.stdout).toContain('served 26 requests: 25 readings sent');
    expect(demo.stdout).toContain(
      [
        'BatchWriter wrote the 5 readings that were still queued',
        '  the database, still open, holds 25 rows; the last are',
        '    21: boiler 21',
        '    22: boiler 22',
        '    23: boiler 23',
        '    24: boiler 24',
        '    25: boiler 25',
      ].join('\n'),
    );
  });
});

describe('The timeline in the README', () => {
  test('is what its example draws, but for the times', async () => {
    const checkout = await freshCheckout('examples', 'README.md');
    try {
      const drawn = await run('npm', ['run', '--silent', 'timeline'], { cwd: checkout.path });
      expect(drawn).toEqual({ code: 0, signal: null, stderr: '', stdout: expect.anything() });
      const readme = await readFile(path.join(checkout.path, 'README.md'), 'utf8');
      expect(readme).toContain(drawn.stdout.trim());
      const shown = await readFile(path.join(import.meta.dirname, '../README.md'), 'utf8');
      const labels = (text: string): string[] =>
        text.match(/^[ ✗!?] .*\S(?= +[\d.]+ m?s {2})/gm) ?? [];
      expect(labels(shown)).toHaveLength(8);
      expect(labels(drawn.stdout)).toEqual(labels(shown));
    } finally {
      await checkout.remove();
    }
  }, 120_000);
});
