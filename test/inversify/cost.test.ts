import 'reflect-metadata';

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { Plugin, type PluginApi } from '@inversifyjs/plugin';
import { inject, injectable, type Container } from 'inversify';

import { runFixture } from '../support/child.js';
import { createContainer } from '../support/containers.js';
import { Pool } from '../support/services.js';

/** What a process of its own has counted, in which nothing else has been run before. */
async function count(what: string, ...flags: readonly string[]): Promise<unknown> {
  const { stdout, ...ended } = await runFixture('cost', {
    flags: ['--no-warnings', ...flags],
    parameters: [what],
  });
  expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

describe('P26 free when unused', () => {
  test('a class without hooks, outside singleton scope, has its binding left as it was, and no binding has another shape', async () => {
    await expect(count('shapes', '--allow-natives-syntax')).resolves.toEqual({
      untouched: ['constant', 'alias', 'Transient class Plain', 'Request class Plain'],
      afterGet: [],
      afterDispose: [],
      // As it would be, if one had.
      withAccessor: ['constant'],
    });
  });

  test('what has no hooks is resolved without another byte', async () => {
    // Not optimised, since what is then spared is one thing now and another then; and not collected.
    const flags = ['--no-opt', '--no-maglev', '--expose-gc', '--max-semi-space-size=128'];
    const counted = (await count('allocated', ...flags, '--min-semi-space-size=128')) as {
      without: number;
      with: number;
    }[];
    expect(counted).toHaveLength(6);
    // Less than the smallest object.
    expect(counted.filter((each) => each.with - each.without >= 16)).toEqual([]);
  });

  test('a child container plans a requested service once', () => {
    @injectable()
    class Handler {
      constructor(@inject(Pool) readonly pool: Pool) {}
    }
    let plans = 0;
    class CountPlans extends Plugin<Container> {
      load(api: PluginApi): void {
        api.onPlan(() => plans++);
      }
    }
    const parent = createContainer();
    parent.bind(Pool).toSelf().inSingletonScope();
    const child = createContainer({ parent });
    child.bind(Handler).toSelf();
    child.register(CountPlans);
    // The first one builds the pool, and from the second on it is planned as built.
    child.get(Handler);
    child.get(Handler);
    child.get(Handler);
    const before = plans;
    for (let time = 0; time < 10; time++) {
      child.get(Handler);
    }
    expect(before).toBeGreaterThan(0);
    expect(plans).toBe(before);
  });

  test('no timer is started, and nothing is listened to', async () => {
    const held = (await count('quiet')) as unknown[];
    expect(held).toHaveLength(4);
    expect(new Set(held.map((each) => JSON.stringify(each))).size).toBe(1);
  });
});

describe('P27 cheap when used', () => {
  test('at most 64 bytes are kept of each transient beyond itself, however many there are', async () => {
    for (const bytes of (await count('kept', '--expose-gc')) as number[]) {
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThanOrEqual(64);
    }
  });
});

describe('P29 small', () => {
  test("it depends on Inversify's own packages alone", async () => {
    const root = path.resolve(import.meta.dirname, '../..');
    const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(
      await readFile(path.join(root, 'package.json'), 'utf8'),
    ) as Record<string, object | undefined>;
    expect(Object.keys(dependencies ?? {})).toEqual(['@inversifyjs/plugin']);
    expect(Object.keys(peerDependencies ?? {})).toEqual(['inversify', 'reflect-metadata']);
    expect(optionalDependencies).toBeUndefined();
  });
});
