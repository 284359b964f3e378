import { injectable } from 'inversify';
import { OnExit } from 'inversify-onexit';

import { ReadingRepository } from './reading-repository.js';
import type { Reading } from './reading.js';

const batchSize = 10;

/** Writes readings in batches, in the background: no request waits for the database. */
@injectable()
export class BatchWriter {
  readonly #queue: Reading[] = [];
  #writing = Promise.resolve();

  constructor(private readonly repository: ReadingRepository) {}

  enqueue(reading: Reading): void {
    this.#queue.push(reading);
    if (this.#queue.length === batchSize) {
      this.#writeQueue();
    }
  }

  @OnExit()
  async flush(): Promise<void> {
    const left = this.#queue.length;
    this.#writeQueue();
    await this.#writing;
    console.log('  BatchWriter wrote the %d readings that were still queued', left);
  }

  #writeQueue(): void {
    const batch = this.#queue.splice(0);
    this.#writing = this.#writing.then(() => this.repository.insert(batch));
  }
}
