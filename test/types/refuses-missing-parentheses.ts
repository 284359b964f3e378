// P1 any method › @OnExit without parentheses is refused
// error: 'OnExit' accepts too few arguments to be used as a decorator here. Did you mean to call it first and write '@OnExit()'?
import { OnExit } from 'inversify-onexit';

export class Pool {
  @OnExit close(): void {}
}
