// P24 every ordinary end › containers, one or many, with the module or without, and hooks that know why
import { Container } from 'inversify';
import { Lifecycle, LifecycleModule } from 'inversify-onexit';
import {
  disposeOnExit,
  exit,
  type DisposableContainer,
  type DisposeOnExitOptions,
  type ExitCause,
  type ExitEvent,
  type Unhook,
} from 'inversify-onexit/process';

const container = new Container();
container.register(LifecycleModule);
const unhook: Unhook = disposeOnExit(container, { timeout: 5_000, signals: ['SIGTERM'] });
unhook();
{
  using _hooked = disposeOnExit([container, { dispose: async () => 'done' }]);
}
const foreign: DisposableContainer = {
  dispose: async ({ reason, signal } = {}) => [reason, signal?.aborted],
};
const options: DisposeOnExitOptions = {
  report: ({ type }: ExitEvent) => {
    console.log(type);
  },
};
disposeOnExit(new Set([foreign]), options);
container.get(Lifecycle).onExit(({ reason }) => {
  const cause = reason as ExitCause;
  return cause.type === 'signal' ? cause.signal : cause.type === 'exit' ? cause.code : cause.type;
});

export async function end(): Promise<string> {
  // What comes after it is never reached.
  return exit(1);
}
