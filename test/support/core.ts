/** The core by itself, on a clock of the test: what is around it is what the test says. */
import type {
  DisposeError,
  DisposeOptions,
  ExitContext,
  ExitRecord,
  ExitReport,
  LifecycleOptions,
} from 'inversify-onexit';

import type { Activation } from '../../src/disposal/activation.js';
import { Disposer, type DisposerHost } from '../../src/disposal/disposer.js';
import type { Exit } from '../../src/disposal/exit.js';
import type { ExitGraph } from '../../src/disposal/order.js';
import { arePlain, type ExitHook } from '../../src/hooks/exit-hook.js';
import { FakeClock } from './clock.js';

export class Core implements DisposerHost {
  readonly clock: FakeClock;
  readonly disposer: Disposer<Core>;
  readonly options: LifecycleOptions;
  readonly isScope: boolean;
  readonly #activations = new Map<PromiseLike<unknown>, string>();

  constructor(options: LifecycleOptions = {}, parent?: Core, kind: 'child' | 'scope' = 'child') {
    this.isScope = kind === 'scope';
    this.clock = parent?.clock ?? new FakeClock();
    this.options = options;
    this.disposer = new Disposer<Core>(this, this.clock);
    this.disposer.parent = parent?.disposer;
  }

  /** A container within. */
  child(options?: LifecycleOptions): Core {
    return new Core(options, this);
  }

  /** A container within that whoever opened it closes. */
  scope(options?: LifecycleOptions): Core {
    return new Core(options, this, 'scope');
  }

  /** Owns one more subject with this hook, and gives it back. */
  hook(name: string, call: (context: ExitContext) => unknown, timeout?: number): object {
    return this.owns([{ name, call: (_subject, context) => call(context), timeout }]);
  }

  /** Owns one more subject with these hooks, and gives it back. */
  owns(hooks: readonly Omit<ExitHook, 'target'>[], service = 'Service'): object {
    const targeted = hooks.map((hook) => ({ ...hook, target: () => undefined }));
    const subject = {};
    this.disposer.push({
      subject,
      source: {
        service,
        isShared: false,
        isPlain: arePlain(targeted),
        hooks: targeted,
      },
    });
    return subject;
  }

  /** Something is being activated. */
  activating(arrival: Promise<unknown>, service = 'Service'): void {
    this.#activations.set(arrival, service);
    const arrived = (): void => {
      this.#activations.delete(arrival);
    };
    arrival.then(arrived, arrived);
  }

  /** Observed, since a test looks at it once it has let time pass. */
  dispose(options: DisposeOptions = {}): Promise<ExitReport> {
    const disposal = this.disposer.dispose(options);
    disposal.catch(() => undefined);
    return disposal;
  }

  async release(subject: object): Promise<boolean> {
    return this.disposer.release(this.disposer.take((exit) => exit.subject === subject));
  }

  activations(): Activation[] {
    return [...this.#activations].map(([arrival, service]) => ({ arrival, service }));
  }

  uncollected(): [] {
    return [];
  }

  graphOf(_exits: readonly Exit[]): ExitGraph {
    return { usedBy: () => [], dependenciesOf: () => [] };
  }

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
