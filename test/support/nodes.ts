/** Drawn services: how they are bound, and what their instances and their exits log. */
import { setImmediate } from 'node:timers/promises';

import fc from 'fast-check';
import {
  inject,
  injectable,
  multiInject,
  named,
  optional,
  postConstruct,
  tagged,
  type BindInWhenOnFluentSyntax,
  type BindWhenOnFluentSyntax,
  type Container,
  type Factory,
  type Newable,
  type ResolutionContext,
  type ResolvedValueMetadataInjectOptions,
} from 'inversify';
import { OnExit } from 'inversify-onexit';

const scopes = ['singleton', 'transient', 'request'] as const;
type Kind = 'class' | 'dynamic' | 'resolved' | 'alias' | 'factory';
const hooks = ['none', 'sync', 'async', 'throws', 'rejects'] as const;

export type Injection = 'one' | 'optional' | 'all' | 'chained';

/** How one asks for a service. */
export interface Label {
  readonly identifier: string;
  readonly name?: string;
  readonly tag?: { readonly key: string; readonly value: string };
}

export interface Node {
  readonly scope: (typeof scopes)[number];
  /**
   * An alias is a dynamic value that hands on what its first dependency is, a factory is a function
   * that asks its context for that: whoever is given the function calls it.
   */
  readonly kind: Kind;
  readonly hook: (typeof hooks)[number];
  /** Indices of other services, taken modulo this one's own, so that there are no cycles. */
  readonly dependencies: readonly number[];
  /** How many turns the activation takes; 0 is a synchronous one. */
  readonly turns: number;
  /** Whether a dynamic value takes these turns before it asks its context for others. */
  readonly asksLate: boolean;
  /** How it asks for its dependencies. */
  readonly injection: Injection;
  readonly fails: boolean;
}

export const nodeFields = {
  scope: fc.constantFrom(...scopes),
  kind: fc.constantFrom<Kind>('class', 'dynamic', 'resolved', 'alias'),
  hook: fc.constantFrom(...hooks),
  dependencies: fc.uniqueArray(fc.nat(11), { maxLength: 3 }),
  turns: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
  asksLate: fc.constant<boolean>(false),
  injection: fc.constant<Injection>('one'),
  fails: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, fc.constant(true)),
};

/** What the node is built from, if it is bound as this service. */
export function dependenciesOf({ dependencies, kind }: Node, service: number): number[] {
  const indices = service === 0 ? [] : [...new Set(dependencies.map((index) => index % service))];
  return kind === 'alias' || kind === 'factory' ? indices.slice(0, 1) : indices;
}

export function serviceOf(index: number): string {
  return `service ${String(index)}`;
}

/** The exits of one run, and what is being activated in it. */
export abstract class Workshop<Drawn extends Node> {
  readonly exits: { readonly value: object; readonly event: 'started' | 'ended' }[] = [];
  readonly #running = new Set<Promise<unknown>>();
  /** Factories of what is not to be awaited. */
  readonly #callable = new WeakSet();

  /** Whether the service may have to be awaited, wherever it is resolved. */
  abstract isAsync(service: number): boolean;

  /** Called by constructors, and for factories. */
  protected abstract made(drawn: Drawn, value: object, dependencies: readonly unknown[]): void;

  /** Called by an alias. */
  protected handedOn(_alias: Drawn, _value: object): void {}

  /** Called with the context of what makes its value by a function. */
  protected kept(_drawn: Drawn, _value: object, _context: ResolutionContext): void {}

  protected labelOf(service: number): Label {
    return { identifier: serviceOf(service) };
  }

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
    const { identifier } = this.labelOf(service);
    const [target] = dependenciesOf(drawn, service);
    if (drawn.kind === 'factory' && target !== undefined) {
      return container
        .bind<Factory<unknown>>(identifier)
        .toFactory((context) =>
          this.#factory(drawn, target, context),
        ) as BindWhenOnFluentSyntax<object>;
    }
    return inScope(this.#bind(container, drawn, service), drawn.scope);
  }

