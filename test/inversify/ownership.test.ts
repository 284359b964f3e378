/** Whose an instance is when a container builds what an ancestor holds. */
import 'reflect-metadata';

import { setImmediate } from 'node:timers/promises';

import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Container,
  inject,
  injectable,
  multiInject,
  named,
  optional,
  tagged,
  type GetAllOptions,
  type ResolutionContext,
} from 'inversify';
import { Lifecycle, LifecycleModule, OnExit } from 'inversify-onexit';

import { createContainer, rebind } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool, Repository } from '../support/services.js';

@injectable()
class Session {
  @OnExit()
  end(): void {
    log.push('Session');
  }
}

@injectable()
class Transaction {
  @OnExit()
  end(): void {
    log.push('Transaction');
  }
}

let application: Container;
let request: Container;

beforeEach(() => {
  log.length = 0;
  application = createContainer();
  request = createContainer({ parent: application });
});

/** What each container exits, when the request is disposed before the application. */
async function owned(): Promise<{ request: string[]; application: string[] }> {
  log.length = 0;
  await request.dispose();
  const ofRequest = log.splice(0);
  await application.dispose();
  return { request: ofRequest, application: log.splice(0) };
}

type Make = () => unknown;

describe('P7 owner › what is made for a singleton of the parent is the parent’s', () => {
  test('through the context that it was given, after the request has ended too', async () => {
    application.bind(Session).toSelf();
    application
      .bind('keeper')
      .toDynamicValue((context) => ({ make: () => context.get(Session) }))
      .inSingletonScope();
    const keeper = request.get<{ make: Make }>('keeper');
    keeper.make();
    await request.dispose();
    keeper.make();
    expect(log).toEqual([]);
    await application.dispose();
    expect(log).toEqual(['Session', 'Session']);
  });

  test('through a factory, which is the parent’s whoever requests it first', async () => {
    application.bind(Session).toSelf();
    application.bind<Make>('make').toFactory((context) => () => context.get(Session));
    request.get<Make>('make')();
    request.get(Session);
    application.get<Make>('make')();
    expect(await owned()).toEqual({ request: ['Session'], application: ['Session', 'Session'] });
  });

  test('after an await, by class, and nested', async () => {
    const opened = createGate();
    application.bind(Session).toSelf();
    application
      .bind('inner')
      .toDynamicValue(async (context) => {
        await opened.passed;
        return { session: await context.getAsync(Session) };
      })
      .inTransientScope();
    application
      .bind('outer')
      .toDynamicValue(async (context) => {
        await opened.passed;
        return [await context.getAsync('inner'), await context.getAsync(Session)];
      })
      .inSingletonScope();
    const outer = request.getAsync('outer');
    request.get(Session);
    opened.open();
    await outer;
    request.get(Session);
    expect(await owned()).toEqual({
      request: ['Session', 'Session'],
      application: ['Session', 'Session'],
    });
  });

  test('an async part of a singleton without hooks (its dependency does not stay behind)', async () => {
    application.bind(Pool).toSelf();
    application
      .bind('session')
      .toResolvedValue(
        async (pool: unknown) => {
          await Promise.resolve();
          return Object.assign(new Session(), { pool });
        },
        [Pool],
      )
      .inTransientScope();
    application
      .bind('settings')
      .toResolvedValue((session: unknown) => ({ session }), ['session'])
      .inSingletonScope();
    await request.getAsync('settings');
    expect(await owned()).toEqual({ request: [], application: ['Session', 'Pool'] });
  });

  test('what it adopts: Lifecycle is that of the parent', async () => {
    application
      .bind('client')
      .toDynamicValue((context) =>
        context.get(Lifecycle).adopt({}, () => {
          log.push('client');
        }),
      )
      .inSingletonScope();
    request.get('client');
    expect(await owned()).toEqual({ request: [], application: ['client'] });
  });

  test('its request-scoped parts are its own', async () => {
    application.bind(Session).toSelf().inRequestScope();
    application
      .bind('holder')
      .toResolvedValue((session: unknown) => ({ session }), [Session])
      .inSingletonScope();
    request
      .bind('handler')
      .toResolvedValue(
        (holder: unknown, session: unknown) => [holder, session],
        ['holder', Session],
      );
    const [holder, session] = request.get<[{ session: unknown }, unknown]>('handler');
    expect(holder.session).not.toBe(session);
    expect(await owned()).toEqual({ request: ['Session'], application: ['Session'] });
  });

  test('in three levels the highest of nested singletons owns', async () => {
    const tenant = createContainer({ parent: application });
    request = createContainer({ parent: tenant });
    application.bind(Session).toSelf();
    application
      .bind('outermost')
      .toResolvedValue((inner: unknown) => ({ inner }), ['inner'])
      .inSingletonScope();
    tenant
      .bind('inner')
      .toResolvedValue((session: unknown) => ({ session }), [Session])
      .inSingletonScope();
    tenant
      .bind('of the tenant')
      .toResolvedValue(
        (session: unknown, outermost: unknown) => ({ session, outermost }),
        [Session, 'outermost'],
      )
      .inSingletonScope();
    request.get('of the tenant');
    request.get('inner');
    await request.dispose();
    expect(log).toEqual([]);
    await tenant.dispose();
    expect(log).toEqual(['Session']);
    await application.dispose();
    expect(log).toEqual(['Session', 'Session']);
  });
});

