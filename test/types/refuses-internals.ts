// the public face › what is internal cannot be imported
// error: Module '"inversify-onexit"' has no exported member 'hookLabel'.
// error: Cannot find module 'inversify-onexit/dist/disposal/exit-stack.js' or its corresponding type declarations.
import { hookLabel } from 'inversify-onexit';
import { ExitStack } from 'inversify-onexit/dist/disposal/exit-stack.js';

export const internals = [hookLabel, ExitStack];
