import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Container,
  inject,
  injectable,
  multiInject,
  postConstruct,
  type Factory,
  type ResolutionContext,
} from 'inversify';
import {
  ContainerDisposedError,
  DisposeError,
  Lifecycle,
  LifecycleModule,
  OnExit,
} from 'inversify-onexit';

import { createContainer, rebind, unbind } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool, Repository } from '../support/services.js';

beforeEach(() => {
  log.length = 0;
});

/** A transient with a hook, as a unit of work has them. */
@injectable()
class Session {
  @OnExit()
  close(): void {
    log.push('Session');
  }
}

/** A singleton of the parent, without hooks, which holds a transient with some. */
@injectable()
class Holder {
  constructor(@inject(Session) readonly session: Session) {}
}

@injectable()
class Handler {
  constructor(
    @inject(Session) readonly session: Session,
    @inject(Holder) readonly holder: Holder,
  ) {}
}

/** What may stand in several containers of a tree. */
function bindAs(container: Container, name: string, service = 'service'): void {
  container
    .bind(service)
    .toDynamicValue(() => new Named(name))
    .inSingletonScope();
}

class Named {
  constructor(readonly name: string) {}

  @OnExit()
  close(): void {
    log.push(this.name);
  }
}

function pendingOf(container: Container): string[] {
  return container
    .get(Lifecycle)
    .pending()
    .map(({ service }) => service);
}

