/** `npm run bench`: what it costs, beside what others cost. `--check` holds it to its promises. */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

import type { Case } from './case.js';
import { cases } from './cases.js';
import { measure } from './method.js';
import { resultOf, type Result } from './result.js';
import { measureSizes } from './sizes.js';
import { missed, resultTables, sizeTable } from './table.js';

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
  },
});

// A promise that is kept is to be told from one that is just missed.
const rounds = Number(values.rounds ?? (values.check ? 9 : 5));
const chosen = cases
  .filter(({ group, name }) => `${group}: ${name}`.includes(values.only))
  .flatMap((each) => (values.check ? withinLimits(each) : each));

const run = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: `${String(availableParallelism())} × ${cpus()[0]?.model ?? 'unknown'}`,
  load: loadavg()[0],
  rounds,
};
const sizes = measureSizes();
const results: Result[] = [];
for (const [index, each] of chosen.entries()) {
  progress(`${String(index + 1)} of ${String(chosen.length)}: ${each.group}, ${each.name}`);
  results.push(resultOf(await measure(each, rounds)));
}
progress('');

const failures = missed(results, sizes);
if (values.json) {
  console.log(JSON.stringify({ ...run, results, sizes, missed: failures }, undefined, 2));
} else {
  console.log(
    `${run.date}, Node.js ${run.node}, ${run.cpu}, load ${String(run.load)}, ${String(rounds)} rounds\n`,
  );
  console.log(`${resultTables(results)}\n\n${sizeTable(sizes)}\n`);
  console.log(failures.length === 0 ? 'All promises are kept.' : failures.join('\n'));
}
if (values.check && failures.length > 0) {
  process.exitCode = 1;
}

/** Only what promises are about. */
function withinLimits(each: Case): Case[] {
  const { variants, limits = [] } = each;
  const needed = limits.flatMap(({ of, against }) => [of, against]);
  return needed.length === 0
    ? []
    : [{ ...each, variants: variants.filter(({ name }) => needed.includes(name)) }];
}

function progress(line: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\u001B[2K\r${line}`);
  }
}