describe('P6 once › what several containers of a tree have', () => {
  test.each(['the request', 'the application'])('%s is disposed first', async (first) => {
    const adopted = request.get(Lifecycle).adopt(new Session());
    application
      .bind('handed on')
      .toDynamicValue(() => adopted)
      .inSingletonScope();
    application.get('handed on');
    if (first === 'the request') {
      await request.dispose();
      expect(log).toEqual(['Session']);
    }
    await application.dispose();
    expect(log).toEqual(['Session']);
  });

  test.each(['Singleton', 'Transient'] as const)(
    'what a parent gets from its child (%s)',
    async (scope) => {
      request.bind(Session).toSelf();
      const bound = application.bind('handed on').toDynamicValue(() => request.get(Session));
      if (scope === 'Singleton') {
        bound.inSingletonScope();
      }
      application.get('handed on');
      await application.dispose();
      expect(log).toEqual(['Session']);
    },
  );

  test('what a sibling gets from another, whichever is disposed first', async () => {
    for (const isFirst of [true, false]) {
      log.length = 0;
      const [one, other] = [
        createContainer({ parent: application }),
        createContainer({ parent: application }),
      ];
      one.bind(Session).toSelf();
      other.bind('handed on').toDynamicValue(() => one.get(Session));
      other.get('handed on');
      for (const each of isFirst ? [one, other] : [other, one]) {
        await each.dispose();
      }
      expect(log).toEqual(['Session']);
    }
  });

  test('it is adopted again after its exit, and exited again', async () => {
    const session = new Session();
    request.get(Lifecycle).adopt(session);
    await request.get(Lifecycle).release(session);
    request.get(Lifecycle).adopt(session);
    await request.dispose();
    expect(log).toEqual(['Session', 'Session']);
  });
});

describe('P7 owner › what a request makes with its own context or factory is the request’s', () => {
  @injectable()
  class Connection {
    constructor() {
      log.push('connected');
    }
  }

  @injectable()
  class Job {
    constructor(@inject(Connection) @named('write') readonly connection: Connection) {}

    @OnExit()
    stop(): void {
      log.push('Job');
    }
  }

  test('beside named siblings, and without a leak', async () => {
    application.bind(Connection).toSelf().inSingletonScope().whenNamed('read');
    application.bind(Connection).toSelf().inSingletonScope().whenNamed('write');
    application.bind(Job).toSelf();
    const ended: string[] = [];
    for (let count = 0; count < 3; count++) {
      const each = createContainer({ parent: application });
      each.bind<Make>('make').toFactory((context) => () => context.get(Job));
      each.get<Make>('make')();
      log.length = 0;
      await each.dispose();
      ended.push(...log);
    }
    expect(ended).toEqual(['Job', 'Job', 'Job']);
    expect(application.get(Lifecycle).pending()).toEqual([]);
  });
});

