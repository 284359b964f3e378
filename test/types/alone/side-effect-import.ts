// the public face › a bare import gives Container its members, without ESNext.Disposable in lib
import { Container } from 'inversify';
import 'inversify-onexit';

await using container = new Container();
await container.dispose({ reason: 'x' });
