// P20 the report › dispose() takes a reason and gives an ExitReport
import { Container } from 'inversify';
import type { ExitReport } from 'inversify-onexit';

const container = new Container();
export const report: ExitReport = await container.dispose({ reason: 'x' });
export const again: ExitReport = await container.dispose();
