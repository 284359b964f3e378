// P1 any method › options, of which there are none, are refused
// error: Expected 0 arguments, but got 1.
import { OnExit } from 'inversify-onexit';

export class Pool {
  @OnExit({ timeout: 5 }) close(): void {}
}
