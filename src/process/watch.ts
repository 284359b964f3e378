/** Listens to the process while there is something to dispose, and ends it. */
import { constants } from 'node:os';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

import { isPromise } from '../shared/promise.js';

import { systemClock } from '../shared/clock.js';
import { AttachedContainer, type DisposableContainer } from './container.js';
import { Ending } from './ending.js';
import type { ExitCause, ExitEvent } from './events.js';
import { isClosed, outputFlushed, pause } from './output.js';
import type { Policy } from './policy.js';
import { createReport, type Report } from './report.js';

/** One container of one call. */
interface Entry {
  readonly attached: AttachedContainer;
}

type Listening = [on: NodeJS.EventEmitter, event: string, listener: (argument: unknown) => void];

export class ProcessWatch {
  readonly policy: Policy;
  readonly #idle: () => void;
  readonly #listening: Listening[] = [];
  /** Newest last. */
  #entries: Entry[] = [];
  #report: Report;
  #ending: Ending | undefined;
  /** The first signal since the end has begun. */
  #signal: { readonly name: NodeJS.Signals; readonly at: number } | undefined;
  /** Whether SIGINT has come again. */
  #isForced = false;
  /** Whether `exit()` was called: then the process ends in any case. */
  #mustExit = false;

  /** @param idle called when nothing is left to dispose, and all listeners are removed. */
  constructor(policy: Policy, idle: () => void) {
    this.policy = policy;
    this.#idle = idle;
    this.#report = policy.report ?? createReport();
    this.#listen(process, 'beforeExit', () => {
      this.#end({ type: 'end' });
    });
    this.#listen(process, 'exit', (code) => {
      this.#abandon(Number(code));
    });
    if (policy.fatal) {
      this.#listen(process, 'uncaughtException', (error) => {
        this.#onFatal(error);
      });
    }
    // Workers receive no signals.
    for (const signal of isMainThread ? policy.signals : []) {
      this.#listen(process, signal, () => {
        this.#onSignal(signal);
      });
    }
  }

  /** Returns the function that detaches them. */
  attach(containers: readonly DisposableContainer[]): () => void {
    const entries = containers
      .map((container) => ({ attached: this.#attachedOf(container) }))
      .filter(({ attached }) => !attached.isDisposed);
    this.#entries.push(...entries);
    const detach = (): void => {
      this.#remove((entry) => entries.includes(entry));
    };
    this.#stopIfIdle();
    return detach;
  }

  /** Disposes, and exits. */
  async exit(code: number | undefined): Promise<never> {
    // As process.exit() does; but once the end has begun, a code replaces only 0.
    if (code !== undefined && (this.#ending === undefined || (code !== 0 && chosenCode() === 0))) {
      process.exitCode = code;
    }
    this.#mustExit = true;
    this.#end({ type: 'exit', code: chosenCode() });
    return new Promise(() => undefined);
  }

  #attachedOf(container: DisposableContainer): AttachedContainer {
    const entry = this.#entries.find(({ attached }) => attached.container === container);
    return (
      entry?.attached ??
      new AttachedContainer(container, (disposed) => {
        this.#remove(({ attached }) => attached === disposed);
      })
    );
  }

  #remove(isRemoved: (entry: Entry) => boolean): void {
    const removed = this.#entries.filter(isRemoved);
    this.#entries = this.#entries.filter((entry) => !isRemoved(entry));
    for (const { attached } of removed) {
      if (this.#entries.every((entry) => entry.attached !== attached)) {
        attached.detach();
      }
    }
    this.#stopIfIdle();
  }

  /** The newest, which is about to be disposed. */
  #next(): AttachedContainer | undefined {
    const attached = this.#entries.at(-1)?.attached;
    this.#entries = this.#entries.filter((entry) => entry.attached !== attached);
    return attached;
  }

  #onSignal(name: NodeJS.Signals): void {
    const at = systemClock.now();
    if (this.#signal === undefined) {
      this.#signal = { name, at };
      this.#end({ type: 'signal', signal: name });
    } else if (name === 'SIGINT' && at - this.#signal.at > this.policy.repeatAfter) {
      this.#isForced = true;
      this.#ending?.abort(cutOff('SIGINT came again'));
    }
  }

  #onFatal(error: unknown): void {
    if (process.listenerCount('uncaughtException') === 1) {
      this.#emit({ type: 'fatal', error });
    }
    if (this.#ending === undefined) {
      process.exitCode = 1;
      this.#end({ type: 'fatal', error });
    }
    this.#ending?.fail();
  }

  #begin(cause: ExitCause): Ending {
    this.#ending = new Ending(
      cause,
      () => this.#next(),
      this.policy.timeout,
      (event) => {
        this.#emit(event);
      },
    );
    return this.#ending;
  }

  #end(cause: ExitCause): void {
    if (this.#ending === undefined) {
      const ending = this.#begin(cause);
      for (const output of [process.stdout, process.stderr]) {
        // A write to a closed output must not end a disposal that can go on without a reader.
        this.#listen(output, 'error', (error) => {
          if (!isClosed(error) && output.listenerCount('error') === 1) {
            throw error;
          }
        });
      }
      void ending.run().then(async () => this.#finish(ending));
    }
  }

  /** Everything is disposed: ends the process, or lets it end by itself. */
  async #finish(ending: Ending): Promise<void> {
    chooseFailure(ending);
    const { cause, isClean, hasUnfinishedHooks } = ending;
    const death = this.#deathBy(cause, isClean);
    const isHandedOver = cause.type === 'signal' && !this.policy.terminate;
    if (
      !this.#mustExit &&
      (isHandedOver || (cause.type === 'end' && !death && !hasUnfinishedHooks))
    ) {
      this.#stop();
      return;
    }
    if (death !== undefined) {
      process.exitCode = 128 + numberOf(death);
    }
    await outputFlushed();
    if (death !== undefined && process.platform !== 'win32') {
      // Added only now, so that it is called last: the signal ends the process, and no listener follows.
      process.on('exit', () => {
        // The first process of an operating system's container cannot die of it, and Deno would crash.
        if (process.listenerCount(death) === 0 && process.pid !== 1) {
          process.kill(process.pid, death);
          // Deno has a thread for signals, and would exit before that thread takes this one.
          pause(500);
        }
      });
    }
    process.exit();
  }

  /** The signal of which the process should die, as its parent sees it. */
  #deathBy(cause: ExitCause, isClean: boolean): NodeJS.Signals | undefined {
    if (this.#isForced) {
      return 'SIGINT';
    }
    return isClean && (cause.type === 'signal' || chosenCode() === 0)
      ? this.#signal?.name
      : undefined;
  }

  /** The process exits, and nothing can be awaited any more. Late containers are abandoned too. */
  #abandon(code: number): void {
    const ending = this.#ending ?? this.#begin({ type: 'exit', code });
    ending.abandon(cutOff('process.exit() was called'));
    chooseFailure(ending);
    // Else an error of another exit listener would count as caught, and the process would not end.
    this.#stop();
  }

  #emit(event: ExitEvent): void {
    try {
      const reported: unknown = this.#report(event);
      if (isPromise(reported)) {
        Promise.resolve(reported).catch((error: unknown) => {
          this.#reportFailed(error);
        });
      }
    } catch (error) {
      this.#reportFailed(error);
      this.#report(event);
    }
  }

  /** The user's report failed: from here on the default report takes its place. */
  #reportFailed(error: unknown): void {
    this.#report = createReport();
    this.#report({ type: 'fatal', error });
  }

  #listen(on: NodeJS.EventEmitter, event: string, listener: (argument: unknown) => void): void {
    on.on(event, listener);
    this.#listening.push([on, event, listener]);
  }

  #stopIfIdle(): void {
    if (this.#entries.length === 0 && this.#ending === undefined) {
      this.#stop();
    }
  }

  #stop(): void {
    for (const [on, event, listener] of this.#listening.splice(0)) {
      on.off(event, listener);
    }
    this.#idle();
  }
}

function chosenCode(): number {
  return Number(process.exitCode ?? 0);
}

/** Turns the exit code of success into 1 after a failure. */
function chooseFailure({ isClean }: Ending): void {
  if (!isClean && chosenCode() === 0) {
    process.exitCode = 1;
  }
}

function cutOff(why: string): DOMException {
  return new DOMException(why, 'AbortError');
}

function numberOf(signal: NodeJS.Signals): number {
  // 21 is the number of SIGBREAK on Windows; other platforms have no such signal.
  return signal === 'SIGBREAK' ? 21 : constants.signals[signal];
}