describe('P7 owner', () => {
  test.each<[string, (parent: Container) => Container]>([
    ['a child', (parent) => createContainer({ parent })],
    ['a grandchild', (parent) => createContainer({ parent: createContainer({ parent }) })],
  ])(
    'a transient inside a singleton of the parent belongs to the parent when it is built through %s',
    async (_which, createBelow) => {
      const parent = createContainer();
      parent.bind(Session).toSelf();
      parent.bind(Holder).toSelf().inSingletonScope();
      parent.bind(Handler).toSelf();
      const child = createBelow(parent);
      child.get(Handler);
      expect(pendingOf(parent)).toEqual(['Session', 'Session']);
      await child.dispose();
      expect(log).toEqual(['Session']);
      await parent.dispose();
      expect(log).toEqual(['Session', 'Session']);
    },
  );

  test('what a container without the module, below a child, creates belongs to the child, and the parent’s singleton to the parent', async () => {
    const parent = createContainer();
    parent.bind(Session).toSelf();
    parent.bind(Holder).toSelf().inSingletonScope();
    parent.bind(Handler).toSelf();
    const child = createContainer({ parent });
    const plain = new Container({ parent: child });
    plain.get(Handler);
    plain.get(Handler);
    await child.dispose();
    expect(log).toEqual(['Session', 'Session']);
    await parent.dispose();
    expect(log).toEqual(['Session', 'Session', 'Session']);
  });

  test('a request-scoped part of a singleton of the parent is its own, and belongs to the parent', async () => {
    @injectable()
    class Trace {
      constructor(@inject(Session) readonly session: Session) {}

      @OnExit()
      end(): void {
        log.push('Trace');
      }
    }
    @injectable()
    class Store {
      constructor(@inject(Trace) readonly trace: Trace) {}

      @OnExit()
      close(): void {
        log.push('Store');
      }
    }
    @injectable()
    class Request {
      constructor(
        @inject(Trace) readonly trace: Trace,
        @inject(Store) readonly store: Store,
      ) {}

      @OnExit()
      end(): void {
        log.push('Request');
      }
    }
    const parent = createContainer();
    parent.bind(Session).toSelf();
    parent.bind(Trace).toSelf().inRequestScope();
    parent.bind(Store).toSelf().inSingletonScope();
    parent.bind(Request).toSelf();
    const child = createContainer({ parent });
    const request = child.get(Request);
    expect(request.trace).not.toBe(request.store.trace);
    child.get(Request);
    await child.dispose();
    const ofOne = ['Request', 'Trace', 'Session'];
    expect(log).toEqual([...ofOne, ...ofOne]);
    log.length = 0;
    await parent.dispose();
    expect(log).toEqual(['Store', 'Trace', 'Session']);
  });

  test('each child owns what its own get created, one singleton of the parent serves both', async () => {
    const parent = createContainer();
    parent.bind(Session).toSelf();
    parent.bind(Pool).toSelf().inSingletonScope();
    const [one, other] = [createContainer({ parent }), createContainer({ parent })];
    one.get(Session);
    other.get(Session);
    expect(one.get(Pool)).toBe(other.get(Pool));
    await one.dispose();
    expect(log).toEqual(['Session']);
    await other.dispose();
    expect(log).toEqual(['Session', 'Session']);
    await parent.dispose();
    expect(log).toEqual(['Session', 'Session', 'Pool']);
  });

  test('while a singleton of the parent waits, only what may be part of it is the parent’s', async () => {
    const gate = createGate();
    @injectable()
    class Late {
      @postConstruct()
      async wait(): Promise<void> {
        await gate.passed;
      }
    }
    const parent = createContainer();
    parent.bind(Session).toSelf();
    parent.bind(Late).toSelf();
    parent
      .bind('holder')
      .toResolvedValue((late, session) => [late, session], [Late, Session])
      .inSingletonScope();
    parent.bind('other').to(Pool);
    const child = createContainer({ parent });
    const holder = child.getAsync('holder');
    child.get('other');
    child.get(Session);
    await Promise.resolve();
    child.get('other');
    gate.open();
    await holder;
    child.get(Session);
    await child.dispose();
    expect(log).toEqual(['Session', 'Pool', 'Session', 'Pool']);
    await parent.dispose();
    expect(log).toEqual(['Session', 'Pool', 'Session', 'Pool', 'Session']);
  });

  test('what a singleton of the parent asks for when it goes on belongs to the parent', async () => {
    const gate = createGate();
    const parent = createContainer();
    parent.bind(Session).toSelf();
    parent
      .bind('holder')
      .toDynamicValue(async (context) => {
        await gate.passed;
        return context.get(Session);
      })
      .inSingletonScope();
    const child = createContainer({ parent });
    const holder = child.getAsync('holder');
    gate.open();
    await holder;
    await child.dispose();
    expect(log).toEqual([]);
    await parent.dispose();
    expect(log).toEqual(['Session']);
  });

  test('to look whether something is bound is not to ask for it', async () => {
    const gate = createGate();
    const parent = createContainer();
    bindSlowly(parent, 'late', gate.passed);
    const child = createContainer({ parent });
    child.bind(Session).toSelf();
    expect(child.isCurrentBound('late')).toBe(false);
    const late = parent.getAsync('late');
    child.get(Session);
    await child.dispose();
    expect(log).toEqual(['Session']);
    gate.open();
    await late;
    await parent.dispose();
    expect(log).toEqual(['Session', 'Pool']);
  });

  test('while a singleton of the parent waits, the child hands on what it owns as ever', async () => {
    const gate = createGate();
    const parent = createContainer();
    parent
      .bind('late')
      .toDynamicValue(async () => gate.passed)
      .inSingletonScope();
    const child = createContainer({ parent });
    bindAs(child, 'of the child');
    parent.bind('alias').toDynamicValue((context) => context.get('service'));
    const late = child.getAsync('late');
    await Promise.resolve();
    expect(child.get('alias')).toBe(child.get('service'));
    gate.open();
    await late;
    await child.dispose();
    expect(log).toEqual(['of the child']);
    await parent.dispose();
    expect(log).toEqual(['of the child']);
  });

  test('a singleton that was planned as a part of a built one is inspected when it is requested', async () => {
    @injectable()
    class Part {
      @postConstruct()
      async connect(): Promise<void> {
        await Promise.resolve();
      }

      @OnExit()
      close(): void {
        log.push('Part');
      }
    }
    const parent = createContainer();
    parent.bind(Part).toSelf();
    parent
      .bind('holder')
      .toResolvedValue((part) => [part], [Part])
      .inSingletonScope();
    parent
      .bind('outer')
      .toResolvedValue((holder) => [holder], ['holder'])
      .inSingletonScope();
    const plain = new Container({ parent });
    plain.bind('holder').toConstantValue('of the plain container');
    await plain.getAsync('outer');
    const child = createContainer({ parent });
    await child.getAsync('outer');
    await child.getAsync('holder');
    await child.dispose();
    expect(log).toEqual([]);
    await parent.dispose();
    expect(log).toEqual(['Part']);
  });

  test('what a singleton of the parent gets from a child itself is the child’s', async () => {
    const parent = createContainer();
    parent.bind(Session).toSelf();
    parent
      .bind('holder')
      .toDynamicValue(() => [child.get(Session)])
      .inSingletonScope();
    const child = createContainer({ parent });
    child.get('holder');
    child.get(Session);
    await child.dispose();
    expect(log).toEqual(['Session', 'Session']);
    await parent.dispose();
    expect(log).toEqual(['Session', 'Session']);
  });

  test('what a context kept from one child makes is that child’s, whatever is built meanwhile', async () => {
    const parent = createContainer();
    const [builder, kept] = [createContainer({ parent }), createContainer({ parent })];
    let context: ResolutionContext | undefined;
    parent.bind(Session).toSelf();
    kept.bind('context').toDynamicValue((given) => {
      context = given;
      return 'kept';
    });
    parent
      .bind('singleton')
      .toDynamicValue(() => ({ session: context?.get(Session) }))
      .inSingletonScope();
    kept.get('context');
    builder.get('singleton');

    await builder.dispose();
    expect(log).toEqual([]);
    await kept.dispose();
    expect(log).toEqual(['Session']);
    await parent.dispose();
    expect(log).toEqual(['Session']);
  });

  test('a singleton that failed to build through a child leaves what comes after it alone', async () => {
    const parent = createContainer();
    parent.bind(Session).toSelf();
    let attempts = 0;
    parent
      .bind('failing')
      .toDynamicValue((context) => {
        context.get(Session);
        if (attempts++ === 0) {
          throw new Error('not built');
        }
        return {};
      })
      .inSingletonScope();
    const child = createContainer({ parent });
    child.bind(Pool).toSelf().inSingletonScope();
    expect(() => child.get('failing')).toThrow('not built');
    child.get(Pool);
    child.get(Session);
    await child.dispose();
    expect(log).toEqual(['Session', 'Pool']);
    parent.get('failing');
    await parent.dispose();
    expect(log).toEqual(['Session', 'Pool', 'Session', 'Session']);
  });

  test('a service that is bound at both levels has an owner at each', async () => {
    const parent = createContainer();
    bindAs(parent, 'of the parent');
    const child = createContainer({ parent });
    bindAs(child, 'of the child');
    child.getAll('service', { chained: true });
    await child.dispose();
    expect(log).toEqual(['of the child']);
    await parent.dispose();
    expect(log).toEqual(['of the child', 'of the parent']);
  });

  test('a child that predates the module of its parent', async () => {
    const parent = new Container();
    parent.bind(Pool).toSelf().inSingletonScope();
    parent.bind(Session).toSelf();
    const child = createContainer({ parent });
    child.bind('own').to(Pool).inSingletonScope();
    child.get('own');
    parent.register(LifecycleModule);
    child.get(Pool);
    child.get(Session);
    await parent.dispose();
    expect(log).toEqual(['Session', 'Pool', 'Pool']);
  });

  describe('what a child binds and exits is not injected into a singleton of the parent', () => {
    function message(singleton: string, part: string): string {
      return (
        `Cannot build ${singleton} through a child container: it is a singleton of an ancestor, ` +
        `and would be given ${part} of the child, which is disposed with the child while ${singleton} ` +
        `lives on. Bind ${part} where ${singleton} is bound, or resolve ${singleton} in the container ` +
        'that binds it before a child does.'
      );
    }

    test.each(['Singleton', 'Transient', 'Request'] as const)('a class (%s)', (defaultScope) => {
      const parent = createContainer({ defaultScope: 'Singleton' });
      parent.bind(Repository).toSelf();
      const child = createContainer({ parent, defaultScope });
      child.bind(Pool).toSelf();
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(() => child.get(Repository)).toThrow(new Error(message('Repository', 'Pool')));
      }
      expect(pendingOf(child)).toEqual([]);
      parent.bind(Pool).toSelf();
      const repository = parent.get(Repository);
      expect(child.get(Repository)).toBe(repository);
    });

    test('deeper down, through what the parent binds', () => {
      const parent = createContainer({ defaultScope: 'Singleton' });
      parent.bind(Repository).toSelf();
      parent.bind('alias').toService(Repository);
      parent.bind('outer').toResolvedValue((repository) => [repository], ['alias']);
      const child = createContainer({ parent });
      child.bind(Pool).toSelf();
      child.bind('handler').toResolvedValue((outer) => [outer], ['outer']);
      expect(() => child.get('handler')).toThrow(message('outer', 'Pool'));
      expect(() => child.getAll('handler')).toThrow(message('outer', 'Pool'));
    });

    test('the Lifecycle that it is given is that of the parent', () => {
      @injectable()
      class Client {
        constructor(@inject(Lifecycle) readonly lifecycle: Lifecycle) {}
      }
      const parent = createContainer({ defaultScope: 'Singleton' });
      parent.bind(Client).toSelf();
      const child = createContainer({ parent });
      expect(child.get(Client).lifecycle).toBe(parent.get(Lifecycle));
    });

    test('what a dynamic value asks for', () => {
      const parent = createContainer({ defaultScope: 'Singleton' });
      parent.bind('client').toDynamicValue((context) => context.get(Lifecycle).adopt({}, () => 0));
      parent.bind('holder').toDynamicValue((context) => [context.get('service')]);
      parent.bind('handed on').toDynamicValue((context) => context.get('service'));
      const child = createContainer({ parent });
      bindAs(child, 'of the child');
      child.get(Lifecycle);
      child.get('service');
      child.get('client');
      expect(pendingOf(parent)).toEqual(['service [Named]', 'callback']);
      expect(() => child.get('holder')).toThrow(message('holder', 'service'));
      expect(() => child.get('handed on')).toThrow(message('handed on', 'service'));
      expect(pendingOf(child)).toEqual(['service [Named]']);
    });

    test('what is only seen to have hooks when it is there', async () => {
      const parent = createContainer({ defaultScope: 'Singleton' });
      parent.bind('holder').toResolvedValue((service) => [service], ['service']);
      const child = createContainer({ parent });
      bindAs(child, 'of the child');
      expect(() => child.get('holder')).toThrow(message('holder', 'service'));
      await child.dispose();
      expect(log).toEqual(['of the child']);
    });

    test('what the child has itself adopted, and the parent’s singleton hands on', async () => {
      const parent = createContainer({ defaultScope: 'Singleton' });
      const child = createContainer({ parent });
      const adopted = child.get(Lifecycle).adopt(new Named('adopted'));
      parent.bind('handed on').toDynamicValue(() => adopted);
      expect(() => child.get('handed on')).toThrow(message('handed on', 'Named'));
    });

    test('what the child has adopted, handed on to a part of the parent’s singleton', () => {
      const parent = createContainer({ defaultScope: 'Singleton' });
      const child = createContainer({ parent });
      const adopted = child.get(Lifecycle).adopt(new Named('adopted'));
      parent
        .bind('part')
        .toDynamicValue(() => adopted)
        .inTransientScope();
      parent.bind('holder').toResolvedValue((part) => [part], ['part']);
      expect(() => child.get('holder')).toThrow(message('holder', 'Named'));
      expect(child.get('part')).toBe(adopted);
    });

    test('what has no hooks is injected as ever, and so is what a container without the module binds', async () => {
      const parent = createContainer({ defaultScope: 'Singleton' });
      parent.bind('holder').toResolvedValue((service) => service, ['service']);
      parent.bind(Repository).toSelf();
      const child = createContainer({ parent });
      child.bind('service').toDynamicValue(() => 'of the child');
      const plain = new Container({ parent: child });
      plain.bind(Pool).toSelf();
      expect(child.get('holder')).toBe('of the child');
      expect(plain.get(Repository).pool).toBe(
        plain.get(Pool) instanceof Pool && plain.get(Repository).pool,
      );
      await child.dispose();
      expect(log).toEqual([]);
      await parent.dispose();
      expect(log).toEqual(['Repository']);
    });

    test('a released singleton is looked at once more', async () => {
      const parent = createContainer({ defaultScope: 'Singleton' });
      parent.bind(Repository).toSelf();
      parent.bind(Pool).toSelf();
      const child = createContainer({ parent });
      const repository = child.get(Repository);
      child.bind(Pool).toSelf();
      expect(child.get(Repository)).toBe(repository);
      await parent.get(Lifecycle).release(repository);
      expect(() => child.get(Repository)).toThrow(message('Repository', 'Pool'));
    });
  });

  test('bindings of a container without the module are not collected', async () => {
    const plain = new Container();
    plain.bind(Pool).toSelf();
    plain.bind('singleton').to(Pool).inSingletonScope();
    const child = createContainer({ parent: plain });
    child.get(Pool);
    child.get('singleton');
    expect(pendingOf(child)).toEqual([]);
  });

  test('unbind() on a child of what only the parent binds: Inversify deactivates it, and it is exited once', async () => {
    for (const child of [
      (parent: Container) => createContainer({ parent }),
      (parent: Container) => new Container({ parent }),
    ]) {
      log.length = 0;
      const parent = createContainer();
      parent.bind(Pool).toSelf().inSingletonScope();
      const pool = parent.get(Pool);
      unbind(child(parent), Pool);
      expect(log).toEqual(['Pool']);
      // What was exited is not handed out again.
      expect(parent.get(Pool)).not.toBe(pool);
      await parent.dispose();
      expect(log).toEqual(['Pool', 'Pool']);
    }
  });
});

