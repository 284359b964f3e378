import { PGlite, type Results } from '@electric-sql/pglite';
import { injectable, postConstruct } from 'inversify';
import { OnExit } from 'inversify-onexit';

/** A Postgres that lives in the memory of this process. */
@injectable()
export class Database {
  readonly #postgres = new PGlite();

  @postConstruct()
  async open(): Promise<void> {
    await this.#postgres.waitReady;
  }

  query<Row>(sql: string, parameters?: unknown[]): Promise<Results<Row>> {
    return this.#postgres.query<Row>(sql, parameters);
  }

  @OnExit()
  async close(): Promise<void> {
    await this.#postgres.close();
  }
}
