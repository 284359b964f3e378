/** A child whose module is of another copy of the package: stands for it in the tree of its parent. */
import { Disposer, type DisposerHost } from './disposer.js';
import type { Disposal } from './disposal.js';
import {
  pendingOf,
  type ChildPlace,
  type DisposalWithin,
  type ExitLink,
  type ForeignHost,
} from './exit-link.js';
import type { ExitRecord, StartedExit } from './exit-report.js';
import type { Started } from './log-items.js';
import type { RunLog } from './run-log.js';
import type { Run } from './run.js';
import type { Finish, Gate } from './work.js';

const none: readonly never[] = [];

/**
 * It owns nothing. Its disposal begins and ends with that of the child, waits for the child in each phase, and
 * has a record of each of the child's exits.
 */
export class ForeignChild extends Disposer implements ChildPlace {
  readonly #child: ExitLink;
  readonly #unobserve: () => void;
  /** Those of the child's exits, by their ids there. */
  readonly #records = new Map<number, Started>();
  readonly #gate: Gate = {
    finish: (finish) => {
      this.#child.finishWithin(finish);
    },
  };
  #hasBegun = false;
  #isExiting = false;

  constructor(parent: Disposer, child: ExitLink) {
    super(hostWithin(parent), parent.clock);
    this.#child = child;
    this.parent = parent;
    this.#unobserve = child.observe({
      disposing: ({ reason }) => {
        this.#childBegan(reason);
      },
      started: (exit) => {
        this.#exitStarted(exit);
      },
      settled: (exit) => {
        this.#exitSettled(exit);
      },
      waiting: (waited) => {
        this.disposal?.emitWaiting(pendingOf(waited));
      },
      disposed: () => {
        this.#childEnded();
      },
    });
    const { signal } = this;
    if (signal.aborted) {
      child.stop(signal.reason);
    }
  }

  // What its parent does with it.

  override get foreign(): ForeignHost {
    return this.#child;
  }

  override stop(reason: unknown): void {
    super.stop(reason);
    this.#child.stop(reason);
    const { disposal } = this;
    if (disposal !== undefined && !this.#hasBegun) {
      this.#hasBegun = true;
      disposal.run.close(this.#gate);
      this.#child.drainWithin(this.#within(disposal), () => {
        disposal.run.open(this.#gate);
      });
    }
  }

  override stopDescendants(): Disposer[] {
    // Whether the child has drain hooks is not known here.
    return this.disposal === undefined ? [this] : [];
  }

  override disposalWithinParent(): Disposal {
    const disposal = super.disposalWithinParent();
    if (this.#hasBegun) {
      // It had begun by itself. From now on it has no more time than what is around it.
      this.#child.drainWithin(this.#within(disposal), () => undefined);
    }
    return disposal;
  }

  override waitForOthers(run: Run): void {
    if (!this.#isExiting && this.disposal !== undefined) {
      this.#isExiting = true;
      run.close(this.#gate);
      this.#child.exitWithin(this.#within(this.disposal));
      if (this.#child.state === 'disposed') {
        run.open(this.#gate);
      }
    }
  }

  // What the child does with its place.

  override remove(): void {
    super.remove();
    if (this.#child.state !== 'disposed') {
      // It has a nearer parent.
      this.#unobserve();
    }
  }

  isTracked(subject: object): boolean {
    return this.parent?.registry.isTracked(subject) === true;
  }

  refusal(action: string, service: string): Error | undefined {
    return this.refusalAround(action, service);
  }

  // What the child emits.

  #childBegan(reason: unknown): void {
    if (this.disposal === undefined) {
      // Who disposes the child is given what fails.
      this.dispose({ reason, timeout: Infinity }).catch(() => undefined);
    }
  }

  #exitStarted({ id, service, hook, phase, after }: StartedExit): void {
    const log = this.#log;
    if (log !== undefined) {
      const waited = after === undefined ? undefined : this.#records.get(after);
      const record = log.start(service, { name: hook, phase }, this.clock.now(), waited);
      this.#records.set(id, record);
      log.announce(record);
    }
  }

  #exitSettled(exit: ExitRecord): void {
    const record = this.#records.get(exit.id);
    if (record !== undefined) {
      const { outcome } = exit;
      const failed = 'error' in exit ? { outcome, error: exit.error } : { outcome };
      this.#log?.settle(record, outcome === 'done' ? undefined : failed);
    }
  }

  #childEnded(): void {
    const { disposal } = this;
    if (disposal !== undefined) {
      disposal.run.open(this.#gate);
      disposal.proceed();
      disposal.run.advance();
    }
  }

  /** Not there, if the child had begun before it was known here. */
  get #log(): RunLog | undefined {
    return this.disposal?.run.log;
  }

  #within({ run, timeLeft }: Disposal): DisposalWithin {
    return { ...run.log.cause, timeout: timeLeft, finish: run.finishing ?? this.#finishAround };
  }

  /** Its own run is brought to its end only after it has begun. */
  get #finishAround(): Finish | undefined {
    let around = this.parent;
    while (around !== undefined && around.disposal?.run.isFinishing !== true) {
      around = around.parent;
    }
    return around?.disposal?.run.finishing;
  }
}

function hostWithin({ host: { graphOf } }: Disposer): DisposerHost {
  return {
    options: {},
    isScope: false,
    activations: () => none,
    uncollected: () => none,
    graphOf,
    disposed: () => undefined,
  };
}
