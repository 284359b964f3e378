// the public face › `new Lifecycle()` and `new ExitReport()` are refused
// error: Cannot create an instance of an abstract class.
// error: 'ExitReport' cannot be used as a value because it was exported using 'export type'.
import { ExitReport, Lifecycle } from 'inversify-onexit';

export const lifecycle = new Lifecycle();
export const report = new ExitReport();
