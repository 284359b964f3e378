/** `npm run bench`: what it costs, beside what others cost. `--check` holds it to its promises. */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

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
    processes: { type: 'string', default: '9' },
  },
});

const processes = Number(values.processes);
const chosen = cases.filter(
  ({ group, name, limits = [] }) =>
    `${group}: ${name}`.includes(values.only) && (!values.check || limits.length > 0),
);

const run = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}`,
  load: loadavg()[0],
  processes,
};
const sizes = measureSizes();
const results: Result[] = [];
for (const [index, each] of chosen.entries()) {
  if (process.stderr.isTTY) {
    process.stderr.write(
      `\u001B[2K\r${index + 1} of ${chosen.length}: ${each.group}, ${each.name}`,
    );
  }
  results.push(resultOf(await measure(each, processes)));
}
if (process.stderr.isTTY) {
  process.stderr.write('\u001B[2K\r');
}

const failures = missed(results, sizes);
if (values.json) {
  console.log(JSON.stringify({ ...run, results, sizes, missed: failures }, undefined, 2));
} else {
  console.log(JSON.stringify(run));
  console.log(`\n${resultTables(results)}\n\n${sizeTable(sizes)}\n`);
  console.log(failures.length === 0 ? 'All promises are kept.' : failures.join('\n'));
}
if (values.check && failures.length > 0) {
  process.exitCode = 1;
}