describe('P14 exactly once › and P16 late arrivals › methods that somebody has put before those of the class', () => {
  test('are called, and refused when the container is disposed', async () => {
    const calls: string[] = [];
    const container = new Container();
    container.bind(Pool).toSelf().inSingletonScope();
    const before = (name: 'unbind' | 'get'): void => {
      const method: unknown = Reflect.get(container, name);
      Object.defineProperty(container, name, {
        configurable: true,
        value: (...parameters: unknown[]): unknown => {
          calls.push(name);
          return Reflect.apply(method as () => unknown, container, parameters);
        },
      });
    };
    before('unbind');
    container.register(LifecycleModule);
    before('get');
    container.get(Pool);
    // In Inversify 7 it returns a promise.
    await Reflect.apply(Reflect.get(container, 'unbind') as () => unknown, container, [Pool]);
    expect(calls).toEqual(['get', 'unbind']);
    expect(log).toEqual(['Pool']);
    await container.dispose();
    expect(() => container.get(Pool)).toThrow(ContainerDisposedError);
    expect(calls).toEqual(['get', 'unbind']);
  });
});

describe('P16 late arrivals', () => {
  test('once the parent is disposed, children with the module refuse, and hooks are not activated by others', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf();
    parent.bind('plain').toConstantValue(1);
    const child = createContainer({ parent });
    child.bind<Factory<unknown>>('factory').toFactory((context) => () => context.get(Pool));
    const factory = child.get<Factory<unknown>>('factory');
    const plain = new Container({ parent: child });
    plain.get('plain');
    await parent.dispose();
    expect(() => child.get('plain')).toThrow(new ContainerDisposedError('resolve plain', 'plain'));
    await expect(child.getAsync(Pool)).rejects.toThrow(ContainerDisposedError);
    expect(() => child.bind('new')).toThrow(ContainerDisposedError);
    expect(() => plain.get(Pool)).toThrow(ContainerDisposedError);
    expect(factory).toThrow(ContainerDisposedError);
    expect(plain.get('plain')).toBe(1);
    expect(log).toEqual(['Pool', 'Pool']);
  });

  test('a child of a disposed container cannot register the module', async () => {
    const parent = createContainer();
    await parent.dispose();
    const child = new Container({ parent });
    expect(() => {
      child.register(LifecycleModule);
    }).toThrow(new ContainerDisposedError('register LifecycleModule', 'LifecycleModule'));
    expect(child.isCurrentBound(Lifecycle)).toBe(false);
  });

  test('a singleton of the parent in flight through a child is awaited, and not by the child alone', async () => {
    const gate = createGate();
    const parent = createContainer();
    bindSlowly(parent, 'slow', gate.passed);
    const child = createContainer({ parent });
    const slow = child.getAsync('slow');
    await child.dispose();
    const disposal = parent.dispose();
    gate.open();
    await slow;
    await disposal;
    expect(log).toEqual(['Pool']);
  });
});

