/**
 * Completes `dist/commonjs`, what `require()` finds. The compiler has put the declarations there a
 * second time, since Inversify 7 has types of its own for CommonJS, and only a declaration that is
 * CommonJS too sees and augments those. The code is not there twice: it is what `import` gives.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));

writeFileSync('dist/commonjs/package.json', JSON.stringify({ type: 'commonjs' }));
for (const door of Object.values(exports)) {
  if (door.require !== undefined) {
    const module = path.posix.relative(path.dirname(door.require.default), door.import.default);
    writeFileSync(door.require.default, `module.exports = require('${module}');\n`);
  }
}
