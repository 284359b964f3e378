/** Warns of a likely mistake, through the platform's own channel. */
export function warn(code: string, message: string): void {
  const { process } = globalThis as { process?: { emitWarning?: EmitWarning } };
  if (typeof process?.emitWarning === 'function') {
    process.emitWarning(message, { type: 'LifecycleWarning', code: `INVERSIFY_ONEXIT_${code}` });
  } else {
    console.warn(`LifecycleWarning: ${message}`);
  }
}

type EmitWarning = (message: string, options: { type: string; code: string }) => void;
