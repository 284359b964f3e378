/** The one state machine of hooks: what is to run, what runs, and what it waits for. */
import type { ExitHook } from '../hooks/exit-hook.js';
import { HookContext } from '../hooks/hook-context.js';
import type { AsyncContext } from '../shared/async-context.js';
import { isPromise } from '../shared/promise.js';
import { hookLabel } from './exit-report.js';
import type { Exit, Task } from './exit.js';
import { callHook, type HookCall } from './hook-calls.js';
import { HookWait } from './hook-wait.js';
import type { Started } from './log-items.js';
import type { Failed, RunLog } from './run-log.js';
import type { Expiry, Finish, Gate, RunHost, Work } from './work.js';

/** A task that was taken, and the hook of it that was started. */
interface Running extends HookCall {
  exit: Exit;
  hooks: readonly ExitHook[];
  /** How many of its hooks were started. */
  started: number;
  /** That of the hook that was started last. */
  record: Started | undefined;
  /** Set while observers hear of the next hook: the process may exit in one. */
  announced: Started | undefined;
  /** That of the hook that is in its synchronous part. */
  calling: Started | undefined;
  isLate: boolean;
  wait: HookWait | undefined;
}

export class Run {
  readonly log: RunLog;
  /** The async context that its hooks run in. */
  context: AsyncContext | undefined;
  // Not what is around it: a parent's log keeps those of its children, and must not keep them by it.
  readonly #host: RunHost;
  readonly #work: Work;
  /** With one place for all, only one task can be in hand. */
  #running: Running | undefined;
  /** Used again for each task: an object for each would cost more than most hooks. */
  #spare: Running | undefined;
  readonly #gates = new Set<Gate>();
  #finish: Finish | undefined;
  /** Which call of {@link advance} is on the stack; 0, if none is. A later one has overtaken it. */
  #frame = 0;
  #frames = 0;
  #hasEnded = false;
  #whenEnded: (() => void)[] | undefined;

  constructor(host: RunHost, work: Work, log: RunLog) {
    this.#host = host;
    this.#work = work;
    this.log = log;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** How it is brought to its end, if it is. */
  get finishing(): Finish | undefined {
    return this.#finish;
  }

  /** Whether nothing is awaited any more. */
  get isFinishing(): boolean {
    return this.#finish !== undefined;
  }

  /** Whether it waits for something before it takes a further task. */
  get isClosed(): boolean {
    return this.#gates.size > 0;
  }

  /** The hooks of the task in hand that have not been started. */
  get unstarted(): readonly Task[] {
    const running = this.#running;
    return running === undefined
      ? []
      : [{ exit: running.exit, hooks: running.hooks.slice(running.started) }];
  }

  /** Calls back when it has ended; at once, if it has. */
  whenEnded(callback: () => void): void {
    if (this.#hasEnded) {
      callback();
    } else {
      this.#whenEnded ??= [];
      this.#whenEnded.push(callback);
    }
  }

  /** Takes no further task until the gate is opened. */
  close(gate: Gate): void {
    this.#gates.add(gate);
  }

  open(gate: Gate): void {
    if (this.#gates.delete(gate)) {
      this.#resume();
    }
  }

  /** Waits for another run, which is finished when this one is. */
  waitFor(run: Run): void {
    const gate: Gate = {
      finish: (finish) => {
        run.finish(finish);
      },
    };
    this.close(gate);
    run.whenEnded(() => {
      this.open(gate);
    });
  }

  /** Has another run go on, in the way in which this one does. */
  drive(run: Run): void {
    if (this.#finish === undefined) {
      run.advance();
    } else {
      run.finish(this.#finish);
    }
  }

  /** Does something that comes before any hook, and is not overtaken by a {@link finish} within it. */
  prepare(action: () => void): void {
    if (this.#frame !== 0) {
      // What is on the stack goes on when this has returned.
      action();
      return;
    }
    const frame = (this.#frame = ++this.#frames);
    action();
    if (this.#frame === frame) {
      this.#frame = 0;
      if (this.#finish !== undefined) {
        this.advance();
      }
    }
  }

  /**
   * Starts whatever may start, until there is something to wait for. It is called whenever that may be
   * over; while another call is on the stack, that one goes on.
   */
  advance(): void {
    if (this.#frame !== 0 || this.#hasEnded) {
      return;
    }
    const frame = (this.#frame = ++this.#frames);
    while (this.#step(frame)) {
      // Each step decides anew, since a hook may have changed anything.
    }
    if (this.#frame === frame) {
      this.#frame = 0;
    }
    if (this.hasEnded) {
      // Last: whoever waits for it goes on at once.
      this.#whenEnded?.splice(0).forEach((callback) => {
        callback();
      });
    }
  }

  /**
   * Starts what is left in order and awaits nothing. A hook in its synchronous part is to return first,
   * unless the process exits within it.
   */
  finish({ expiry, isLeaving }: Finish): void {
    if (this.#hasEnded) {
      return;
    }
    this.#finish = { expiry: this.#finish?.expiry ?? expiry, isLeaving };
    this.log.isExpired = this.#finish.expiry !== undefined;
    if (isLeaving) {
      // What is on the stack finds itself overtaken, should it return.
      this.#frame = 0;
      const running = this.#running;
      if (running?.calling !== undefined) {
        const { calling } = running;
        running.calling = undefined;
        this.#settle(running, calling, { outcome: 'timed-out', error: this.#expiry?.reason });
      }
    }
    this.#resume();
  }

  get #expiry(): Expiry | undefined {
    return this.#finish?.expiry;
  }

  /** Goes on in its own context: hooks must not find that of whoever has aborted a signal. */
  #resume(): void {
    if (this.#frame !== 0) {
      // A step is on the stack. What it waits for must not start hooks to await them.
      this.#finishGates();
    } else if (this.context === undefined) {
      this.advance();
    } else {
      this.context(() => {
        this.advance();
      });
    }
  }

