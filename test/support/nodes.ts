/** Drawn services: how they are bound, and what their instances and their exits log. */
import { setImmediate } from 'node:timers/promises';

import fc from 'fast-check';
import {
  inject,
  injectable,
  postConstruct,
  type BindInWhenOnFluentSyntax,
  type BindWhenOnFluentSyntax,
  type Container,
  type Newable,
  type ResolutionContext,
} from 'inversify';
import { OnExit } from 'inversify-onexit';

const scopes = ['singleton', 'transient', 'request'] as const;
const kinds = ['class', 'dynamic', 'resolved', 'alias'] as const;
const hooks = ['none', 'sync', 'async', 'throws', 'rejects'] as const;

export interface Node {
  readonly scope: (typeof scopes)[number];
  /** An alias is a dynamic value that hands on what its first dependency is. */
  readonly kind: (typeof kinds)[number];
  readonly hook: (typeof hooks)[number];
  /** Indices of other services, taken modulo this one's own, so that there are no cycles. */
  readonly dependencies: readonly number[];
  /** How many turns the activation takes; 0 is a synchronous one. */
  readonly turns: number;
  readonly fails: boolean;
}

export const nodeFields = {
  scope: fc.constantFrom(...scopes),
  kind: fc.constantFrom(...kinds),
  hook: fc.constantFrom(...hooks),
  dependencies: fc.uniqueArray(fc.nat(11), { maxLength: 3 }),
  turns: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
  fails: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, fc.constant(true)),
};

/** What the node is built from, if it is bound as this service. */
export function dependenciesOf({ dependencies, kind }: Node, service: number): number[] {
  const indices = service === 0 ? [] : [...new Set(dependencies.map((index) => index % service))];
  return kind === 'alias' ? indices.slice(0, 1) : indices;
}

export function serviceOf(index: number): string {
  return `service ${String(index)}`;
}

/** The exits of one run, and what is being activated in it. */
export abstract class Workshop<Drawn extends Node> {
  readonly exits: { readonly value: object; readonly event: 'started' | 'ended' }[] = [];
  readonly #running = new Set<Promise<unknown>>();

  /** Whether the service may have to be awaited, wherever it is resolved. */
  abstract isAsync(service: number): boolean;

  /** Called by constructors. */
  protected abstract made(drawn: Drawn, value: object, dependencies: readonly unknown[]): void;

  /** Called by an alias. */
  protected handedOn(_alias: Drawn, _value: object): void {}

  /** Resolves once no activation is in flight any more. */
  async settled(): Promise<void> {
    do {
      await Promise.allSettled(this.#running);
      await setImmediate();
    } while (this.#running.size > 0);
  }

  protected bind(
    container: Container,
    drawn: Drawn,
    service: number,
  ): BindWhenOnFluentSyntax<object> {
    return inScope(this.#bind(container, drawn, service), drawn.scope);
  }

  #bind(container: Container, drawn: Drawn, service: number): BindInWhenOnFluentSyntax<object> {
    const { kind, turns: count } = drawn;
    const dependencies = dependenciesOf(drawn, service);
    const Service = this.#serviceClass(drawn, dependencies);
    const [target] = dependencies;
    const make = (values: readonly unknown[]): object => new Service(...values);
    const binding = container.bind<object>(serviceOf(service));
    if (kind === 'class') {
      return binding.to(Service);
    }
    if (kind === 'resolved') {
      return binding.toResolvedValue(
        (...values: unknown[]) =>
          count === 0 ? make(values) : this.#run(count, () => make(values)),
        dependencies.map(serviceOf),
      );
    }
    const resolve = (context: ResolutionContext): object | Promise<object> => {
      if (kind === 'alias' && target !== undefined) {
        const handOn = (value: object): object => {
          this.handedOn(drawn, value);
          return value;
        };
        return this.isAsync(target)
          ? context.getAsync<object>(serviceOf(target)).then(handOn)
          : handOn(context.get<object>(serviceOf(target)));
      }
      return this.isAsync(service)
        ? Promise.all(dependencies.map(async (each) => context.getAsync(serviceOf(each)))).then(
            async (values) => this.#run(count, () => make(values)),
          )
        : make(dependencies.map((each) => context.get(serviceOf(each))));
    };
    return binding.toDynamicValue(resolve);
  }

  async #run<T>(count: number, action: () => T): Promise<T> {
    const running = turns(count).then(action);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #serviceClass(drawn: Drawn, dependencies: readonly number[]): Newable<object, unknown[]> {
    const { kind, hook, turns: count, fails } = drawn;
    const made = (value: object, values: readonly unknown[]): void => {
      this.made(drawn, value, values);
    };

    @injectable()
    class Service {
      constructor(...values: unknown[]) {
        if (fails) {
          throw new Error('drawn to fail');
        }
        made(this, values);
      }
    }
    if (kind === 'class') {
      for (const [position, dependency] of dependencies.entries()) {
        inject(serviceOf(dependency))(Service, undefined, position);
      }
    }
    if (kind === 'class' && count > 0) {
      Object.defineProperty(Service.prototype, 'connect', {
        value: async () => this.#run(count, () => undefined),
      });
      postConstruct()(Service.prototype, 'connect', {});
    }
    if (hook !== 'none') {
      const exit = this.#exitMethod(hook);
      Object.defineProperty(Service.prototype, 'exit', exit);
      OnExit()(Service.prototype, 'exit', exit);
    }
    return Service;
  }

  #exitMethod(hook: Node['hook']): TypedPropertyDescriptor<() => unknown> {
    const log = (value: object, event: 'started' | 'ended'): void => {
      this.exits.push({ value, event });
    };
    return {
      value: function (this: object): unknown {
        log(this, 'started');
        if (hook === 'sync' || hook === 'throws') {
          log(this, 'ended');
          if (hook === 'throws') {
            throw new Error('drawn to throw');
          }
          return undefined;
        }
        return turns(2).then(() => {
          log(this, 'ended');
          if (hook === 'rejects') {
            throw new Error('drawn to reject');
          }
        });
      },
    };
  }
}

function inScope(
  binding: BindInWhenOnFluentSyntax<object>,
  scope: Node['scope'],
): BindWhenOnFluentSyntax<object> {
  switch (scope) {
    case 'singleton':
      return binding.inSingletonScope();
    case 'request':
      return binding.inRequestScope();
    case 'transient':
      return binding.inTransientScope();
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await Promise.resolve();
  }
}
