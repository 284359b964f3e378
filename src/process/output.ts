/** What is written at the end arrives, if somebody reads it. */
import { writeSync } from 'node:fs';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

/** How many ms a reader has to take what was written. */
const patience = 500;

/** Gives what writes to stderr before it returns, since the process may end at once. */
export function errorWriter(): (text: string) => void {
  // In all: a reader that reads nothing would hold each line up.
  let waited = 0;
  return (text) => {
    if (!isMainThread) {
      // What a worker writes is sent to its parent, which has the file.
      process.stderr.write(text);
      return;
    }
    let left: Uint8Array = new TextEncoder().encode(text);
    while (left.length > 0) {
      try {
        left = left.subarray(writeSync(process.stderr.fd, left));
      } catch (error) {
        if (!isCode(error, 'EAGAIN') || waited >= patience) {
          // Nobody reads it, and there is nowhere else to tell.
          return;
        }
        // A pipe that is full does not wait by itself.
        pause(10);
        waited += 10;
      }
    }
  };
}

/** Does nothing for so many ms, and lets nothing else run. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Resolves when what was written has been taken, or the reader was too slow. */
export async function outputFlushed(): Promise<void> {
  const streams = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0);
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise((resolve) => {
    timer = setTimeout(resolve, patience);
  });
  const taken = streams.map(
    (stream) =>
      new Promise((resolve) => {
        stream.write('', resolve);
      }),
  );
  await Promise.race([Promise.all(taken), tooSlow]);
  clearTimeout(timer);
}

/** Whether an error of an output says that nobody reads it any more. */
export function isClosed(error: unknown): boolean {
  return isCode(error, 'EPIPE') || isCode(error, 'EIO');
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
