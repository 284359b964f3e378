/** A shutdown with real work in it, drawn both ways: as text here, as SVG into the file that is named. */
import 'reflect-metadata';

import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync } from 'node:fs';
import { appendFile, copyFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';

import { Container, injectable, type ContainerOptions } from 'inversify';
import { DisposeError, LifecycleModule, OnExit, type ExitContext } from 'inversify-onexit';
import { formatTimeline, renderTimeline } from 'inversify-onexit/report';

@injectable()
class Workspace {
  readonly path = mkdtempSync(join(tmpdir(), 'timeline-'));

  @OnExit()
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

@injectable()
class Backup {
  constructor(readonly workspace: Workspace) {}

  @OnExit()
  async copy(): Promise<void> {
    await copyFile(join(this.workspace.path, 'events.gz'), '/mnt/backup/events.gz');
  }
}

@injectable()
class Archive {
  constructor(
    readonly workspace: Workspace,
    readonly backup: Backup,
  ) {}

  @OnExit()
  async compress(): Promise<void> {
    const file = join(this.workspace.path, 'events');
    await pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`));
  }
}

@injectable()
class EventLog {
  readonly #events: string[] = [];

  constructor(
    readonly workspace: Workspace,
    readonly archive: Archive,
  ) {}

  append(event: string): void {
    this.#events.push(event);
  }

  @OnExit()
  async flush(): Promise<void> {
    await appendFile(join(this.workspace.path, 'events'), this.#events.join('\n'), { flush: true });
  }
}

@injectable()
class Metrics {
  /** It takes requests, and answers none. */
  readonly #collector = createServer().listen(0).unref();

  @OnExit({ timeout: 30 })
  async push({ signal }: ExitContext): Promise<void> {
    await fetch(urlOf(this.#collector), { method: 'POST', body: 'visits 1', signal });
  }
}

@injectable()
class HttpServer {
  readonly #server = createServer((request, response) => {
    void promisify(pbkdf2)('secret', 'salt', 100_000, 64, 'sha512').then((key) => {
      this.log.append(`${String(request.url)} ${key.toString('hex')}`);
      response.setHeader('connection', 'close').end();
    });
  }).listen(0);

  constructor(
    readonly log: EventLog,
    readonly metrics: Metrics,
  ) {}

  /** Until the request has arrived; the answer takes longer. */
  async visit(): Promise<void> {
    void fetch(urlOf(this.#server));
    await once(this.#server, 'request');
  }

  @OnExit()
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

@injectable()
class Session {
  constructor(readonly workspace: Workspace) {}

  @OnExit()
  async save(): Promise<void> {
    await writeFile(join(this.workspace.path, 'session'), 'visitor', { flush: true });
  }
}

function urlOf(server: Server): string {
  return `http://localhost:${String((server.address() as AddressInfo).port)}`;
}

function createContainer(options: ContainerOptions): Container {
  const container = new Container({ ...options, defaultScope: 'Singleton' });
  container.register(LifecycleModule);
  return container;
}

const application = createContainer({});
application.bind(HttpServer).toSelf();
application.bind(EventLog).toSelf();
application.bind(Metrics).toSelf();
application.bind(Archive).toSelf();
application.bind(Backup).toSelf();
application.bind(Workspace).toSelf();
const server = application.get(HttpServer);
for (let event = 1; event <= 300_000; event += 1) {
  server.log.append(`event ${String(event)}`);
}
for (let visitor = 1; visitor <= 2; visitor += 1) {
  const child = createContainer({ parent: application });
  child.bind(Session).toSelf();
  child.get(Session);
}
await server.visit();

try {
  await application.dispose({ reason: 'SIGTERM' });
} catch (error) {
  if (!DisposeError.is(error)) {
    throw error;
  }
  console.log(formatTimeline(error.report));
  await writeFile(process.argv[2] ?? 'timeline.svg', renderTimeline(error.report));
}
