/** Stories of processes that are killed: what they hook, how they end, and when signals come. */

/** What a hook does: it settles in time, or fails, or is never done (and has a timeout). */
export type HookKind = 'sync' | 'busy' | 'async' | 'slow' | 'throws' | 'rejects' | 'hangs';

/** How a program ends if no signal comes first. */
type Way = 'stay' | 'end' | 'exit 0' | 'exit 4' | 'process.exit 5';

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** When the first signal comes: `delay` ms after that. */
type Moment =
  | { readonly at: 'start' | 'ready'; readonly delay: number }
  /** When so many hooks were started. */
  | { readonly at: 'hook'; readonly count: number; readonly delay: number }
  /** The same, and the program sends it to itself, within the hook. */
  | { readonly at: 'in hook'; readonly count: number };

export interface Story {
  /** Of each container its hooks, in the order in which they are registered. */
  readonly containers: readonly (readonly HookKind[])[];
  readonly way: Way;
  /** After how many ms it ends in that way. */
  readonly life: number;
  readonly signal: Signal;
  readonly moment: Moment;
  /** Another one, and how many ms later. */
  readonly second: { readonly signal: Signal; readonly delay: number } | undefined;
  readonly repeatAfter: number;
  readonly timeout: number;
}

/** The story of a seed, always the same. */
export function storyOf(seed: number): Story {
  const random = mulberry32(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const one = <T>(...of: readonly [T, ...T[]]): T => of[below(of.length)] ?? of[0];

  const isFailing = random() < 0.3;
  const hook = (): HookKind =>
    isFailing && random() < 0.3
      ? one('throws', 'rejects', 'hangs')
      : one('sync', 'busy', 'async', 'async', 'slow');
  const containers = Array.from({ length: 1 + below(3) }, () =>
    Array.from({ length: below(5) }, hook),
  );
  containers[0]?.push('sync');
  const hooks = containers.flat().length;

  const way = one<Way>('stay', 'end', 'end', 'exit 0', 'exit 4', 'process.exit 5');
  const inTime = one<Moment>(
    { at: 'start', delay: below(250) },
    { at: 'ready', delay: below(80) },
    { at: 'ready', delay: below(300) },
  );
  const inEnd = one<Moment>(
    { at: 'hook', count: 1 + below(hooks), delay: below(30) },
    { at: 'hook', count: hooks, delay: below(30) },
    { at: 'in hook', count: 1 + below(hooks) },
    { at: 'in hook', count: hooks },
  );
  return {
    containers,
    way,
    life: below(60),
    signal: one('SIGINT', 'SIGTERM', 'SIGHUP'),
    // A program that stays has no end before the signal comes.
    moment: way === 'stay' ? inTime : one(inTime, inEnd),
    second:
      random() < 0.4
        ? { signal: one('SIGINT', 'SIGINT', 'SIGTERM', 'SIGHUP'), delay: below(60) }
        : undefined,
    repeatAfter: one(1, 1_000),
    timeout: one(8_000, 8_000, 30),
  };
}

/** The hooks of a story, in the order in which they are to run: newest first. */
export function orderOf({ containers }: Story): { name: string; kind: HookKind }[] {
  return containers
    .flatMap((hooks, at) =>
      hooks.map((kind, index) => ({ name: `${String(at)}.${String(index)}`, kind })),
    )
    .reverse();
}

/** A small generator of numbers from 0 to 1, the same ones for each seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
