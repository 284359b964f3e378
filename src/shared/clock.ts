/** The clock of the core, which tests replace by one that needs no waiting. */
import { shown } from './inspect.js';

export interface Clock {
  /** In ms, since an arbitrary point in time. */
  now(): number;
  /** Calls back when `delay` ms have passed. Returns a function that cancels it. */
  after(delay: number, callback: () => void): () => void;
}

/** The maximal delay of the platforms' timers. With a longer one they fire at once. */
const longest = 2 ** 31 - 1;

/** The platform's clock. Its timers keep the process alive until its disposal is done. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delay, callback) => {
    if (delay === Infinity) {
      return () => undefined;
    }
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number): void => {
      timer = setTimeout(
        () => {
          if (left > longest) {
            wait(left - longest);
          } else {
            callback();
          }
        },
        Math.min(left, longest),
      );
    };
    wait(delay);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** @throws TypeError or RangeError if the value of the option is no duration. */
export function checkDuration(option: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0)) {
    const Fault = typeof value === 'number' ? RangeError : TypeError;
    throw new Fault(
      `${option} was given ${shown(value)}. It takes milliseconds: a number greater than 0, or Infinity.`,
    );
  }
}

/** A duration for people: `1,500 ms`. */
export function formatMs(duration: number): string {
  return `${duration.toLocaleString('en', { maximumFractionDigits: 0 })} ms`;
}

/** The same kind of error as the platform's `AbortSignal.timeout()` has. */
export function timeoutError(what: string, timeout: number): DOMException {
  return new DOMException(`${what} was not done within ${formatMs(timeout)}`, 'TimeoutError');
}
