// P18 time › with the types of a platform, signals are AbortSignals, and a controller is none
// error: Type 'AbortController' is missing the following properties from type 'AbortSignal': aborted, onabort, reason, throwIfAborted, and 3 more.
/// <reference lib="dom" />
import { Container } from 'inversify';
import { Lifecycle, LifecycleModule } from 'inversify-onexit';

const controller = new AbortController();
const container = new Container();
container.register(LifecycleModule);
const lifecycle = container.get(Lifecycle);
lifecycle.signal.addEventListener('abort', () => undefined);
lifecycle.onExit(async ({ signal }) => fetch('https://localhost/bye', { signal }));
void container.dispose({ signal: AbortSignal.timeout(5_000) });
void lifecycle.dispose({ signal: controller.signal });
void container.dispose({ signal: controller });
