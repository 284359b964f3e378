// P18 time › elsewhere, too, a time that is no number is refused
// error: Type 'string' is not assignable to type 'number'.
// error: Type 'string' is not assignable to type 'number'.
// error: Type 'string' is not assignable to type 'number'.
// error: Type 'bigint' is not assignable to type 'number'.
// error: Type 'number' is not assignable to type '{ readonly aborted: boolean; readonly reason: unknown; }'.
import { Container } from 'inversify';
import { Lifecycle, LifecycleModule } from 'inversify-onexit';

const container = new Container();
LifecycleModule.with({ timeout: '5 s' });
LifecycleModule.with({ hookTimeout: '5 s' });
container.get(Lifecycle).onExit(() => undefined, { timeout: '5 s' });
void container.dispose({ timeout: 5n });
void container.dispose({ signal: 5_000 });
