// the public face › Lifecycle is injected into a constructor
// standard error: Decorators are not valid here.
import { inject, injectable } from 'inversify';
import { Lifecycle, OnExit } from 'inversify-onexit';

@injectable()
export class Health {
  constructor(@inject(Lifecycle) private readonly lifecycle: Lifecycle) {}

  @OnExit() log(): 'active' | 'disposing' | 'disposed' {
    return this.lifecycle.state;
  }
}
