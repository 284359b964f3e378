/** One disposal of one container: its phases, in its time, with those of its children within it. */
import type { ExitCause } from '../hooks/exit-cause.js';
import { ActivationWaits, type ActivationHost } from './activation-wait.js';
import type { Activation } from './activation.js';
import { Breath } from './breath.js';
import { ChildrenQueue, type ChildrenHost } from './children-queue.js';
import { Deadline, type AbortWatch } from './deadline.js';
import type { DisposeError } from './errors.js';
import type { ExitReport, PendingExit } from './exit-report.js';
import type { Exit, Task } from './exit.js';
import { Predecessors } from './predecessors.js';
import { Queue } from './queue.js';
import type { Registry } from './registry.js';
import type { Started } from './log-items.js';
import { RunLog } from './run-log.js';
import { Run } from './run.js';
import { ScopeWaits, type RunningScope } from './scope-waits.js';
import type { Observers } from './observers.js';
import type { Expiry, Finish, Gate, Work } from './work.js';

/** What is disposed. */
export interface DisposalHost extends ActivationHost, ChildrenHost<DisposalHost>, RunningScope {
  readonly registry: Registry;
  readonly observers: Observers;
  /** Whether it is a scope: whoever opened it closes it. */
  readonly isScope: boolean;
  /** How many ms its end has at most, when only a signal will tell the disposal. */
  readonly expectedTime: number;
  /** The live children that are not disposed, scopes among them. */
  children(): readonly DisposalHost[];
  /** The scopes that run. */
  scopes(): readonly DisposalHost[];
  readonly disposal: Disposal | undefined;
  /** Its disposal as a part of its parent's: one that is under way, or a new one. */
  disposalWithinParent(): Disposal;
  /** What a disposal waits for besides: hooks that run beside it, and what others unbind. */
  waitForOthers(run: Run): void;
  /** What is left to exit when the registry is empty, in the order of a registry. */
  uncollected(): readonly Exit[];
  /** Called when its signal is to abort. */
  stop(reason: unknown): void;
  /**
   * Called when the signals of all descendants are to abort. Returns those that are being disposed already,
   * and those with drain hooks that run before its own, in order.
   */
  stopDescendants(reason: unknown): readonly DisposalHost[];
  /** Called when its time has passed: from here on nothing is taken in, here and in all descendants. */
  expire(): void;
  /** Called once, when the last hook has ended. */
  ended(): void;
}

export class Disposal implements Work {
  readonly run: Run;
  readonly #host: DisposalHost;
  #deadline: Deadline;
  #ownsDeadline: boolean;
  /** The disposal that it is a part of. */
  #outer: Disposal | undefined;
  /** Whether it has begun by itself, and not in the disposal of its parent. */
  readonly #beganAlone: boolean;
  #hasStarted = false;
  /** Descendants that become a part of it before its own drain hooks run: theirs run first. */
  readonly #toDrain = new Queue<DisposalHost>();
  #isDrained = false;
  #whenDrained: (() => void)[] = [];
  /** Whether it may go on when it is drained. A parent lets its children drain before any of them exits. */
  #mayExit: boolean;
  /** Keeps it from exiting; whatever hurry there is, only its parent opens it. */
  readonly #hold: Gate = { finish: () => undefined };
  readonly #children: ChildrenQueue<DisposalHost>;
  readonly #scopeWaits = new ScopeWaits();
  readonly #activations: ActivationWaits;
  readonly #breath = new Breath();
  readonly #predecessors: Predecessors;
  /** The last drain hook, of it and of its descendants, that it has waited for. */
  #lastDrained: Started | undefined;
  #promise: Promise<ExitReport> | undefined;
  #failure: DisposeError | undefined;

  /** @param outer the disposal that it begins in, if it does not begin by itself. */
  constructor(host: DisposalHost, cause: ExitCause, outer?: Disposal) {
    this.#host = host;
    this.#children = new ChildrenQueue(host);
    this.#activations = new ActivationWaits(host);
    this.#predecessors = new Predecessors(host.clock);
    this.#outer = outer;
    this.#beganAlone = outer === undefined;
    this.#mayExit = this.#beganAlone;
    this.run = new Run(host, this, new RunLog(host.clock, cause, host.observers));
    this.run.context = outer?.run.context;
    this.#deadline = outer === undefined ? this.#newDeadline() : outer.#deadline;
    this.#ownsDeadline = outer === undefined;
    outer?.run.log.include(this.run.log);
  }

