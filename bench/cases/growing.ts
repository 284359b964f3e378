/** What the disposal of each container costs, however deep and wide the tree of containers is. */
import { Container } from 'inversify';

import type { Case, Limit, Take } from '../case.js';
import { checkClosed, closed } from '../services.js';
import { timed } from '../take.js';

interface Tree {
  readonly name: string;
  /** How many children each container of a level has. */
  readonly levels: readonly number[];
}

const chain = (depth: number): Tree => ({
  name: depth.toLocaleString('en'),
  // The first one has no parent.
  levels: Array.from({ length: depth - 1 }, () => 1),
});

const star = (breadth: number): Tree => ({
  name: breadth.toLocaleString('en'),
  levels: [breadth],
});

const balanced = (...levels: readonly number[]): Tree => ({
  name: levels.map(String).join(' × '),
  levels,
});

export const growing: readonly Case[] = [
  growthCase('a chain of containers', [chain(25), chain(100), chain(400)]),
  growthCase('a chain of containers, with an observer', [chain(25), chain(100), chain(400)], {
    isObserved: true,
  }),
  growthCase('children of one container', [star(100), star(1_000), star(10_000)]),
  growthCase(
    'children of one container, with an observer',
    [star(100), star(1_000), star(10_000)],
    {
      isObserved: true,
    },
  ),
  growthCase('a tree of containers', [balanced(10), balanced(10, 10), balanced(10, 10, 10)]),
];

interface Around {
  /** Whether the disposal is observed, as it is where containers are disposed with the process. */
  readonly isObserved?: boolean;
}

function growthCase(name: string, trees: readonly Tree[], around: Around = {}): Case {
  const most = Math.max(...trees.map(sizeOf));
  // A cost that is quadratic would be 10, or more.
  const limits = trees.slice(-1).map((largest): Limit => ({
    promise: 'P27',
    of: largest.name,
    against: trees[0]?.name ?? '',
    atMost: 2,
  }));
  return {
    name,
    group: 'Disposing trees of containers, with a hook in each',
    unit: 'ns',
    per: 'container',
    samples: 5,
    variants: trees.map((tree) => ({
      name: tree.name,
      // So many of the smaller ones that the code is as warm for them.
      prepare: () => disposals(tree, Math.max(1, Math.round(most / sizeOf(tree))), around),
    })),
    limits,
  };
}

async function disposals(tree: Tree, repeats: number, { isObserved }: Around): Promise<Take> {
  const { Lifecycle, LifecycleModule } = await import('inversify-onexit');
  const count = repeats * sizeOf(tree);
  const open = (parent?: Container): Container => {
    const container = new Container(parent === undefined ? {} : { parent });
    container.register(LifecycleModule);
    container.get(Lifecycle).onExit(() => {
      closed.count++;
    });
    return container;
  };
  return timed({
    count,
    before: () =>
      Array.from({ length: repeats }, () => {
        const root = open();
        if (isObserved === true) {
          root.get(Lifecycle).observe({ started: () => undefined, settled: () => undefined });
        }
        const containers = [root];
        let parents = [root];
        for (const breadth of tree.levels) {
          parents = parents.flatMap((parent) =>
            Array.from({ length: breadth }, () => open(parent)),
          );
          containers.push(...parents);
        }
        // All of them: a container that nothing refers to may be collected while this goes on.
        return { root, containers };
      }),
    run: async (opened) => {
      for (const { root } of opened) {
        await root.dispose();
      }
    },
    after: () => {
      checkClosed(count);
    },
  });
}

function sizeOf({ levels }: Tree): number {
  let [size, width] = [1, 1];
  for (const breadth of levels) {
    width *= breadth;
    size += width;
  }
  return size;
}
