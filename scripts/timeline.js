/** Runs the example, and shows its run in the README: what it prints in a block, what it draws as the image. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const text = execFileSync(
  process.execPath,
  ['examples/dist/timeline/main.js', 'examples/timeline/timeline.svg'],
  { encoding: 'utf8' },
);
const readme = readFileSync('README.md', 'utf8');
writeFileSync(
  'README.md',
  readme.replace(/(?<=```text\n).*?(?=```\n)/s, () => text),
);
console.log(text);
