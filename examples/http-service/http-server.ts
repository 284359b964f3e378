import { fastify } from 'fastify';
import { injectable, postConstruct } from 'inversify';
import { OnExit } from 'inversify-onexit';

import { BatchWriter } from './batch-writer.js';
import { ReadingRepository } from './reading-repository.js';
import type { Reading } from './reading.js';

const body = {
  type: 'object',
  required: ['sensor', 'value'],
  properties: { sensor: { type: 'string' }, value: { type: 'number' } },
};

@injectable()
export class HttpServer {
  readonly #app = fastify();
  #url = '';

  constructor(writer: BatchWriter, repository: ReadingRepository) {
    this.#app.post<{ Body: Reading }>('/readings', { schema: { body } }, async (request, reply) => {
      writer.enqueue(request.body);
      return reply.code(202).send();
    });
    this.#app.get('/readings/count', () => repository.count());
  }

  get url(): string {
    return this.#url;
  }

  @postConstruct()
  async listen(): Promise<void> {
    this.#url = await this.#app.listen({ host: '127.0.0.1', port: 0 });
  }

  @OnExit()
  async close(): Promise<void> {
    await this.#app.close();
  }
}
