/** The async context of a caller (`AsyncLocalStorage`), on platforms that have it. */

/** Calls a function in the context in which this object was created. */
export type AsyncContext = (call: () => void) => void;

interface Platform {
  process?: { getBuiltinModule?: (name: string) => AsyncHooks | undefined };
}

interface AsyncHooks {
  AsyncResource?: new (type: string) => { runInAsyncScope(call: () => void): void };
}

// Not imported: browsers have neither the module nor such contexts.
/* istanbul ignore next -- test/browser runs where there is none */
const { AsyncResource } =
  (globalThis as Platform).process?.getBuiltinModule?.('node:async_hooks') ?? {};

/** The context of the caller. */
export function currentContext(): AsyncContext {
  /* istanbul ignore if -- the same */
  if (AsyncResource === undefined) {
    return callDirectly;
  }
  // Not AsyncLocalStorage.snapshot(), which takes a hundred times as long on Node 20.
  const resource = new AsyncResource('inversify-onexit');
  return (call) => {
    resource.runInAsyncScope(call);
  };
}

/* istanbul ignore next -- the same */
function callDirectly(call: () => void): void {
  call();
}
