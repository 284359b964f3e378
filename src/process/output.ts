/** Makes sure that output written at the end of the process arrives, if it has a reader. */
import { writeSync } from 'node:fs';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

/** How many ms a reader has to read the output. */
const patience = 500;

/** Returns a function that writes to stderr synchronously, since the process may end at once. */
export function errorWriter(): (text: string) => void {
  // The sum for all lines: a reader that reads nothing would delay each of them.
  let waited = 0;
  return (text) => {
    if (!isMainThread) {
      // A worker sends its output to its parent, which holds the file.
      process.stderr.write(text);
      return;
    }
    let left: Uint8Array = new TextEncoder().encode(text);
    while (left.length > 0) {
      try {
        left = left.subarray(writeSync(process.stderr.fd, left));
      } catch (error) {
        if (!isCode(error, 'EAGAIN') || waited >= patience) {
          // It has no reader, and there is no other place to report that.
          return;
        }
        // A write to a full pipe fails and does not wait.
        pause(10);
        waited += 10;
      }
    }
  };
}

/** Blocks the thread for so many ms. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Resolves when all output has been read, or the reader was too slow. */
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

/** Whether an error of an output means that it has no reader any more. */
export function isClosed(error: unknown): boolean {
  return isCode(error, 'EPIPE') || isCode(error, 'EIO');
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
