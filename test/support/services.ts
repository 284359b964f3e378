import { inject, injectable, type Container } from 'inversify';
import { OnExit } from 'inversify-onexit';

/** The log of the hooks of these services, and of those in the tests. */
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

/** Binds a singleton whose activation waits. */
export function bindSlowly(
  container: Container,
  name: string,
  opened: Promise<void>,
  make: () => object = () => new Pool(),
): void {
  container
    .bind(name)
    .toDynamicValue(async () => {
      await opened;
      return make();
    })
    .inSingletonScope();
}
