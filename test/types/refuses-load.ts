// the public face › container.load(LifecycleModule) is refused
// error: Argument of type 'typeof LifecycleModule' is not assignable to parameter of type 'ContainerModule'.
//   Type 'typeof LifecycleModule' is missing the following properties from type 'ContainerModule': #private, id, load
import { Container } from 'inversify';
import { LifecycleModule } from 'inversify-onexit';

void new Container().load(LifecycleModule);