describe('P17 children first', () => {
  test('typed-inject#37, autofac#397: youngest first, before anything of the parent', async () => {
    const parent = createContainer();
    bindAs(parent, 'parent');
    parent.get('service');
    const children = ['oldest', 'middle', 'youngest'].map((name) => {
      const child = createContainer({ parent });
      bindAs(child, name);
      const grandchild = createContainer({ parent: new Container({ parent: child }) });
      bindAs(grandchild, `child of the ${name}`);
      grandchild.get('service');
      return child;
    });
    for (const child of [...children].reverse()) {
      child.get('service');
    }
    const expected = [
      ...['child of the youngest', 'youngest'],
      ...['child of the middle', 'middle'],
      ...['child of the oldest', 'oldest'],
      'parent',
    ];
    expect(parent.get(Lifecycle).pending()).toHaveLength(7);
    const report = await parent.dispose({ reason: 'the end' });
    expect(log).toEqual(expected);
    expect(report.exits.map(({ container }) => container)).toEqual([2, 1, 4, 3, 6, 5, 0]);
    expect(report.exits.map(({ startTime }) => startTime)).toEqual(
      report.exits.map(({ startTime }) => startTime).sort((one, other) => one - other),
    );
    expect((await children[0]?.dispose())?.reason).toBe('the end');
    expect((await children[0]?.dispose())?.exits.map(({ container }) => container)).toEqual([1, 0]);
  });

  test('disposing a child never touches what is the parent’s', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf().inSingletonScope();
    parent.bind(Repository).toSelf().inSingletonScope();
    parent.get(Pool);
    const child = createContainer({ parent });
    child.get(Repository);
    child.get(Lifecycle).onExit(() => log.push('child'));
    await child.dispose();
    expect(log).toEqual(['child']);
    expect(parent.get(Repository).pool).toBe(parent.get(Pool));
    await parent.dispose();
    expect(log).toEqual(['child', 'Repository', 'Pool']);
  });

  test('failures of children are failures of the parent’s disposal, and of their own', async () => {
    const parent = createContainer();
    parent.get(Lifecycle).onExit(() => log.push('parent'));
    const child = createContainer({ parent });
    child.get(Lifecycle).onExit(
      () => {
        throw new Error('not closed');
      },
      { name: 'close' },
    );
    const error: unknown = await parent.dispose().catch((thrown: unknown) => thrown);
    if (!DisposeError.is(error)) {
      throw error;
    }
    expect(error.message).toBe(
      '1 of 2 exit hooks failed; all were run:\n  - callback close failed: Error: not closed',
    );
    expect(error.report.exits.map(({ container, outcome }) => [container, outcome])).toEqual([
      [1, 'failed'],
      [0, 'done'],
    ]);
    expect(log).toEqual(['parent']);
    await expect(child.dispose()).rejects.toThrow(
      '1 of 1 exit hooks failed; all were run:\n  - callback close failed: Error: not closed',
    );
  });

  test('a child’s disposal in flight is awaited, one that has settled is not repeated', async () => {
    const gate = createGate();
    const parent = createContainer();
    parent.get(Lifecycle).onExit(() => log.push('parent'));
    const settled = createContainer({ parent });
    settled.get(Lifecycle).onExit(() => log.push('settled'));
    await settled.dispose();
    const inFlight = createContainer({ parent });
    inFlight.get(Lifecycle).onExit(() => log.push('second of the child'));
    inFlight.get(Lifecycle).onExit(async () => {
      log.push('first of the child');
      await gate.passed;
    });
    const own = inFlight.dispose({ reason: 'its own' });
    const disposal = parent.dispose({ reason: 'the parent’s' });
    expect(inFlight.dispose()).toBe(own);
    gate.open();
    const report = await disposal;
    expect(log).toEqual(['settled', 'first of the child', 'second of the child', 'parent']);
    expect(report.exits.map(({ container }) => container)).toEqual([1, 1, 0]);
    expect((await own).reason).toBe('its own');
  });

  test('a child that asks for its disposal while the parent’s is under way gets the same', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    let disposed: unknown;
    child.get(Lifecycle).onExit(async () => {
      await Promise.resolve();
      disposed = child.dispose();
    });
    await parent.dispose();
    expect(disposed).toBe(child.dispose());
    await expect(disposed).resolves.toMatchObject({ exits: [{ outcome: 'done', container: 0 }] });
  });

  test('dispose() of the parent in a hook of a child is refused: it would wait for itself', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    child.get(Lifecycle).onExit(async () => parent.dispose());
    await expect(child.dispose()).rejects.toThrow('would wait for itself');
    await parent.dispose();
  });

  test('children that outlive their parent are disposed, those that come meanwhile, too', async () => {
    const parent = createContainer();
    parent.bind(Pool).toSelf().inSingletonScope();
    parent.get(Pool);
    const late: Container[] = [];
    parent.get(Lifecycle).onExit(() => {
      const child = createContainer({ parent });
      child.get(Lifecycle).onExit(() => log.push('late child'));
      late.push(child);
    });
    const idle = createContainer({ parent });
    await parent.dispose();
    expect(log).toEqual(['late child', 'Pool']);
    expect(() => late[0]?.get(Pool)).toThrow(ContainerDisposedError);
    expect(() => idle.get(Pool)).toThrow(ContainerDisposedError);
  });

  test('a child that comes while the last hook runs is disposed, too', async () => {
    const parent = createContainer();
    parent.get(Lifecycle).onExit(() => {
      createContainer({ parent })
        .get(Lifecycle)
        .onExit(() => log.push('late child'));
    });
    await parent.dispose();
    expect(log).toEqual(['late child']);
  });

  test('children that come meanwhile are not lost to who looks at what is pending, or stops them', async () => {
    const [gate, made] = [createGate(), createGate()];
    const parent = createContainer();
    parent.get(Lifecycle).onExit(() => {
      createContainer({ parent })
        .get(Lifecycle)
        .onExit(() => log.push('of the parent'));
      expect(parent.get(Lifecycle).pending()).toHaveLength(1);
    });
    const child = createContainer({ parent });
    child.get(Lifecycle).onExit(async () => {
      createContainer({ parent: child })
        .get(Lifecycle)
        .onExit(() => log.push('of the child'));
      made.open();
      await gate.passed;
    });
    void child.dispose();
    await made.passed;
    const disposal = parent.dispose();
    gate.open();
    await disposal;
    expect(log).toEqual(['of the child', 'of the parent']);
  });

  test('each container has one number in a report, in the order of their first entry', async () => {
    const gate = createGate();
    const root = createContainer();
    const parent = createContainer({ parent: root });
    const child = createContainer({ parent });
    const grandchild = createContainer({ parent: child });
    const sibling = createContainer({ parent: root });
    for (const container of [root, parent, child, grandchild, sibling]) {
      container.get(Lifecycle).onExit(() => (container === child ? gate.passed : undefined));
    }
    const before = child.dispose();
    await setImmediate();
    const disposal = root.dispose();
    await setImmediate();
    gate.open();
    const report = await disposal;
    expect(report.exits.map(({ container }) => container)).toEqual([3, 2, 4, 1, 0]);
    expect((await parent.dispose()).exits.map(({ container }) => container)).toEqual([2, 1, 0]);
    expect((await before).exits.map(({ container }) => container)).toEqual([1, 0]);
  });

  test('a child whose disposal ends before its turn is part of the report, too', async () => {
    const gate = createGate();
    const parent = createContainer();
    const elder = createContainer({ parent });
    elder.get(Lifecycle).onExit(() => {
      throw new Error('not closed');
    });
    createContainer({ parent })
      .get(Lifecycle)
      .onExit(() => gate.passed);
    const disposal = parent.dispose();
    await expect(elder.dispose()).rejects.toThrow('not closed');
    gate.open();
    await expect(disposal).rejects.toThrow('1 of 2 exit hooks failed');
  });

  test('a synchronous disposal takes the children with it', async () => {
    const parent = createContainer();
    parent.get(Lifecycle).onExit(() => log.push('parent'));
    const child = createContainer({ parent });
    child.get(Lifecycle).onExit(() => log.push('child'));
    parent[Symbol.dispose]();
    expect(log).toEqual(['child', 'parent']);
    await expect(child.dispose()).resolves.toMatchObject({ exits: [{ container: 0 }] });
    expect((await parent.dispose()).exits).toHaveLength(2);
  });

  test('a synchronous disposal is refused for the async hooks of a child, and before anything has run', () => {
    const parent = createContainer();
    parent.get(Lifecycle).onExit(() => log.push('parent'));
    const child = createContainer({ parent });
    child.get(Lifecycle).onExit(async () => Promise.resolve(), { name: 'flush' });
    expect(() => {
      parent[Symbol.dispose]();
    }).toThrow('callback flush is an async function');
    expect(log).toEqual([]);
    expect(child.get(Lifecycle).state).toBe('active');
  });

  test('a synchronous disposal is refused while a child is being disposed', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    const disposal = child.dispose();
    expect(() => {
      parent[Symbol.dispose]();
    }).toThrow('A child of the container is being disposed already');
    await disposal;
    parent[Symbol.dispose]();
  });

  test('a rebind in a child does not reach the parent', async () => {
    const parent = createContainer();
    bindAs(parent, 'parent');
    parent.get('service');
    const child = createContainer({ parent });
    bindAs(child, 'child');
    child.get('service');
    rebind(child, 'service').toConstantValue('another');
    expect(log).toEqual(['child']);
    await parent.dispose();
    expect(log).toEqual(['child', 'parent']);
  });

  test('a child is that of its parent after restore()', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    child.get(Lifecycle).onExit(() => log.push('child'));
    parent.snapshot();
    parent.restore();
    await parent.dispose();
    expect(log).toEqual(['child']);
  });

  test('children survive unbindAll(), snapshot() and restore() of their parent', async () => {
    const parent = createContainer();
    const child = createContainer({ parent });
    parent.snapshot();
    parent.unbindAll();
    child.get(Lifecycle).onExit(() => log.push('child'));
    parent.restore();
    parent.unbindAll();
    await parent.dispose();
    expect(log).toEqual(['child']);
  });
});

test('P3 every way to create › multi-injected along the tree, and autobound through a child', async () => {
  @injectable()
  class All {
    constructor(@multiInject('service', { chained: true }) readonly all: Named[]) {}
  }
  const parent = createContainer({ autobind: true });
  bindAs(parent, 'parent');
  const child = createContainer({ parent });
  bindAs(child, 'child');
  child.bind(All).toSelf();
  child.get(All);
  new Container({ parent }).get(Pool);
  expect(pendingOf(parent)).toHaveLength(3);
  await parent.dispose();
  expect(log).toEqual(['child', 'Pool', 'parent']);
});
