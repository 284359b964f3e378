import { injectable, postConstruct } from 'inversify';
import { OnExit } from 'inversify-onexit';

import { Database } from './database.js';
import type { Reading } from './reading.js';

@injectable()
export class ReadingRepository {
  constructor(private readonly database: Database) {}

  @postConstruct()
  async createTable(): Promise<void> {
    await this.database.query('CREATE TABLE reading (id serial, sensor text, value int)');
  }

  async insert(readings: readonly Reading[]): Promise<void> {
    await this.database.query(
      'INSERT INTO reading (sensor, value) SELECT * FROM unnest($1::text[], $2::int[])',
      [readings.map(({ sensor }) => sensor), readings.map(({ value }) => value)],
    );
  }

  async count(): Promise<number> {
    const { rows } = await this.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM reading',
    );
    return rows.reduce((total, { count }) => total + count, 0);
  }

  @OnExit()
  async logRows(): Promise<void> {
    const { rows } = await this.database.query<Reading & { id: number }>(
      'SELECT id, sensor, value FROM reading ORDER BY id DESC LIMIT 5',
    );
    console.log('  the database, still open, holds %d rows; the last are', await this.count());
    for (const { id, sensor, value } of rows.reverse()) {
      console.log('    %d: %s %d', id, sensor, value);
    }
  }
}
