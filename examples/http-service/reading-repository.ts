import { injectable, postConstruct } from 'inversify';
import { OnExit } from 'inversify-onexit';

import { Database } from './database.js';
import type { Reading } from './reading.js';

@injectable()
export class ReadingRepository {
  constructor(private readonly database: Database) {}

  @postConstruct()
  async createTable(): Promise<void> {
    await this.database.query('CREATE TABLE reading (sensor text, value float8)');
  }

  async insert(readings: readonly Reading[]): Promise<void> {
    await this.database.query(
      'INSERT INTO reading SELECT * FROM unnest($1::text[], $2::float8[])',
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
  async logCount(): Promise<void> {
    console.log(
      '  ReadingRepository counted %d rows: its database is still open',
      await this.count(),
    );
  }
}
