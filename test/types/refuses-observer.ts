// P22 observing › a method of an observer that would never be called is refused, and so is one that expects too much
// error: Object literal may only specify known properties, but 'start' does not exist in type 'ExitObserver'. Did you mean to write 'started'?
// error: Property 'outcome' does not exist on type 'StartedExit'.
import { Container } from 'inversify';
import { Lifecycle } from 'inversify-onexit';

const lifecycle = new Container().get(Lifecycle);
lifecycle.observe({ start: () => undefined });
lifecycle.observe({ started: ({ outcome }) => outcome });
