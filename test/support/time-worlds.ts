/** Where programs of time are played; here, on the core and a clock of the test. */
import { Container } from 'inversify';
import type { ExitContext, Lifecycle, LifecycleOptions } from 'inversify-onexit';

import { ContainerLifecycle, type OpenedScope } from '../../src/inversify/container-lifecycle.js';
import { FakeClock } from './clock.js';
import { Core } from './core.js';

/** A hook of an instance. */
export interface Method {
  readonly name: string;
  readonly phase: 'drain' | 'exit';
  readonly timeout: number | undefined;
  call(context: ExitContext): unknown;
}

/** What comes of an activation, once it has settled. */
export interface Arrival {
  /** Called when it begins; gives what it waits for. */
  begun(): Promise<void>;
  /** Called when the instance is made. */
  made(): void;
  /** Called when it was taken in, or refused with an error. */
  settled(error?: unknown): void;
}

/** A container as a program sees it. What cannot be taken in throws. */
export interface Place {
  readonly lifecycle: Lifecycle;
  open(options: LifecycleOptions, ended: () => void): Place;
  createScope(ended: () => void): Place;
  withScope<T>(work: (place: Place) => T | PromiseLike<T>, ended: () => void): Promise<T>;
  /** Makes an instance with these hooks. */
  make(service: string, methods: readonly Method[], made: () => void): object;
  /** Starts to make one. */
  activate(service: string, method: Method, arrival: Arrival): void;
}

export interface World {
  /** How long a unit of time of the programs is. */
  readonly unit: number;
  /** Whether time passes only when this says so. */
  readonly isExact: boolean;
  /** How much earlier than it was to be a timer may fire. */
  readonly early: number;
  now(): number;
  after(delay: number, callback: () => void): void;
  block(duration: number): void;
  pass(duration: number): Promise<void>;
  /** How much time has passed for which there is no reason. */
  idle(from: number, to: number): number;
  /** How many timers there are, besides those of the hooks. */
  readonly timers: number;
  open(options: LifecycleOptions, ended: () => void): Place;
}

export class CoreWorld implements World {
  readonly unit = 1;
  readonly isExact = true;
  readonly early = 0;
  #clock = new FakeClock();
  #ownTimers = 0;

  now(): number {
    return this.#clock.now();
  }

  after(delay: number, callback: () => void): void {
    this.#ownTimers++;
    this.#clock.after(delay, () => {
      this.#ownTimers--;
      callback();
    });
  }

  block(duration: number): void {
    this.#clock.block(duration);
  }

  async pass(duration: number): Promise<void> {
    await this.#clock.pass(duration);
  }

  idle(from: number, to: number): number {
    return this.#clock.idle(from, to);
  }

  get timers(): number {
    return this.#clock.pending - this.#ownTimers;
  }

  open(options: LifecycleOptions, ended: () => void): Place {
    const core = new WatchedCore(options, ended);
    this.#clock = core.clock;
    return new CorePlace(core);
  }
}

class WatchedCore extends Core {
  readonly #ended: () => void;

  constructor(
    options: LifecycleOptions,
    ended: () => void,
    parent?: Core,
    kind?: 'child' | 'scope',
  ) {
    super(options, parent, kind);
    this.#ended = ended;
  }

  override disposed(): void {
    this.#ended();
  }
}

class CorePlace implements Place {
  readonly lifecycle: Lifecycle;
  readonly #core: Core;
  readonly #scopes = new WeakMap<Container, CorePlace>();
  /** Of the scope that is opened next. */
  #ended = (): void => undefined;

  constructor(core: Core) {
    this.#core = core;
    this.lifecycle = new ContainerLifecycle(core.disposer, () => this.#openScope());
  }

  createScope(ended: () => void): Place {
    this.#ended = ended;
    return this.#scopeOf(this.lifecycle.createScope());
  }

  async withScope<T>(work: (place: Place) => T | PromiseLike<T>, ended: () => void): Promise<T> {
    this.#ended = ended;
    return this.lifecycle.withScope((container) => work(this.#scopeOf(container)));
  }

  /** The core has no containers: an empty one stands for the scope. */
  #openScope(): OpenedScope {
    const place = new CorePlace(new WatchedCore({}, this.#ended, this.#core, 'scope'));
    const container = new Container();
    this.#scopes.set(container, place);
    return { container, lifecycle: place.lifecycle };
  }

  #scopeOf(container: Container): CorePlace {
    const place = this.#scopes.get(container);
    if (place === undefined) {
      throw new Error('It is no scope of this container.');
    }
    return place;
  }

  open(options: LifecycleOptions, ended: () => void): Place {
    this.#refuseClosed('register LifecycleModule', 'LifecycleModule');
    return new CorePlace(new WatchedCore(options, ended, this.#core));
  }

  make(service: string, methods: readonly Method[], made: () => void): object {
    made();
    return this.#core.owns(
      methods.map((method) => ({
        name: method.name,
        phase: method.phase,
        timeout: method.timeout,
        call: (_subject: object, context: ExitContext) => method.call(context),
      })),
      service,
    );
  }

  activate(service: string, method: Method, arriving: Arrival): void {
    this.#refuseClosed(`resolve ${service}`, service);
    const arrival = arriving.begun().then(() =>
      this.make(service, [method], () => {
        arriving.made();
      }),
    );
    arrival.then(
      () => {
        arriving.settled();
      },
      (error: unknown) => {
        arriving.settled(error);
      },
    );
    this.#core.activating(arrival, service);
  }

  /** As Inversify's side does. */
  #refuseClosed(asked: string, service: string): void {
    const { disposer } = this.#core;
    if (disposer.isClosed) {
      throw disposer.refusalOf(asked, service);
    }
  }
}
