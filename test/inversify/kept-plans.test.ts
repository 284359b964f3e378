import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { inject, injectable, type Container } from 'inversify';
import { OnExit } from 'inversify-onexit';

import { createContainer, rebind } from '../support/containers.js';
import { createGate } from '../support/gate.js';
import { bindSlowly, log, Pool } from '../support/services.js';

class Transaction {
  @OnExit()
  end(): void {
    log.push('Transaction');
  }
}

/** A singleton that the child cannot build, since it would hold what is the child's. */
@injectable()
class Capturing {
  constructor(@inject(Transaction) readonly transaction: Transaction) {}
}

@injectable()
class Plain {}

const refused = /^Cannot build capturing through a child container/;

let parent: Container;
let child: Container;

beforeEach(() => {
  log.length = 0;
  parent = createContainer();
  parent.bind('capturing').to(Capturing).inSingletonScope();
  parent.bind('plain').to(Plain).inSingletonScope();
  child = createContainer({ parent });
  child.bind(Transaction).toSelf();
});

// A child keeps its plans, and Inversify mends them, or plans in them, without showing them to anybody.
describe('P7 owner › a plan that a child has kept', () => {
  test.each([
    ['the parent', (): Container => parent],
    ['the child', (): Container => child],
  ])('does not hide what an alias of %s stands for by now', (_whose, holder) => {
    holder().bind('alias').toService('plain');
    child.get('alias');
    rebind(holder(), 'alias').toService('capturing');
    expect(() => child.get('alias')).toThrow(refused);
  });

  test('does not hide what an alias has been added to', () => {
    parent.bind('all').toService('plain');
    child.getAll('all');
    parent.bind('all').toService('capturing');
    expect(() => child.getAll('all')).toThrow(refused);
  });

  test('does not hide what has taken the place of an alias', async () => {
    parent
      .bind('part')
      .toResolvedValue(async () => Promise.resolve(new Pool()))
      .inTransientScope();
    parent
      .bind('other')
      .toResolvedValue((part: unknown) => ({ part }), ['part'])
      .inSingletonScope();
    parent.bind('alias').toService('plain');
    await child.getAsync('alias');
    rebind(parent, 'alias').toService('other');
    await child.getAsync('alias');
    await child.dispose();
    expect(log).toEqual([]);
    await parent.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('does not hide what could not be planned as a whole, though another is planned after it', () => {
    @injectable()
    class Incomplete {
      constructor(@inject('capturing') capturing: unknown, @inject('missing') missing: unknown) {
        log.push(String(capturing), String(missing));
      }
    }
    child.bind('incomplete').to(Incomplete);
    child.bind('asking').toDynamicValue((context) => {
      expect(() => context.get('incomplete')).toThrow('missing');
      return context.get('plain');
    });
    child.get('asking');
    expect(() => child.get('capturing')).toThrow(refused);
  });

  test('does not hide what was planned as a part of another, and not built with it', async () => {
    parent.bind('part').toResolvedValue(async () => Promise.resolve(new Pool()));
    parent
      .bind('whole')
      .toResolvedValue((inner: unknown) => ({ inner }), ['inner'])
      .inSingletonScope();
    parent.bind('inner').to(Plain).inSingletonScope();
    const grandchild = createContainer({ parent: child });
    child
      .bind('inner')
      .toResolvedValue((part: unknown) => ({ part }), ['part'])
      .inSingletonScope();
    grandchild.bind('first').toResolvedValue(() => parent.get('whole'));
    grandchild
      .bind('requested')
      .toResolvedValue((first: unknown, whole: unknown) => ({ first, whole }), ['first', 'whole']);
    await grandchild.getAsync('requested');
    await grandchild.getAsync('inner');
    await grandchild.dispose();
    expect(log).toEqual([]);
    await child.dispose();
    expect(log).toEqual(['Pool']);
  });

  test('makes nothing the part of a singleton that was only planned into it', async () => {
    @injectable()
    class Plugin {
      constructor(@inject('plain') readonly plain: Plain) {}
    }
    parent.bind(Pool).toSelf();
    child.bind('plugin').to(Plain);
    child.getAll('plugin');
    child.bind('plugin').to(Plugin);
    child.get(Pool);
    await child.dispose();
    expect(log).toEqual(['Pool']);
  });
});

test('P7 owner › a service that a child has found does not count as requested from the parent, while that builds its own', async () => {
  const opened = createGate();
  parent.bind(Pool).toSelf();
  bindSlowly(parent, 'service', opened.passed, () => ({}));
  child.bind('service').to(Plain);
  child.get('service');
  const service = parent.getAsync('service');
  await Promise.resolve();
  child.get(Pool);
  opened.open();
  await service;
  await child.dispose();
  expect(log).toEqual(['Pool']);
});
