// P24 every ordinary end › an unknown signal is refused
// error: Type '"SIGFOO"' is not assignable to type 'Signals'.
import { Container } from 'inversify';
import type {} from 'inversify-onexit';
import { disposeOnExit } from 'inversify-onexit/process';

disposeOnExit(new Container(), { signals: ['SIGFOO'] });
