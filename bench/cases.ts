import type { Case } from './case.js';
import { binding } from './cases/binding.js';
import { collecting } from './cases/collecting.js';
import { disposing } from './cases/disposing.js';
import { growing } from './cases/growing.js';
import { importing } from './cases/importing.js';
import { resolving } from './cases/resolving.js';
import { units } from './cases/units.js';

export const cases: readonly Case[] = [
  ...resolving,
  ...binding,
  ...collecting,
  ...disposing,
  ...growing,
  ...units,
  ...importing,
];
