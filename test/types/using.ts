// P19 synchronous › a container is declared with `using` and with `await using`
import { Container } from 'inversify';
import 'inversify-onexit';

{
  using container = new Container();
  container.bind('one').toConstantValue(1);
}
{
  await using container = new Container({ defaultScope: 'Singleton' });
  container.bind('two').toConstantValue(2);
}
