// P31 scopes › work that is no function, unknown options, and a completed that is no boolean are refused
// error: Argument of type 'number' is not assignable to parameter of type '(container: Container) => unknown'.
// error: Object literal may only specify known properties, and 'timeout' does not exist in type 'ContainerOptions'.
// error: Type 'string' is not assignable to type 'boolean | undefined'.
import { Container } from 'inversify';
import { Lifecycle } from 'inversify-onexit';

const container = new Container();
const lifecycle = container.get(Lifecycle);
void lifecycle.withScope(5);
lifecycle.createScope({ timeout: 5 });
void container.dispose({ completed: 'yes' });
