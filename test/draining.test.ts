import 'reflect-metadata';

import { EventEmitter, once } from 'node:events';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fastify } from 'fastify';
import fastq from 'fastq';
import { injectable, postConstruct } from 'inversify';
import { Lifecycle, OnExit } from 'inversify-onexit';

import { createContainer } from './support/containers.js';
import { createGate } from './support/gate.js';
import { log } from './support/services.js';

/** Tells what is being inserted, and what has been received. */
const progress = new EventEmitter();
let gates: Record<string, ReturnType<typeof createGate>>;
let broker: Broker;

beforeEach(() => {
  log.length = 0;
  gates = { order: createGate(), message: createGate() };
  broker = new Broker();
});

afterEach(() => {
  // One that has failed must not keep the test run from ending.
  Object.values(gates).forEach((gate) => {
    gate.open();
  });
});

/** A store that can be written to until it is closed, as a database. */
@injectable()
class Store {
  readonly rows: string[] = [];
  #isOpen = true;

  async insert(row: string): Promise<void> {
    progress.emit(row);
    await gates[row.replace(/ .*/, '')]?.passed;
    if (!this.#isOpen) {
      throw new Error(`${row} is lost: the store is closed`);
    }
    this.rows.push(row);
  }

  @OnExit()
  close(): void {
    this.#isOpen = false;
    log.push('store closed');
  }
}

/** In another process: what was taken from it and is not acknowledged would be lost with this one. */
class Broker {
  readonly waiting: string[] = [];
  readonly unacknowledged = new Set<string>();
  readonly #published = new EventEmitter();

  publish(...messages: string[]): void {
    this.waiting.push(...messages);
    this.#published.emit('message');
  }

  /** Waits for the next message; rejects once the signal has aborted, and takes none then. */
  async take(signal: AbortSignal): Promise<string> {
    for (;;) {
      signal.throwIfAborted();
      const message = this.waiting.shift();
      if (message !== undefined) {
        this.unacknowledged.add(message);
        return message;
      }
      await once(this.#published, 'message', { signal });
    }
  }
}

/** Takes more messages than it works on, as consumers that prefetch do. */
@injectable()
class Consumer {
  readonly #queue: fastq.queueAsPromised<string>;
  readonly #consuming: Promise<void>;

  constructor(store: Store, { signal }: Lifecycle) {
    this.#queue = fastq.promise(async (message: string) => {
      await store.insert(message);
      broker.unacknowledged.delete(message);
    }, 2);
    this.#consuming = this.#consume(signal);
    signal.addEventListener('abort', () => log.push('consumer takes no more'));
  }

  async #consume(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        void this.#queue.push(await broker.take(signal));
      }
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  @OnExit()
  async drain(): Promise<void> {
    await this.#consuming;
    await this.#queue.drained();
    log.push('consumer drained');
  }
}

@injectable()
class Server {
  readonly #app = fastify();
  #closed: PromiseLike<unknown> | undefined;
  url = '';

  constructor(store: Store, _consumer: Consumer, { signal }: Lifecycle) {
    this.#app.post<{ Params: { id: string } }>('/orders/:id', async ({ params }, reply) => {
      await store.insert(`order ${params.id}`);
      // A client that kept its connection would keep the server from closing.
      return reply.header('connection', signal.aborted ? 'close' : 'keep-alive').send('stored');
    });
    signal.addEventListener('abort', () => {
      log.push('server takes no more');
      this.#closed = this.#app.close();
    });
  }

  @postConstruct()
  async listen(): Promise<void> {
    this.url = await this.#app.listen({ host: '127.0.0.1', port: 0 });
  }

  @OnExit()
  async drain(): Promise<void> {
    await this.#closed;
    log.push('server drained');
  }
}

test('server and consumer stop at once, are awaited in order, and nothing they had accepted is lost', async () => {
  const container = createContainer({ defaultScope: 'Singleton' });
  for (const service of [Store, Consumer, Server]) {
    container.bind<object>(service).toSelf();
  }
  const { url } = await container.getAsync(Server);
  const { rows } = container.get(Store);
  const lifecycle = container.get(Lifecycle);
  lifecycle.observe({ started: ({ service }) => log.push(`${service} is awaited`) });

  const inHand = ['order 1', 'order 2', 'message 1', 'message 2'].map((row) => once(progress, row));
  const answers = [1, 2].map(async (id) => {
    const response = await fetch(`${url}/orders/${String(id)}`, { method: 'POST' });
    return response.text();
  });
  broker.publish('message 1', 'message 2', 'message 3');
  await Promise.all(inHand);
  expect(broker.unacknowledged.size).toBe(3);

  const disposal = lifecycle.dispose({ reason: 'SIGTERM' });
  expect(log.splice(0)).toEqual(['consumer takes no more', 'server takes no more']);
  broker.publish('message 4');
  await expect(fetch(`${url}/orders/3`, { method: 'POST' })).rejects.toThrow('fetch failed');
  expect(log.splice(0)).toEqual(['Server is awaited']);

  // The consumer has all done before the server has, whose turn it is.
  gates.message?.open();
  await once(progress, 'message 3');
  expect(log).toEqual([]);
  gates.order?.open();
  const { exits } = await disposal;
  expect(log).toEqual([
    'server drained',
    'Consumer is awaited',
    'consumer drained',
    'Store is awaited',
    'store closed',
  ]);
  expect(exits.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
  await expect(Promise.all(answers)).resolves.toEqual(['stored', 'stored']);
  expect(rows.sort()).toEqual(['message 1', 'message 2', 'message 3', 'order 1', 'order 2']);
  expect(broker).toMatchObject({ waiting: ['message 4'], unacknowledged: new Set() });
});
