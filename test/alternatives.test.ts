// What the README says of Inversify's own teardown, shown on the installed version.
import 'reflect-metadata';

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Container, inject, injectable, preDestroy } from 'inversify';

import { createGate } from './support/gate.js';

let log: string[];

beforeEach(() => {
  log = [];
});

@injectable()
class Pool {
  @preDestroy()
  close(): void {
    log.push('Pool');
  }
}

@injectable()
class Repository {
  constructor(@inject(Pool) readonly pool: Pool) {}

  @preDestroy()
  close(): void {
    log.push('Repository');
  }
}

describe('Why not @preDestroy and unbindAll()', () => {
  test('services are closed in the order in which they were bound', async () => {
    const container = new Container({ defaultScope: 'Singleton' });
    container.bind(Pool).toSelf();
    container.bind(Repository).toSelf();
    container.get(Repository);
    await container.unbindAllAsync();
    expect(log).toEqual(['Pool', 'Repository']);
  });

  test('the first error is all that is told, before the other hooks have ended', async () => {
    const gate = createGate();
    const container = new Container();
    const bind = (name: string, onDeactivation: () => Promise<void>): void => {
      container
        .bind(name)
        .toDynamicValue(() => ({}))
        .inSingletonScope()
        .onDeactivation(onDeactivation);
      container.get(name);
    };
    bind('slow', async () => {
      await gate.passed;
      log.push('slow');
    });
    bind('failing', async () => Promise.reject(new Error('first')));
    bind('failing too', async () => Promise.reject(new Error('second')));
    await expect(container.unbindAllAsync()).rejects.toThrow('first');
    expect(log).toEqual([]);
    expect(container.isBound('slow')).toBe(true);
    gate.open();
  });

  test('called twice at once, it runs every hook twice', async () => {
    const container = new Container({ defaultScope: 'Singleton' });
    container
      .bind('service')
      .toDynamicValue(() => ({}))
      .onDeactivation(async () => {
        log.push('service');
        return Promise.resolve();
      });
    container.get('service');
    await Promise.all([container.unbindAllAsync(), container.unbindAllAsync()]);
    expect(log).toEqual(['service', 'service']);
  });

  test('transients, dynamic values and base classes are left out', async () => {
    @injectable()
    class Derived extends Pool {}
    const container = new Container();
    container.bind('transient').to(Pool);
    container
      .bind('dynamic')
      .toDynamicValue(() => new Pool())
      .inSingletonScope();
    container.bind('derived').to(Derived).inSingletonScope();
    for (const name of ['transient', 'dynamic', 'derived']) {
      container.get(name);
    }
    await container.unbindAllAsync();
    expect(log).toEqual([]);
  });
});
