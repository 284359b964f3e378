import { inject, injectable } from 'inversify';
import { OnExit } from 'inversify-onexit';

/** What the hooks of these services, and of those in the tests, tell. */
export const log: string[] = [];

@injectable()
export class Pool {
  @OnExit()
  close(): void {
    log.push('Pool');
  }
}

@injectable()
export class Repository {
  constructor(@inject(Pool) readonly pool: Pool) {}

  @OnExit()
  async close(): Promise<void> {
    await Promise.resolve();
    log.push('Repository');
  }
}
