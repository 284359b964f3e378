// P12 every hook runs › DisposeError.is() narrows to the errors and the report
import { DisposeError, type ExitHookError, type ExitOutcome } from 'inversify-onexit';

export function outcomes(error: unknown): ExitOutcome[] {
  if (!DisposeError.is(error)) {
    return [];
  }
  const errors: ExitHookError[] = error.errors;
  return [...errors, ...error.report.exits].map(({ outcome }) => outcome);
}
