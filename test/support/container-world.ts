/** Where programs of time are played as users run them: on containers of Inversify, in real time. */
import { setTimeout } from 'node:timers';

import { Container, decorate, injectable, type Newable } from 'inversify';
import {
  Lifecycle,
  LifecycleModule,
  OnExit,
  type ExitContext,
  type LifecycleOptions,
} from 'inversify-onexit';

import type { Platform } from './platform.js';
import type { Arrival, Method, Place, World } from './time-worlds.js';

/** In ms. */
const slice = 5;

/** How much of a block is played: it holds up all programs that are played at once. */
const blocked = 0.02;

/** A slice of the time that was let pass: when its timer was set, and when it fired. */
interface Slice {
  readonly from: number;
  readonly to: number;
}

export class ContainerWorld implements World {
  readonly unit = 1;
  readonly isExact = false;
  /** Node counts in whole milliseconds. */
  readonly early = 1;
  readonly #platform: Platform;
  readonly #slices: Slice[] = [];

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  now(): number {
    return performance.now();
  }

  after(delay: number, callback: () => void): void {
    // That of the module is not among those of the platform that are watched.
    setTimeout(callback, delay);
  }

  block(duration: number): void {
    const until = this.now() + duration * blocked;
    while (this.now() < until);
  }

  /** In slices: what is due within the time has had its turn then, however late the timers are. */
  async pass(duration: number): Promise<void> {
    for (let left = duration; left > 0; left -= slice) {
      await new Promise<void>((resolve) => {
        const from = this.now();
        setTimeout(
          () => {
            this.#slices.push({ from, to: this.now() });
            resolve();
          },
          Math.min(slice, left),
        );
      });
    }
  }

  /**
   * Two whole slices, if there were as many: a timer that was due before them has fired, however busy the
   * machine is. One proves nothing, since Node calls the timers of one duration before those of others.
   */
  idle(from: number, to: number): number {
    let last = this.#slices.length - 1;
    while ((this.#slices[last]?.to ?? -Infinity) > to) {
      last--;
    }
    const first = this.#slices[last - 1];
    return first === undefined || first.from < from + this.early ? 0 : to - first.from;
  }

  get timers(): number {
    return this.#platform.timers.size;
  }

  open(options: LifecycleOptions): Place {
    return ContainerPlace.open(options);
  }
}

class ContainerPlace implements Place {
  readonly lifecycle: Lifecycle;
  readonly #container: Container;
  #isNextShared = false;

  private constructor(container: Container) {
    this.#container = container;
    this.lifecycle = container.get(Lifecycle);
  }

  static open(options: LifecycleOptions, parent?: Container): ContainerPlace {
    const container = new Container(parent === undefined ? {} : { parent });
    container.register(LifecycleModule.with(options));
    return new ContainerPlace(container);
  }

  open(options: LifecycleOptions): Place {
    return ContainerPlace.open(options, this.#container);
  }

  createScope(): Place {
    return new ContainerPlace(this.lifecycle.createScope());
  }

  async withScope<T>(work: (place: Place) => T | PromiseLike<T>): Promise<T> {
    return this.lifecycle.withScope((container) => work(new ContainerPlace(container)));
  }

  make(service: string, methods: readonly Method[], made: () => void): object {
    const Service = classWith(service, methods, made);
    const binding = this.#container.bind(Service).toSelf();
    this.#isNextShared = !this.#isNextShared;
    if (this.#isNextShared) {
      binding.inSingletonScope();
    } else {
      binding.inTransientScope();
    }
    return this.#container.get(Service);
  }

  activate(service: string, method: Method, arrival: Arrival): void {
    this.#refuseClosed();
    const Service = classWith(service, [method], () => {
      arrival.made();
    });
    this.#container
      .bind(service)
      .toDynamicValue(async () => {
        await arrival.begun();
        return new Service();
      })
      .inSingletonScope()
      .onActivation((_context, instance) => {
        // It is taken in now. Who awaits it hears of that after the disposal that waits for it.
        arrival.settled();
        return instance;
      });
    this.#container.getAsync(service).catch((error: unknown) => {
      arrival.settled(error);
    });
  }

  /** What is begun when the time is spent is refused only when it arrives; programs know at once. */
  #refuseClosed(): void {
    const undo = this.lifecycle.onExit(() => undefined);
    undo();
  }
}

/** A class with these hooks, in this order. */
function classWith(service: string, methods: readonly Method[], made: () => void): Newable<object> {
  class Service {
    constructor() {
      made();
    }
  }
  Object.defineProperty(Service, 'name', { value: service });
  decorate(injectable(), Service);
  // What was declared last is run first.
  for (const method of [...methods].reverse()) {
    const { name, phase, timeout } = method;
    const hook = (context: ExitContext): unknown => method.call(context);
    Object.defineProperty(Service.prototype, name, { value: hook });
    decorate(OnExit({ phase, ...(timeout === undefined ? {} : { timeout }) }), Service, name);
  }
  return Service;
}
