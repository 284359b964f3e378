// P18 time › options that it does not have are refused, and so is a timeout that is no number
// error: Object literal may only specify known properties, but 'timeOut' does not exist in type 'OnExitOptions'. Did you mean to write 'timeout'?
// error: Type 'string' is not assignable to type 'number'.
import { OnExit } from 'inversify-onexit';

export class Pool {
  @OnExit({ timeOut: 5 }) close(): void {}
  @OnExit({ timeout: '5 s' }) flush(): void {}
}