  #bind(container: Container, drawn: Drawn, service: number): BindInWhenOnFluentSyntax<object> {
    const { kind, turns: count, injection, asksLate } = drawn;
    const dependencies = dependenciesOf(drawn, service);
    const binding = container.bind<object>(this.labelOf(service).identifier);
    const Service = this.#serviceClass(drawn, dependencies);
    const make = (values: readonly unknown[]): object => new Service(...values);
    if (kind === 'class') {
      return binding.to(Service);
    }
    if (kind === 'resolved') {
      return binding.toResolvedValue(
        (...values: unknown[]) =>
          count === 0 ? make(values) : this.#run(count, () => make(values)),
        dependencies.map((each) => this.#resolvedInjection(each, injection)),
      );
    }
    const [target] = dependencies;
    const isAlias = kind === 'alias' && target !== undefined;
    return binding.toDynamicValue((context) => {
      const finish = (values: readonly unknown[]): object => {
        const value = isAlias ? (values[0] as object) : make(values);
        if (isAlias) {
          this.handedOn(drawn, value);
        }
        this.kept(drawn, value, context);
        return value;
      };
      if (!this.isAsync(service)) {
        return finish(dependencies.map((each) => this.ask(context, each, injection)));
      }
      const ask = async (): Promise<unknown[]> =>
        Promise.all(dependencies.map(async (each) => this.ask(context, each, injection, true)));
      return asksLate
        ? this.#run(count, ask).then(finish)
        : ask().then(async (values) => this.#run(count, () => finish(values)));
    });
  }

  #factory(drawn: Drawn, target: number, context: ResolutionContext): Factory<unknown> {
    const factory = (): unknown => this.ask(context, target, drawn.injection);
    if (!this.isAsync(target)) {
      this.#callable.add(factory);
    }
    this.made(drawn, factory, []);
    this.kept(drawn, factory, context);
    return factory;
  }

  /** Asks a container, or a context. */
  protected ask(
    asked: Pick<ResolutionContext, 'get' | 'getAll' | 'getAllAsync' | 'getAsync'>,
    service: number,
    injection: Injection,
    isAsync = this.isAsync(service),
  ): unknown {
    const { identifier, ...label } = this.labelOf(service);
    const options = { ...label, ...optionsOf(injection) };
    if (injection === 'all' || injection === 'chained') {
      return isAsync ? asked.getAllAsync(identifier, options) : asked.getAll(identifier, options);
    }
    return isAsync ? asked.getAsync(identifier, options) : asked.get(identifier, options);
  }

  #resolvedInjection(
    service: number,
    injection: Injection,
  ): ResolvedValueMetadataInjectOptions<unknown> {
    const { identifier, name, tag } = this.labelOf(service);
    return {
      serviceIdentifier: identifier,
      ...(name === undefined ? {} : { name }),
      ...(tag === undefined ? {} : { tags: [tag] }),
      ...optionsOf(injection),
      ...(injection === 'all' || injection === 'chained' ? { isMultiple: true } : {}),
    };
  }

  #inject(
    Service: Newable<object, unknown[]>,
    position: number,
    service: number,
    how: Injection,
  ): void {
    const { identifier, name, tag } = this.labelOf(service);
    const decorate = (decorator: ParameterDecorator): void => {
      decorator(Service, undefined, position);
    };
    decorate(
      how === 'all' || how === 'chained'
        ? multiInject(identifier, optionsOf(how))
        : inject(identifier),
    );
    if (how === 'optional') {
      decorate(optional());
    }
    if (name !== undefined) {
      decorate(named(name));
    }
    if (tag !== undefined) {
      decorate(tagged(tag.key, tag.value));
    }
  }

  async #run<T>(count: number, action: () => T | Promise<T>): Promise<T> {
    const running = turns(count).then(action);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #serviceClass(drawn: Drawn, dependencies: readonly number[]): Newable<object, unknown[]> {
    const { kind, hook, turns: count, fails, injection } = drawn;
    const made = (value: object, given: readonly unknown[]): void => {
      const values = given
        .flat()
        .flatMap((each) => (this.#isCallable(each) ? each() : each))
        .filter((each) => each !== undefined);
      if (fails) {
        throw new Error('drawn to fail');
      }
      this.made(drawn, value, values);
    };

    @injectable()
    class Service {
      constructor(...values: unknown[]) {
        made(this, values);
      }
    }
    if (kind === 'class') {
      for (const [position, dependency] of dependencies.entries()) {
        this.#inject(Service, position, dependency, injection);
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

  #isCallable(value: unknown): value is () => unknown {
    return typeof value === 'function' && this.#callable.has(value);
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

function optionsOf(injection: Injection): { optional?: true; chained?: true } {
  return {
    ...(injection === 'optional' ? { optional: true } : {}),
    ...(injection === 'chained' ? { chained: true } : {}),
  };
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
