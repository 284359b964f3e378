// P20 the report › an unknown option of dispose() is refused
// error: Object literal may only specify known properties, and 'grace' does not exist in type 'DisposeOptions'.
import { Container } from 'inversify';
import type {} from 'inversify-onexit';

await new Container().dispose({ grace: 5 });
