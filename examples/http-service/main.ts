import 'reflect-metadata';

import { Container } from 'inversify';
import { LifecycleModule } from 'inversify-onexit';

import { BatchWriter } from './batch-writer.js';
import { Client } from './client.js';
import { Database } from './database.js';
import { HttpServer } from './http-server.js';
import { ReadingRepository } from './reading-repository.js';

const container = new Container({ defaultScope: 'Singleton' });
container.register(LifecycleModule);
container.bind(Database).toSelf();
container.bind(ReadingRepository).toSelf();
container.bind(BatchWriter).toSelf();
container.bind(HttpServer).toSelf();

// Who asks for a service, and when, does not matter: what depends on another is exited first.
await container.getAsync(Database);
const server = await container.getAsync(HttpServer);
console.log('listening on %s', server.url);

const client = new Client(server.url);
const readings = 25;
for (let value = 1; value <= readings; value += 1) {
  await client.post({ sensor: 'boiler', value });
}
const stored = await client.count();
console.log('served %d requests: %d readings sent, %d rows stored', readings + 1, readings, stored);

console.log('\ndisposing');
const report = await container.dispose({ reason: 'the demo is over' });

console.log('\nexited in this order, because %s:', report.reason);
console.log(String(report));