describe('P7 owner › a captive dependency is refused, and both are named', () => {
  const refused = (singleton: string, part: string): RegExp =>
    new RegExp(
      `^Cannot build ${singleton} through a child container: .* given ${part} of the child`,
    );

  test('though the request has its own before', () => {
    application
      .bind('repository')
      .toResolvedValue((transaction: unknown) => ({ transaction }), [Transaction])
      .inSingletonScope();
    application
      .bind('handler')
      .toResolvedValue((...parts: unknown[]) => parts, [Transaction, 'repository']);
    request
      .bind(Transaction)
      .toDynamicValue(() => new Transaction())
      .inSingletonScope();
    expect(() => request.get('handler')).toThrow(refused('repository', 'Transaction'));
    expect(() => request.get('repository')).toThrow(refused('repository', 'Transaction'));
  });

  test('that is an async dynamic value of the child', async () => {
    application
      .bind('repository')
      .toResolvedValue((transaction: unknown) => ({ transaction }), [Transaction])
      .inSingletonScope();
    request.bind(Transaction).toDynamicValue(async () => Promise.resolve(new Transaction()));
    await expect(request.getAsync('repository')).rejects.toThrow(
      refused('repository', 'Transaction'),
    );
  });

  test('that is requested after an await', async () => {
    application
      .bind('repository')
      .toDynamicValue(async (context) => {
        await Promise.resolve();
        return { pool: await context.getAsync(Pool) };
      })
      .inSingletonScope();
    request.bind(Pool).toSelf();
    await expect(request.getAsync('repository')).rejects.toThrow(refused('repository', 'Pool'));
  });

  test('that a kept context requests, of whichever singleton it may be', async () => {
    const contexts: ResolutionContext[] = [];
    for (const name of ['one', 'other']) {
      application
        .bind(name)
        .toDynamicValue((context) => contexts.push(context))
        .inSingletonScope();
      request.get(name);
    }
    request.bind(Pool).toSelf();
    expect(() => contexts[0]?.get(Pool)).toThrow(refused('one or other', 'Pool'));
    request.get(Pool);
    expect(await owned()).toEqual({ request: ['Pool'], application: [] });
  });

  test('what is already built, and what is only optional', () => {
    @injectable()
    class Service {
      constructor(
        @inject(Pool) @optional() readonly pool?: Pool,
        @multiInject('part') @optional() readonly parts?: unknown[],
      ) {}
    }
    application.bind(Service).toSelf().inSingletonScope();
    request.bind(Pool).toSelf().inSingletonScope();
    request.get(Pool);
    expect(() => request.get(Service)).toThrow(refused('Service', 'Pool'));
    const other = createContainer({ parent: application });
    expect(other.get(Service)).toMatchObject({ pool: undefined });
  });

  test.each<[string, (container: Container) => void]>([
    [
      'a constant that the child has adopted',
      (container) => {
        const part = container.get(Lifecycle).adopt(new Session());
        container.bind('part').toConstantValue(part);
      },
    ],
    [
      'a constant that a callback of the child belongs to',
      (container) => {
        const part = container.get(Lifecycle).adopt({}, () => undefined);
        container.bind('part').toConstantValue(part);
      },
    ],
    [
      'a value that has adopted itself',
      (container) => {
        container
          .bind('part')
          .toDynamicValue((context) => context.get(Lifecycle).adopt({}, () => undefined))
          .inSingletonScope();
        container.get('part');
      },
    ],
    [
      'what a handler of its binding returns',
      (container) => {
        container
          .bind('part')
          .toDynamicValue((): object => ({}))
          .onActivation(() => new Session());
      },
    ],
    [
      'a constant that is deactivated',
      (container) => {
        container.bind('part').toConstantValue({});
        container.onDeactivation('part', () => undefined);
      },
    ],
  ])('%s', (_what, bindPart) => {
    application
      .bind('repository')
      .toResolvedValue((part: unknown) => ({ part }), ['part'])
      .inSingletonScope();
    bindPart(request);
    expect(() => request.get('repository')).toThrow(refused('repository', 'part'));
  });

  test('an asynchronous one does not stay behind in the singleton of the parent', async () => {
    application
      .bind('repository')
      .toDynamicValue(async (context) => Promise.resolve({ pool: context.get(Pool) }))
      .inSingletonScope();
    application.bind(Pool).toSelf();
    request.bind(Pool).toSelf();
    await expect(request.getAsync('repository')).rejects.toThrow(refused('repository', 'Pool'));
    await request.dispose();
    expect(await application.getAsync('repository')).toMatchObject({ pool: {} });
  });

  test('through an alias of the child, and not through one that leads to what the parent binds', () => {
    application.bind(Session).toSelf().inSingletonScope();
    application
      .bind('repository')
      .toResolvedValue((part: unknown) => ({ part }), ['alias'])
      .inSingletonScope();
    request.bind('alias').toService(Pool);
    request.bind(Pool).toSelf();
    expect(() => request.get('repository')).toThrow(refused('repository', 'Pool'));
    rebind(request, 'alias').toService(Session);
    expect(request.get('repository')).toEqual({ part: application.get(Session) });
  });

  test('and what has no hooks is injected as Inversify does', () => {
    application
      .bind('repository')
      .toResolvedValue((setting: unknown) => ({ setting }), ['setting'])
      .inSingletonScope();
    request.bind('setting').toConstantValue(1);
    expect(request.get('repository')).toEqual({ setting: 1 });
  });
});

