/** What the process is listened to for while there is something to dispose, and how it ends. */
import { constants } from 'node:os';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

import { isPromise } from '@inversifyjs/common';

import { systemClock } from '../shared/clock.js';
import { HookedContainer, type DisposableContainer } from './container.js';
import { Ending } from './ending.js';
import type { ExitCause, ExitEvent } from './events.js';
import { isClosed, outputFlushed, pause } from './output.js';
import type { Policy } from './policy.js';
import { createReport, type Report } from './report.js';

/** One container of one call. */
interface Entry {
  readonly hooked: HookedContainer;
}

type Listening = [on: NodeJS.EventEmitter, event: string, listener: (told: unknown) => void];

export class ProcessWatch {
  readonly policy: Policy;
  readonly #idle: () => void;
  readonly #listening: Listening[] = [];
  /** Newest last. */
  #entries: Entry[] = [];
  #report: Report;
  #ending: Ending | undefined;
  /** The first one since the end has begun. */
  #signal: { readonly name: NodeJS.Signals; readonly at: number } | undefined;
  /** Whether SIGINT has come again. */
  #isForced = false;
  /** Whether the process ends, whoever would have ended it. */
  #isToExit = false;

  /** @param idle called when there is nothing to dispose, and nothing is listened to any more. */
  constructor(policy: Policy, idle: () => void) {
    this.policy = policy;
    this.#idle = idle;
    this.#report = policy.report ?? createReport();
    this.#listen(process, 'beforeExit', () => {
      this.#end({ type: 'end' });
    });
    this.#listen(process, 'exit', (code) => {
      this.#leave(Number(code));
    });
    if (policy.fatal) {
      this.#listen(process, 'uncaughtException', (error) => {
        this.#fatal(error);
      });
    }
    // Workers are not told of signals.
    for (const signal of isMainThread ? policy.signals : []) {
      this.#listen(process, signal, () => {
        this.#signalled(signal);
      });
    }
  }

  /** Returns its undo. */
  hook(containers: readonly DisposableContainer[]): () => void {
    const entries = containers
      .map((container) => ({ hooked: this.#hookedOf(container) }))
      .filter(({ hooked }) => !hooked.isDisposed);
    this.#entries.push(...entries);
    const unhook = (): void => {
      this.#remove((entry) => entries.includes(entry));
    };
    this.#restIfIdle();
    return unhook;
  }

  /** Disposes, and exits. */
  async exit(code: number | undefined): Promise<never> {
    // As process.exit() does; but an end that is under way keeps a code that says more than this.
    if (code !== undefined && (this.#ending === undefined || (code !== 0 && chosenCode() === 0))) {
      process.exitCode = code;
    }
    this.#isToExit = true;
    this.#end({ type: 'exit', code: chosenCode() });
    return new Promise(() => undefined);
  }

  #hookedOf(container: DisposableContainer): HookedContainer {
    const known = this.#entries.find(({ hooked }) => hooked.container === container);
    return (
      known?.hooked ??
      new HookedContainer(container, (disposed) => {
        this.#remove(({ hooked }) => hooked === disposed);
      })
    );
  }

  #remove(isRemoved: (entry: Entry) => boolean): void {
    const removed = this.#entries.filter(isRemoved);
    this.#entries = this.#entries.filter((entry) => !isRemoved(entry));
    for (const { hooked } of removed) {
      if (this.#entries.every((entry) => entry.hooked !== hooked)) {
        hooked.unhook();
      }
    }
    this.#restIfIdle();
  }

  /** The newest, which is about to be disposed. */
  #next(): HookedContainer | undefined {
    const hooked = this.#entries.at(-1)?.hooked;
    this.#entries = this.#entries.filter((entry) => entry.hooked !== hooked);
    return hooked;
  }

  #signalled(name: NodeJS.Signals): void {
    const at = systemClock.now();
    if (this.#signal === undefined) {
      this.#signal = { name, at };
      this.#end({ type: 'signal', signal: name });
    } else if (name === 'SIGINT' && at - this.#signal.at > this.policy.repeatAfter) {
      this.#isForced = true;
      this.#ending?.cut(cutOff('SIGINT came again'));
    }
  }

  #fatal(error: unknown): void {
    if (process.listenerCount('uncaughtException') === 1) {
      this.#tell({ type: 'fatal', error });
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
        this.#tell(event);
      },
    );
    return this.#ending;
  }

  #end(cause: ExitCause): void {
    if (this.#ending === undefined) {
      const ending = this.#begin(cause);
      for (const output of [process.stdout, process.stderr]) {
        // What writes to nobody must not end what goes on without a reader.
        this.#listen(output, 'error', (error) => {
          if (!isClosed(error) && output.listenerCount('error') === 1) {
            throw error;
          }
        });
      }
      void ending.run().then(async () => this.#finish(ending));
    }
  }

  /** All is disposed: ends the process, or lets it end. */
  async #finish(ending: Ending): Promise<void> {
    chooseFailure(ending);
    const { cause, isClean, hasLeftovers } = ending;
    const death = this.#deathBy(cause, isClean);
    const isHandedOver = cause.type === 'signal' && !this.policy.terminate;
    if (!this.#isToExit && (isHandedOver || (cause.type === 'end' && !death && !hasLeftovers))) {
      this.#rest();
      return;
    }
    if (death !== undefined) {
      process.exitCode = 128 + numberOf(death);
    }
    await outputFlushed();
    if (death !== undefined && process.platform !== 'win32') {
      // Now, so that it is called last: the signal ends the process before any other listener runs.
      process.on('exit', () => {
        // The first process of a container cannot die of it, and Deno would crash.
        if (process.listenerCount(death) === 0 && process.pid !== 1) {
          process.kill(process.pid, death);
          // Deno has a thread for signals, and would exit before that thread takes this one.
          pause(500);
        }
      });
    }
    process.exit();
  }

  /** The signal by which the process is to be seen to have died. */
  #deathBy(cause: ExitCause, isClean: boolean): NodeJS.Signals | undefined {
    if (this.#isForced) {
      return 'SIGINT';
    }
    return isClean && (cause.type === 'signal' || chosenCode() === 0)
      ? this.#signal?.name
      : undefined;
  }

  /** The process exits, and nothing can be awaited any more: what was hooked late is left, at least. */
  #leave(code: number): void {
    const ending = this.#ending ?? this.#begin({ type: 'exit', code });
    ending.leave(cutOff('process.exit() was called'));
    chooseFailure(ending);
    // What other listeners throw would be taken for caught, and the process would not end.
    this.#rest();
  }

  #tell(event: ExitEvent): void {
    try {
      const told: unknown = this.#report(event);
      if (isPromise(told)) {
        Promise.resolve(told).catch((error: unknown) => {
          this.#reportFailed(error);
        });
      }
    } catch (error) {
      this.#reportFailed(error);
      this.#report(event);
    }
  }

  /** From here on it is told as if there were none. */
  #reportFailed(error: unknown): void {
    this.#report = createReport();
    this.#report({ type: 'fatal', error });
  }

  #listen(on: NodeJS.EventEmitter, event: string, listener: (told: unknown) => void): void {
    on.on(event, listener);
    this.#listening.push([on, event, listener]);
  }

  #restIfIdle(): void {
    if (this.#entries.length === 0 && this.#ending === undefined) {
      this.#rest();
    }
  }

  #rest(): void {
    for (const [on, event, listener] of this.#listening.splice(0)) {
      on.off(event, listener);
    }
    this.#idle();
  }
}

function chosenCode(): number {
  return Number(process.exitCode ?? 0);
}

/** What was not clean is no success. */
function chooseFailure({ isClean }: Ending): void {
  if (!isClean && chosenCode() === 0) {
    process.exitCode = 1;
  }
}

function cutOff(why: string): DOMException {
  return new DOMException(why, 'AbortError');
}

function numberOf(signal: NodeJS.Signals): number {
  // 21 is what Windows has for SIGBREAK, which others do not have.
  return signal === 'SIGBREAK' ? 21 : constants.signals[signal];
}
