/** Time as the core knows it, so that tests need not wait for it. */
import { shown } from './inspect.js';

export interface Clock {
  /** In ms, from an arbitrary point on. */
  now(): number;
  /** Calls back once that many ms have passed; returns what prevents it. */
  after(delay: number, callback: () => void): () => void;
}

/** More than this no platform's timer holds: it would fire at once. */
const longest = 2 ** 31 - 1;

/** The platform's. Its timers keep a process alive, whose disposal is not done yet. */
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

/** @throws TypeError or RangeError if what was given for the option is no duration. */
export function checkDuration(option: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0)) {
    const Fault = typeof value === 'number' ? RangeError : TypeError;
    throw new Fault(
      `${option} was given ${shown(value)}. It takes milliseconds: a number greater than 0, or Infinity.`,
    );
  }
}

/** How a duration is told to people: `1,500 ms`. */
export function formatMs(duration: number): string {
  return `${duration.toLocaleString('en', { maximumFractionDigits: 0 })} ms`;
}

/** As the platform's own, that of `AbortSignal.timeout()`. */
export function timeoutError(what: string, timeout: number): DOMException {
  return new DOMException(`${what} was not done within ${formatMs(timeout)}`, 'TimeoutError');
}
