/** The core by itself, on a clock of the test: what is around it is what the test says. */
import type {
  DisposeError,
  DisposeOptions,
  ExitContext,
  ExitRecord,
  ExitReport,
} from 'inversify-onexit';

import type { ExitHook } from '../../src/disposal/exit.js';
import { ExitStack, type ExitHost } from '../../src/disposal/exit-stack.js';
import { FakeClock } from './clock.js';

interface Times {
  readonly timeout?: number;
  readonly hookTimeout?: number;
}

export class Core implements ExitHost {
  readonly clock: FakeClock;
  readonly stack: ExitStack;
  readonly above: ExitStack | undefined;
  readonly timeout: number;
  readonly hookTimeout: number;
  hasNewChildren = false;
  readonly #children: Core[] = [];
  readonly #inFlight: Promise<unknown>[] = [];

  constructor({ timeout = Infinity, hookTimeout = Infinity }: Times = {}, around?: Core) {
    this.clock = around?.clock ?? new FakeClock();
    this.above = around?.stack;
    this.timeout = timeout;
    this.hookTimeout = hookTimeout;
    this.stack = new ExitStack(this, this.clock);
  }

  /** A container within. */
  child(times?: Times): Core {
    const child = new Core(times, this);
    this.#children.unshift(child);
    return child;
  }

  /** Owns one more subject with this hook, and gives it back. */
  hook(name: string, call: (context: ExitContext) => unknown, timeout?: number): object {
    return this.owns([{ name, call: (_subject, context) => call(context), timeout }]);
  }

  /** Owns one more subject with these hooks, and gives it back. */
  owns(hooks: readonly Omit<ExitHook, 'target'>[]): object {
    const targeted = hooks.map((hook) => ({ ...hook, target: () => undefined }));
    const subject = {};
    this.stack.push({
      subject,
      source: { service: 'Service', shared: false, hooks: targeted },
    });
    return subject;
  }

  /** Something is being activated. */
  activating(activation: Promise<unknown>): void {
    this.#inFlight.push(activation);
  }

  /** Observed, since a test looks at it once it has let time pass. */
  dispose(options: DisposeOptions = {}): Promise<ExitReport> {
    const disposal = this.stack.dispose(options);
    disposal.catch(() => undefined);
    return disposal;
  }

  async release(subject: object): Promise<boolean> {
    return this.stack.release(this.stack.take((exit) => exit.subject === subject));
  }

  children(): readonly ExitStack[] {
    return this.#children.map(({ stack }) => stack).filter(({ state }) => state !== 'disposed');
  }

  newChildren(): readonly ExitStack[] {
    this.hasNewChildren = false;
    return this.children();
  }

  inFlight(): Promise<unknown> | undefined {
    return this.#inFlight.shift();
  }

  leftovers(): [] {
    return [];
  }

  disposing(): void {
    this.hasNewChildren = true;
  }

  occupied(): void {}
  disposed(): void {}
}

/** What a disposal has reported, failed or not. */
export async function reportOf(disposal: Promise<ExitReport>): Promise<ExitReport> {
  return disposal.catch((error: unknown) => (error as DisposeError).report);
}

/** `hook outcome`, for each. */
export function outcomes({ exits }: { exits: readonly ExitRecord[] }): string[] {
  return exits.map(({ hook, outcome }) => `${hook} ${outcome}`);
}

export async function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
