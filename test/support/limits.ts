/** For what may never end: a test of it fails by a limit of its own, and says what has not ended. */
import { DisposeError, type ExitReport } from 'inversify-onexit';

/** More than any machine takes for what ends within a few ms. */
const generous = 3_000;

/** What the promise is, unless it has not settled after so long that it never will. */
export async function soon<T>(promise: Promise<T>, what: string, limit = generous): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what} has not ended within ${String(limit)} ms`));
    }, limit);
  });
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a disposal has reported, failed or not. */
export async function reportOf(
  disposal: Promise<ExitReport>,
  what = 'The disposal',
  limit = generous,
): Promise<ExitReport> {
  try {
    return await soon(disposal, what, limit);
  } catch (error) {
    if (DisposeError.is(error)) {
      return error.report;
    }
    throw error;
  }
}

/** Takes all of the thread for so many ms. */
export function busy(duration: number): void {
  const until = performance.now() + duration;
  while (performance.now() < until);
}

/** Lets a hook come again and again, until it is clear that nothing else will put an end to it. */
export class Patience {
  readonly #began = performance.now();
  #left = 2_000;

  /** Whether it was this that has put an end to it. */
  isLost = false;

  /** The action while there is patience, and nothing from then on. */
  limited(action: () => unknown): () => void {
    return () => {
      // For longer than any limit of a test, and many times since.
      const duration = performance.now() - this.#began;
      if (duration > 100) {
        this.#left--;
      }
      if (this.#left === 0 || duration > generous / 2) {
        this.isLost = true;
      }
      if (!this.isLost) {
        action();
      }
    };
  }
}

export async function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
