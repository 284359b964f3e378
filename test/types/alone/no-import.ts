// the public face › a program that does not import the package has Inversify's own Container
// error: Property 'dispose' does not exist on type 'Container'.
import { Container } from 'inversify';

new Container().dispose();
