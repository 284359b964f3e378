/** What is not asked for must cost nothing: without hooks, with and without the module. */
import { Container, type BindingScope, type Newable } from 'inversify';

import type { Case, Variant } from '../case.js';
import { graph, type Shape } from '../services.js';
import { timed } from '../take.js';

export const withoutModule = 'without the module';
export const withModule = 'with the module';

interface Graph {
  readonly scope: BindingScope;
  readonly shape: Shape;
  readonly jitless: boolean;
  /** A child is asked, whose parent has bound what is in singleton scope. */
  readonly isChild?: boolean;
}

const scopes: readonly BindingScope[] = ['Transient', 'Singleton', 'Request'];
const shapes: readonly Shape[] = ['alone', 'deep', 'wide'];

export const resolving: readonly Case[] = [true, false].flatMap((jitless) => [
  ...scopes.flatMap((scope) => shapes.map((shape) => resolvingCase({ scope, shape, jitless }))),
  ...scopes.map((scope) => resolvingCase({ scope, shape: 'alone', jitless, isChild: true })),
  resolvingCase({ scope: 'Singleton', shape: 'deep', jitless, isChild: true }),
]);

function resolvingCase(resolved: Graph): Case {
  const { scope, shape, jitless, isChild } = resolved;
  return {
    name: `${scope.toLowerCase()}, ${shape}${isChild ? ', of a child' : ''}${jitless ? '' : ', JIT'}`,
    group: 'Resolving, without hooks',
    unit: 'ns',
    per: 'get()',
    samples: 9,
    variants: [variant(withoutModule, resolved), variant(withModule, resolved)],
    limits: [{ promise: 'P26', of: withModule, against: withoutModule, atMost: 1.06 }],
  };
}

function variant(name: string, { scope, shape, jitless, isChild }: Graph): Variant {
  return {
    name,
    prepare: async () => {
      const root = await createContainer(name, { jitless });
      const container = isChild ? await createContainer(name, { jitless, parent: root }) : root;
      const classes = graph(shape);
      classes.forEach((made, index) => {
        // A singleton that is resolved is its cache, whatever it is built from.
        if (scope === 'Singleton' && (shape === 'alone' || index < classes.length - 1)) {
          root.bind(made).toSelf().inSingletonScope();
        } else {
          const bound = container.bind(made).toSelf();
          if (scope === 'Request') {
            bound.inRequestScope();
          }
        }
      });
      const asked = classes.at(-1) ?? Object;
      const count = shape === 'alone' ? 1_000_000 : scope === 'Singleton' ? 200_000 : 20_000;
      return timed({ count, before: () => container, run: () => getMany(container, asked, count) });
    },
  };
}

export async function createContainer(
  variant: string,
  options?: { jitless: boolean; parent?: Container },
): Promise<Container> {
  const container = new Container(options);
  if (variant === withModule) {
    // Not even loaded beside what is without it.
    const { LifecycleModule } = await import('inversify-onexit');
    container.register(LifecycleModule);
  }
  return container;
}

function getMany(container: Container, asked: Newable, count: number): unknown {
  let last: unknown;
  for (let time = 0; time < count; time++) {
    last = container.get(asked);
  }
  return last;
}
