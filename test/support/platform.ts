/** What a program leaves to the platform, told apart from what others do that are played at once. */
import { AsyncLocalStorage } from 'node:async_hooks';

export class Platform {
  /** What was thrown where nothing can catch it. */
  readonly uncaught: unknown[] = [];
  /** Those of the globals that have neither fired nor been cleared. */
  readonly timers = new Set<NodeJS.Timeout>();
}

const current = new AsyncLocalStorage<Platform>();

/** Plays a program, and gives it a platform of its own. */
export async function withPlatform<T>(play: (platform: Platform) => Promise<T>): Promise<T> {
  const platform = new Platform();
  return current.run(platform, () => play(platform));
}

/** Replaces the globals by ones that are watched. Returns its undo. */
export function watchPlatform(): () => void {
  // Not spies, which keep each call.
  const { setTimeout, clearTimeout, queueMicrotask } = globalThis;
  const watched = {
    setTimeout: (callback: () => void, delay?: number): NodeJS.Timeout => {
      const timers = current.getStore()?.timers;
      const timer = setTimeout(() => {
        timers?.delete(timer);
        callback();
      }, delay);
      timers?.add(timer);
      return timer;
    },
    clearTimeout: (timer?: NodeJS.Timeout): void => {
      if (timer !== undefined) {
        current.getStore()?.timers.delete(timer);
      }
      clearTimeout(timer);
    },
    queueMicrotask: (task: () => void): void => {
      const uncaught = current.getStore()?.uncaught;
      queueMicrotask(() => {
        try {
          task();
        } catch (error) {
          if (uncaught === undefined) {
            throw error;
          }
          uncaught.push(error);
        }
      });
    },
  };
  Object.assign(globalThis, watched);
  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout, queueMicrotask });
  };
}
