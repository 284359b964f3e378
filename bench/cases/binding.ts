/** What is done once for each binding. */
import type { Container } from 'inversify';

import type { Case } from '../case.js';
import { closableClass, mark, type ClosableClass } from '../services.js';
import { timed } from '../take.js';
import { createContainer, withModule, withoutModule } from './resolving.js';

const count = 10_000;
const group = `Binding ${count.toLocaleString('en')} singletons of as many classes`;

interface Prepared {
  readonly container: Container;
  readonly classes: readonly ClosableClass[];
}

export const binding: readonly Case[] = [
  bindingCase('bind()', {
    run: bindAll,
  }),
  bindingCase('first get(), without hooks', {
    before: bindAll,
    run: getAll,
  }),
  bindingCase('first get(), with hooks', {
    makeClasses: async () => {
      const { OnExit } = await import('inversify-onexit');
      const classes = manyClasses();
      classes.forEach((made) => {
        mark(made, OnExit());
      });
      return classes;
    },
    before: bindAll,
    run: getAll,
  }),
];

interface Steps {
  readonly makeClasses?: () => readonly ClosableClass[] | Promise<readonly ClosableClass[]>;
  readonly before?: (prepared: Prepared) => void;
  readonly run: (prepared: Prepared) => void;
}

function bindingCase(name: string, { makeClasses = manyClasses, before, run }: Steps): Case {
  return {
    name,
    group,
    unit: 'ns',
    per: 'binding',
    samples: 7,
    variants: [withoutModule, withModule].map((variant) => ({
      name: variant,
      prepare: async () => {
        const classes = await makeClasses();
        return timed({
          count,
          before: async () => {
            const prepared = { container: await createContainer(variant), classes };
            before?.(prepared);
            return prepared;
          },
          run,
        });
      },
    })),
  };
}

function manyClasses(): ClosableClass[] {
  return Array.from({ length: count }, () => closableClass(false));
}

function bindAll({ container, classes }: Prepared): void {
  for (const made of classes) {
    container.bind(made).toSelf().inSingletonScope();
  }
}

function getAll({ container, classes }: Prepared): void {
  for (const made of classes) {
    container.get(made);
  }
}