  /** How it has ended; every caller is given the same promise. */
  get promise(): Promise<ExitReport> {
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => {
        this.run.whenEnded(() => {
          try {
            resolve(this.result());
          } catch (error) {
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a DisposeError
            reject(error);
          }
        });
      });
      this.#markHandled();
    }
    return this.#promise;
  }

  /** The activations in flight that it would wait for. */
  get activations(): readonly Activation[] {
    return this.#activations.pending;
  }

  /** Throws if hooks have failed. */
  result(): ExitReport {
    this.#failure ??= this.run.log.failure();
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    return this.run.log.report();
  }

  /** Becomes part of the disposal of an ancestor, which it has not begun in. */
  join(outer: Disposal): void {
    if (this.#outer === undefined) {
      this.#outer = outer;
      this.#deadline.within(outer.#deadline);
      outer.run.log.include(this.run.log);
      this.#markHandled();
    }
  }

  /** Aborts the signals, once. */
  prepare(): void {
    // Who observes what it is a part of may leave it no time: it starts, and ends, within this call.
    if (!this.#hasStarted) {
      this.#outer?.prepare();
    }
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      const { reason } = this.run.log.cause;
      // These may ask for the disposal with no time left.
      this.run.prepare(() => {
        this.#host.observers.emit('disposing', { reason });
        this.#host.stop(reason);
        // What it has begun in has seen to the descendants that were there.
        if (this.#beganAlone) {
          this.#toDrain.fill(this.#host.stopDescendants(reason));
        }
        this.#joinScopes();
      });
    }
  }

  /** When it is drained it need not wait for its parent. */
  proceed(): void {
    this.#mayExit = true;
    if (this.#isDrained) {
      this.run.open(this.#hold);
    }
  }

  /** Keeps it from exiting when it is drained, until {@link proceed} is called. */
  hold(): void {
    this.#mayExit = false;
  }

  /** Calls back when its drain hooks, and those of its descendants, have settled. */
  whenDrained(callback: () => void): void {
    if (this.#isDrained || this.run.hasEnded) {
      callback();
    } else {
      this.#whenDrained.push(callback);
    }
  }

  /** Has it go on, or come to its end at once, as that around it does. */
  drive(finish: Finish | undefined): void {
    if (finish === undefined) {
      this.run.advance();
    } else {
      this.finish(finish.expiry, finish.isLeaving);
    }
  }

  /** How many ms it has left; Infinity, if there is no limit. */
  get timeLeft(): number {
    return this.#deadline.left;
  }

  /** Leaves it no more than so many ms, and none once the signal has aborted. */
  shorten(timeout: number, watch?: AbortWatch): void {
    if (this.run.hasEnded) {
      watch?.end();
      return;
    }
    if (!this.#ownsDeadline) {
      this.#ownsDeadline = true;
      const own = this.#newDeadline();
      own.within(this.#deadline);
      this.#replaceDeadline(this.#deadline, own);
    }
    this.#deadline.limit(timeout);
    if (watch !== undefined) {
      this.#deadline.follow(watch);
    }
  }

  isFollowing(signal: AbortSignal): boolean {
    return this.#deadline.isFollowing(signal);
  }

  checkDeadline(now: number): number {
    return this.#deadline.check(now);
  }

  /** Starts what is left now, and awaits nothing. */
  finish(expiry?: Expiry, isLeaving = false): void {
    if (!this.run.hasEnded) {
      if (expiry !== undefined) {
        this.#host.expire();
      }
      this.prepare();
      this.run.finish({ expiry, isLeaving });
    }
  }

  // The run takes its tasks from here.

  next(): Task | undefined {
    if (!this.#isDrained) {
      const task = this.#nextToDrain();
      if (task !== undefined || this.run.isClosed) {
        return task;
      }
      this.#isDrained = true;
      this.#lastDrained = this.run.log.lastSettled;
      this.#predecessors.add(this.#lastDrained);
      this.#whenDrained.splice(0).forEach((callback) => {
        callback();
      });
      if (!this.#mayExit) {
        this.run.close(this.#hold);
        return undefined;
      }
    }
    return this.#nextToExit();
  }

  after({ exit }: Task): Started | undefined {
    return this.#predecessors.last(this.#host.registry.usersOf(exit));
  }

  settled(task: Task, record: Started): void {
    // Not when it is taken: what has drained may have nothing left to exit.
    this.#scopeWaits.exits();
    this.#predecessors.settled(task, record);
  }

  ended(): void {
    if (this.#ownsDeadline) {
      this.#deadline.end();
    }
    this.#predecessors.end();
    this.#outer?.run.log.settledWithin(this.run.log);
    const { observers } = this.#host;
    this.#host.ended();
    if (observers.size > 0) {
      observers.emit('disposed', this.run.log.report());
    }
    observers.end(this.#outer && this.#outer.#host.observers);
  }

  #nextToDrain(): Task | undefined {
    for (let host = this.#toDrain.first; host !== undefined; host = this.#toDrain.first) {
      const disposal = host.disposalWithinParent();
      if (host.isScope) {
        // Whoever opened it closes it: its drain hooks are not waited for here.
        this.#toDrain.drop();
        continue;
      }
      disposal.#lockUntilDrained(this.run);
      // Not before it is waited for: the process may exit in one of its hooks.
      this.#toDrain.drop();
      disposal.prepare();
      this.run.drive(disposal.run);
      if (this.run.isClosed) {
        return undefined;
      }
    }
    return this.#host.registry.nextToDrain();
  }

  /** Has another run wait until its drain hooks, and those of its descendants, have settled. */
  #lockUntilDrained(run: Run): void {
    if (!this.#isDrained && !this.run.hasEnded) {
      const gate: Gate = {
        finish: (finish) => {
          this.run.finish(finish);
        },
      };
      run.close(gate);
      this.#whenDrained.push(() => {
        run.log.settledWithin(this.run.log);
        run.open(gate);
      });
    }
  }

  #nextToExit(): Task | undefined {
    if (this.#takesBreath()) {
      return undefined;
    }
    // Whatever was run may have brought children, or activations that build on what comes next.
    for (let host = this.#nextChild; host !== undefined; host = this.#nextChild) {
      if (this.#waitsForScopes()) {
        return undefined;
      }
      this.#scopeWaits.exits();
      this.#startWithin(host);
      if (this.run.isClosed || this.#takesBreath()) {
        return undefined;
      }
    }
    this.#host.waitForOthers(this.run);
    if (this.run.isClosed) {
      return undefined;
    }
    const { registry } = this.#host;
    if (registry.size === 0) {
      for (const exit of this.#host.uncollected()) {
        registry.push(exit);
      }
    }
    if (this.#waitsForActivations() || this.#waitsForScopes()) {
      return undefined;
    }
    return registry.pop() ?? this.#closeScopes();
  }

  get #nextChild(): DisposalHost | undefined {
    if (this.run.isFinishing) {
      this.#children.addScopes();
    }
    return this.#children.first;
  }

  /** Disposes a child as a part of it. */
  #startWithin(host: DisposalHost): void {
    const disposal = host.disposalWithinParent();
    if (!disposal.#mayExit) {
      // It has waited for all drain hooks of the tree.
      disposal.#lastDrained = this.#lastDrained ?? disposal.#lastDrained;
      disposal.#predecessors.add(disposal.#lastDrained);
    }
    disposal.run.whenEnded(() => {
      this.#predecessors.add(this.run.log.lastSettled);
    });
    this.run.waitFor(disposal.run);
    this.#children.drop();
    disposal.prepare();
    this.run.drive(disposal.run);
    disposal.proceed();
  }

  /** Whether scopes run that the next exit has not waited for. */
  #waitsForScopes(): boolean {
    const scopes = this.#host.scopes();
    if (this.#children.hasScopes || !this.#scopeWaits.isDue(scopes)) {
      return false;
    }
    this.#joinScopes();
    this.#scopeWaits.begin(this.run, this.#host.clock, scopes, {
      closed: ({ log }) => {
        this.#predecessors.add(log.lastSettled);
      },
      waiting: (waited) => {
        this.emitWaiting(waited);
      },
    });
    return true;
  }

  /** Scopes that close while it goes on are part of it. */
  #joinScopes(): void {
    for (const { disposal } of this.#host.scopes()) {
      disposal?.join(this);
    }
  }

  /**
   * Nothing is left to exit. Scopes that were opened while it waited for the last time have nothing to
   * work with: they are disposed as children are, and no further ones are opened.
   */
  #closeScopes(): Task | undefined {
    if (this.#children.hasScopes || this.#host.scopes().length === 0) {
      return undefined;
    }
    this.#host.expire();
    this.#children.addScopes();
    return this.#nextToExit();
  }

  /** Those who observe it, or what it is a part of, hear what it waits for. */
  emitWaiting(waited: readonly PendingExit[]): void {
    this.#host.observers.emit('waiting', waited);
    if (this.#outer !== undefined) {
      this.#outer.emitWaiting(waited);
    }
  }

  /** Whether so much has come late that the event loop gets a turn first. */
  #takesBreath(): boolean {
    if (!this.#breath.isDue(this.#host.registry.lateArrivals)) {
      return false;
    }
    if (this.run.isFinishing) {
      // Nothing is awaited, and so nothing else would end it.
      this.#host.expire();
      return false;
    }
    this.#breath.take(this.run, this.#host.clock);
    return true;
  }

  /** Whether what comes next may be what something is being built from. */
  #waitsForActivations(): boolean {
    const { pending } = this.#activations;
    if (pending.length === 0) {
      return false;
    }
    const next = this.#host.registry.last?.source;
    if (next?.hooks.length === 0) {
      return false;
    }
    const inFlight = next?.inFlight;
    if (inFlight !== undefined && pending.every(({ arrival }) => inFlight.has(arrival))) {
      return false;
    }
    const left = Math.min(this.#deadline.left, this.#host.expectedTime);
    this.#activations.begin(
      this.run,
      pending,
      left,
      (late) => {
        this.#predecessors.add(late);
      },
      (waited) => {
        this.emitWaiting(waited);
      },
    );
    return true;
  }

  #newDeadline(): Deadline {
    return new Deadline(this.#host.clock, (reason) => {
      this.finish({ reason });
    });
  }

  /** Descendants that share the deadline have the new one from here on. */
  #replaceDeadline(shared: Deadline, own: Deadline): void {
    if (this.#deadline === shared) {
      this.#deadline = own;
      for (const child of this.#host.children()) {
        if (child.disposal !== undefined) {
          child.disposal.#replaceDeadline(shared, own);
        }
      }
    }
  }

  /** What it is part of reports what has failed: a promise that nobody awaits is no uncaught error. */
  #markHandled(): void {
    if (this.#outer !== undefined) {
      this.#promise?.catch(() => undefined);
    }
  }
}
