/** A promise that a test opens, or breaks, when it wants what waits for it to go on. */
export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
  break(error: unknown): void;
}

export function createGate(): Gate {
  let open: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { passed, open, break: fail };
}
