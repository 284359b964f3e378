// the public face › the module is registered and Lifecycle resolved
import { Container } from 'inversify';
import {
  Lifecycle,
  LifecycleModule,
  type ExitContext,
  type ExitRecord,
  type ExitReport,
} from 'inversify-onexit';

const container = new Container();
container.register(LifecycleModule);

const lifecycle: Lifecycle = container.get(Lifecycle);
const undo: () => boolean = lifecycle.onExit(({ reason }: ExitContext) => reason, { name: 'log' });
undo();
lifecycle.onExit(async () => Promise.resolve());
const socket: { end: () => void } = lifecycle.adopt({ end() {} }, (socket) => {
  socket.end();
});
await lifecycle.release(socket);
const hooks: string[] = lifecycle.pending().map(({ service, hook }) => `${service}.${hook}`);
const told: unknown[] = [lifecycle.signal.aborted, lifecycle.signal.reason];
const unobserve: () => void = lifecycle.observe({
  disposing: ({ reason }) => told.push(reason),
  settled({ outcome, duration }: ExitRecord) {
    told.push(outcome, duration);
  },
});
unobserve();
lifecycle.observe({ disposed: ({ exits }: ExitReport) => exits.length });
export const report: ExitReport = await lifecycle.dispose({ reason: hooks });