describe('P7 owner › the module changes neither what get returns nor what it throws, through a child', () => {
  test('a condition sees the singleton, its name and its tags', () => {
    @injectable()
    class Part {}
    @injectable()
    class Whole {
      constructor(@inject(Part) readonly part: Part) {}
    }
    @injectable()
    class User {
      constructor(
        @inject('whole') @named('a') readonly a: Whole,
        @inject('whole') @tagged('tag', 1) @tagged('other', 2) readonly b: Whole,
      ) {}
    }
    const parts = { named: new Part(), tagged: new Part(), single: new Part() };
    application.bind('whole').to(Whole).inSingletonScope().whenNamed('a');
    application.bind('whole').to(Whole).inSingletonScope().whenTagged('tag', 1);
    application.bind('single').to(Whole).inSingletonScope();
    application.bind(Part).toConstantValue(parts.named).whenParentNamed('a');
    application.bind(Part).toConstantValue(parts.tagged).whenParentTagged('other', 2);
    application.bind(Part).toConstantValue(parts.single).whenParentIs('single');
    application.bind(User).toSelf();
    const user = request.get(User);
    expect(user.a.part).toBe(parts.named);
    expect(user.b.part).toBe(parts.tagged);
    expect(request.get<Whole>('single').part).toBe(parts.single);
  });

  test('activation handlers of the service run once, those of the child first', () => {
    application.onActivation('service', (_context, value: string) => `${value} parent`);
    request.onActivation('service', (_context, value: string) => `${value} child`);
    application
      .bind('service')
      .toDynamicValue(() => 'made')
      .inSingletonScope();
    expect(request.get('service')).toBe('made child parent');
    expect(application.get('service')).toBe('made child parent');
  });

  test('a handler of the child that is added later', () => {
    const contexts: ResolutionContext[] = [];
    application.bind('part').toDynamicValue(() => 'part');
    application
      .bind('service')
      .toDynamicValue((context) => {
        contexts.push(context);
        return context.get('part');
      })
      .inSingletonScope();
    expect(request.get('service')).toBe('part');
    request.onActivation('part', (_context, value: string) => `${value} activated`);
    expect(contexts[0]?.get('part')).toBe('part activated');
  });

  test('a circular dependency is told as one', () => {
    application
      .bind('a')
      .toResolvedValue((b: unknown) => ({ b }), ['b'])
      .inSingletonScope();
    application
      .bind('b')
      .toResolvedValue((a: unknown) => ({ a }), ['a'])
      .inSingletonScope();
    expect(() => request.get('a')).toThrow('Circular dependency found: a -> b -> a');
  });

  test('what is missing is told as missing', () => {
    application.bind(Repository).toSelf().inSingletonScope();
    expect(() => request.get(Repository)).toThrow(/No .*bindings found for service: "Pool"/);
    request.bind('repositories').toResolvedValue((...all: unknown[]) => all, [Repository]);
    expect(() => request.get('repositories')).toThrow(/No .*bindings found for service: "Pool"/);
  });

  test('a get that finds a promise is refused, and a rejection is handled by whoever awaits it', async () => {
    const opened = createGate();
    bindSlowly(application, 'slow', opened.passed, () => {
      throw new Error('not made');
    });
    const rejected = expect(request.getAsync('slow')).rejects.toThrow('not made');
    expect(() => request.get('slow')).toThrow(/Unexpected asynchronous service/);
    opened.open();
    await rejected;
    // Node.js tells of an unhandled rejection by now, which fails this test.
    await setImmediate();
  });

  test('chained injection, in the order of Inversify', () => {
    const chained: GetAllOptions = { chained: true };
    application
      .bind('part')
      .toDynamicValue(() => 'of the application')
      .inSingletonScope();
    request.bind('part').toConstantValue('of the request');
    application
      .bind('all')
      .toDynamicValue((context) => context.getAll('part', chained))
      .inSingletonScope();
    const all = ['of the request', 'of the application'];
    expect(request.getAll('part', { chained: true })).toEqual(all);
    expect(request.get('all')).toEqual(all);
  });

  test('constants are activated once, with a context of the application', async () => {
    application.bind(Session).toSelf();
    application
      .bind('constant')
      .toConstantValue(1)
      .onActivation((context, value) => {
        context.get(Session);
        return value;
      });
    expect(request.get('constant')).toBe(1);
    expect(application.get('constant')).toBe(1);
    expect(await owned()).toEqual({ request: [], application: ['Session'] });
  });

  test.each([
    ['the child', {}, { autobind: true }],
    ['the parent', { autobind: true }, {}],
  ] as const)('autobind of %s', async (_whose, ofParent, ofChild) => {
    @injectable()
    class Part {}
    @injectable()
    class Whole {
      constructor(@inject(Part) readonly part: Part) {}
    }
    application = createContainer({ ...ofParent, defaultScope: 'Singleton' });
    application.bind(Whole).toSelf();
    request = createContainer({ parent: application, ...ofChild, defaultScope: 'Singleton' });
    expect(request.get(Whole).part).toBe(request.get(Part));
    expect(application.isBound(Part)).toBe('autobind' in ofParent);
    expect(request.isCurrentBound(Part)).toBe('autobind' in ofChild);
    expect(await owned()).toEqual({ request: [], application: [] });
  });

  test('autobind of the child beside a binding that does not match', () => {
    @injectable()
    class Part {}
    application.bind(Part).toSelf().whenNamed('other');
    application
      .bind('whole')
      .toDynamicValue((context) => context.get(Part))
      .inSingletonScope();
    request = createContainer({ parent: application, autobind: true });
    expect(request.get('whole')).toBeInstanceOf(Part);
    expect(request.isCurrentBound(Part)).toBe(true);
  });

  test('what the child rebinds, and what it restores', () => {
    const contexts: ResolutionContext[] = [];
    application
      .bind('singleton')
      .toDynamicValue((context) => contexts.push(context))
      .inSingletonScope();
    request.bind('setting').toConstantValue(1);
    request.get('singleton');
    const [context] = contexts;
    expect(context?.get('setting')).toBe(1);
    request.snapshot();
    rebind(request, 'setting').toConstantValue(2);
    expect(context?.get('setting')).toBe(2);
    request.restore();
    expect(context?.get('setting')).toBe(1);
    application.bind('late').toConstantValue(3);
    expect(context?.get('late')).toBe(3);
  });

  test('singletons of one plan, built one after another, and by others meanwhile', () => {
    for (const name of ['a', 'b', 'c']) {
      application
        .bind('part')
        .toDynamicValue(() => ({ name }))
        .inSingletonScope()
        .whenNamed(name);
    }
    request.bind('all').toResolvedValue(
      (...all: unknown[]) => all,
      ['a', 'b', 'c'].map((name) => ({ name, serviceIdentifier: 'part' })),
    );
    const first = request.get('all');
    expect(first).toEqual([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    for (let time = 0; time < 3; time++) {
      expect(request.get('all')).toEqual(first);
    }
    expect(application.get('part', { name: 'b' })).toBe((first as unknown[])[1]);
  });

  test('containers of a class of the user’s own', async () => {
    class Child extends Container {
      constructor(parent: Container, register: boolean) {
        super({ parent });
        if (register) {
          this.register(LifecycleModule);
        }
      }
    }
    request = new Child(application, true);
    application.bind(Session).toSelf();
    application
      .bind('holder')
      .toResolvedValue((session: unknown) => ({ session }), [Session])
      .inSingletonScope();
    request.get('holder');
    expect(await owned()).toEqual({ request: [], application: ['Session'] });
  });

  test('what is built while the bindings of the parent are restored, and once more', async () => {
    const opened = createGate();
    application.bind(Session).toSelf();
    application
      .bind('slow')
      .toDynamicValue(async (context) => {
        await opened.passed;
        return Object.assign(new Pool(), { session: context.get(Session) });
      })
      .inSingletonScope();
    application.snapshot();
    const first = request.getAsync('slow');
    application.restore();
    const second = request.getAsync('slow');
    opened.open();
    await Promise.all([first, second]);
    const { request: ofRequest, application: ofApplication } = await owned();
    expect(ofRequest).toEqual([]);
    expect(ofApplication.sort()).toEqual(['Pool', 'Pool', 'Session', 'Session']);
  });

  test('what is built twice: released, and requested again', async () => {
    application.bind(Session).toSelf();
    application
      .bind('holder')
      .toResolvedValue((session: unknown) => Object.assign(new Pool(), { session }), [Session])
      .inSingletonScope();
    const first = request.get<object>('holder');
    await application.get(Lifecycle).release(first);
    expect(request.get('holder')).not.toBe(first);
    expect(request.get('holder')).toBe(application.get('holder'));
    expect(await owned()).toEqual({ request: [], application: ['Pool', 'Session', 'Session'] });
  });
});

describe('P7 owner › through a container without the module', () => {
  test('between: what it binds is injected, and not collected', async () => {
    const between = new Container({ parent: application });
    request = createContainer({ parent: between });
    between.bind(Transaction).toSelf();
    application
      .bind('holder')
      .toResolvedValue((...parts: unknown[]) => parts, [Transaction, Session])
      .inSingletonScope();
    application.bind(Session).toSelf();
    expect(request.get<unknown[]>('holder')[0]).toBeInstanceOf(Transaction);
    expect(await owned()).toEqual({ request: [], application: ['Session'] });
  });

  test('below: it finds its own bindings and handlers, at once and later', async () => {
    const opened = createGate();
    const plain = new Container({ parent: request, autobind: true });
    @injectable()
    class Unbound {}
    application.bind(Session).toSelf();
    plain.bind('setting').toConstantValue('of the plain container');
    plain.onActivation('holder', (_context, holder: object) =>
      Object.assign(holder, { seen: true }),
    );
    application
      .bind('holder')
      .toDynamicValue(async (context) => {
        const setting = context.get('setting');
        await opened.passed;
        await context.getAsync(Session);
        return { setting, unbound: context.get(Unbound) };
      })
      .inSingletonScope();
    plain.get(Session);
    const holder = plain.getAsync('holder');
    plain.get(Session);
    opened.open();
    expect(await holder).toEqual({
      setting: 'of the plain container',
      unbound: new Unbound(),
      seen: true,
    });
    expect(plain.isCurrentBound(Unbound)).toBe(true);
    expect(await owned()).toEqual({ request: ['Session', 'Session'], application: ['Session'] });
  });

  test('below: what a child between binds and would exit is refused', () => {
    const plain = new Container({ parent: request });
    request.bind(Pool).toSelf();
    application.bind(Repository).toSelf().inSingletonScope();
    expect(() => plain.get(Repository)).toThrow(/^Cannot build Repository through a child/);
    application.bind('one').toConstantValue(1);
    expect(plain.get('one')).toBe(1);
    expect(plain.get('one')).toBe(1);
  });
});
