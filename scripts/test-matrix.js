/** Runs all tests on several versions of Node.js: those that are given, or else all of these. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const supported = ['20.19.0', '20', '22', '24', '26'];

const versions = process.argv.length > 2 ? process.argv.slice(2) : supported;
const results = versions.map((version) => {
  const start = Date.now();
  const { status, stdout } = onNode(version, 'node --version', 'pipe');
  const name = status === 0 ? `Node.js ${String(stdout).trim()}` : `Node.js ${version}`;
  const passed = status === 0 && onNode(version, 'npm run test:all', 'inherit').status === 0;
  const seconds = Math.round((Date.now() - start) / 1000);
  return { passed, line: `${name}: ${passed ? 'passed' : 'FAILED'} (${seconds} s)` };
});

console.log(results.map(({ line }) => line).join('\n'));
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

/** npm has each Node.js as a package, of which npx puts the `node` first on the PATH. */
function onNode(version, command, stdout) {
  const node = `node-${process.platform}-${process.arch}@${version}`;
  return spawnSync('npx', ['--yes', '--package', node, '--call', command], {
    stdio: ['ignore', stdout, 'inherit'],
  });
}