  #finishGates(): void {
    if (this.#finish !== undefined && this.#gates.size > 0) {
      for (const gate of [...this.#gates]) {
        gate.finish(this.#finish);
      }
    }
  }

  /** Returns whether there may be more to do now. */
  #step(frame: number): boolean {
    if (this.#finish !== undefined) {
      this.#running?.wait?.abandon(this.#finish);
      this.#finishGates();
      if (this.#frame !== frame) {
        return false;
      }
    }
    if (this.#running !== undefined) {
      return this.#running.wait === undefined && this.#startHook(this.#running, frame);
    }
    if (this.#gates.size > 0) {
      return false;
    }
    const task = this.#work.next();
    if (this.#frame !== frame) {
      return false;
    }
    if (task !== undefined) {
      this.#running = this.#take(task);
      return this.#startHook(this.#running, frame);
    }
    if (this.#gates.size > 0) {
      return this.#finish !== undefined;
    }
    this.#hasEnded = true;
    this.#spare = undefined;
    this.log.end();
    this.#work.ended();
    return false;
  }

  /** Starts the next hook of a task. Returns whether there may be more to do now. */
  #startHook(running: Running, frame: number): boolean {
    const { exit, hooks } = running;
    const hook = hooks[running.started];
    if (hook === undefined) {
      this.#running = undefined;
      return true;
    }
    const now = this.#host.checkDeadline(this.#host.clock.now());
    /* istanbul ignore if -- the process exits in the signal of a hook that overlaps: of another disposal */
    if (this.#frame !== frame) {
      return false;
    }
    const { service } = exit.source;
    const after = running.started === 0 ? this.#work.after?.(running) : running.record;
    const record = (running.announced ??= this.log.start(service, hook, now, after));
    this.log.announce(record);
    if (this.#frame !== frame) {
      return false;
    }
    running.announced = undefined;
    running.started++;
    running.record = record;
    // One that is started when nothing is awaited has no time that could pass.
    running.isLate = this.#finish !== undefined;
    running.calling = record;
    const context = new HookContext(this.log.cause, this.#expiry);
    let promise: Promise<unknown> | undefined;
    let failed: Failed | undefined;
    try {
      const result = callHook(running, hook, exit.subject, context);
      // Made one promise: a thenable may start its work anew at each call of `then`.
      promise = isPromise(result) ? Promise.resolve(result) : undefined;
    } catch (error) {
      failed = { outcome: 'failed', error };
    }
    if (this.#frame !== frame) {
      // It did return, though the process was to exit in it, and the rest was run meanwhile.
      promise?.catch(() => undefined);
      return false;
    }
    running.calling = undefined;
    if (promise === undefined) {
      this.#settle(running, record, failed);
      return true;
    }
    const isLate = running.isLate;
    running.wait = new HookWait(promise, isLate ? undefined : context, (ended) => {
      // Observers hear of it, and may leave the disposal no time.
      this.prepare(() => {
        this.#settle(running, record, ended);
      });
      this.advance();
    });
    if (!isLate) {
      const label = hookLabel({ service, hook: hook.name });
      running.wait.limit(this.#host.clock, label, hook.timeout ?? this.#host.hookTimeout);
    }
    return this.#finish !== undefined;
  }

  #take({ exit, hooks }: Task): Running {
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      spare.exit = exit;
      spare.hooks = hooks;
      spare.started = 0;
      spare.record = undefined;
      return spare;
    }
    return {
      exit,
      hooks,
      host: this.#host,
      started: 0,
      record: undefined,
      announced: undefined,
      calling: undefined,
      isLate: false,
      wait: undefined,
    };
  }

  #settle(running: Running, record: Started, failed: Failed | undefined): void {
    running.wait = undefined;
    this.log.settle(record, failed);
    if (running.started === running.hooks.length && this.#running === running) {
      this.#running = undefined;
      this.#work.settled?.(running, record);
      this.#spare = running;
    }
  }
}
