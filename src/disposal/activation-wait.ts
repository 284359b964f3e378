/** What a disposal does while instances that it must exit are still being activated. */
import { timeoutError } from '../shared/clock.js';
import { activationHook, pendingActivations, type Activation } from './activation.js';
import type { PendingExit } from './exit-report.js';
import type { Started } from './log-items.js';
import type { Run } from './run.js';
import type { Finish, Gate, RunHost } from './work.js';

/** Whose activations a disposal waits for. */
export interface ActivationHost extends RunHost {
  /** In ms; not there, if it depends on the time that is left. */
  readonly activationTimeout: number | undefined;
  activations(): readonly Activation[];
}

/** The waits of one disposal: for each activation at most one. */
export class ActivationWaits {
  readonly #host: ActivationHost;
  /** Those that it has waited for: what has not arrived in its time arrives late, if it does. */
  #awaited: Set<PromiseLike<unknown>> | undefined;

  constructor(host: ActivationHost) {
    this.#host = host;
  }

  /** The activations in flight that are worth a wait. */
  get pending(): readonly Activation[] {
    const activations = this.#host.activations();
    const awaited = this.#awaited;
    return awaited === undefined
      ? activations
      : activations.filter(({ arrival }) => !awaited.has(arrival));
  }

  /**
   * @param left how many ms the disposal has.
   * @param late called with the record of one whose time has passed.
   * @param waiting called with what is waited for; with nothing, when that is over.
   */
  begin(
    run: Run,
    activations: readonly Activation[],
    left: number,
    late: (record: Started) => void,
    waiting: (waited: readonly PendingExit[]) => void,
  ): void {
    const { hookTimeout, activationTimeout } = this.#host;
    const timeout = activationTimeout ?? (hookTimeout < Infinity ? hookTimeout : left / 2);
    waiting(pendingActivations(activations));
    const ended = (): void => {
      const awaited = (this.#awaited ??= new Set());
      activations.forEach(({ arrival }) => awaited.add(arrival));
      waiting([]);
    };
    new ActivationWait(run, this.#host, activations, timeout, { late, ended });
  }
}

interface WaitListener {
  late(record: Started): void;
  ended(): void;
}

/** Ends when each activation has settled, or their time has passed. */
class ActivationWait implements Gate {
  readonly #run: Run;
  readonly #began: number;
  readonly #arriving: Set<Activation>;
  readonly #listener: WaitListener;
  readonly #cancel: () => void;
  #isOver = false;

  constructor(
    run: Run,
    { clock }: RunHost,
    activations: readonly Activation[],
    timeout: number,
    listener: WaitListener,
  ) {
    this.#run = run;
    this.#began = clock.now();
    this.#arriving = new Set(activations);
    this.#listener = listener;
    run.close(this);
    this.#cancel = clock.after(timeout, () => {
      this.#expire((service) => timeoutError(`The activation of ${service}`, timeout));
    });
    for (const activation of activations) {
      const arrived = (): void => {
        if (!this.#isOver && this.#arriving.delete(activation) && this.#arriving.size === 0) {
          this.#end();
        }
      };
      activation.arrival.then(arrived, arrived);
    }
  }

  finish({ expiry }: Finish): void {
    if (expiry !== undefined) {
      this.#expire(() => expiry.reason);
    } else {
      this.#end();
    }
  }

  #expire(why: (service: string) => unknown): void {
    const { log } = this.#run;
    if (this.#isOver) {
      return;
    }
    // An observer that hears of them may leave the disposal no time.
    this.#isOver = true;
    for (const { service } of this.#arriving) {
      const record = log.start(service, activationHook, this.#began);
      log.announce(record);
      log.settle(record, { outcome: 'timed-out', error: why(service) });
      this.#listener.late(record);
    }
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#cancel();
    this.#listener.ended();
    this.#run.open(this);
  }
}
