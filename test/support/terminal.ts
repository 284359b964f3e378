import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A terminal that a program runs in, as a user sees it. */
export interface Terminal extends AsyncDisposable {
  /** The process that was started in it. */
  readonly pid: number;
  /** Presses keys, as tmux calls them: `C-c`, `Enter`. */
  press(...keys: readonly string[]): Promise<void>;
  /** What the screen shows, without empty lines at its end. */
  screen(): Promise<string>;
  /** The same with the escape sequences of colours. */
  colours(): Promise<string>;
  /** All that the terminal has kept, also what has left the screen above. */
  all(): Promise<string>;
  /** Resolves to the screen that shows this first; rejects if its process ends, and it does not. */
  shows(text: string | RegExp): Promise<string>;
  /** How its process has ended, when it has. */
  ended(): Promise<TerminalEnd>;
}

interface TerminalEnd {
  readonly code: number | null;
  readonly signal: number | null;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const execute = promisify(execFile);

/** Starts a command in a terminal of its own, made by tmux. */
export async function openTerminal(
  command: readonly string[],
  { columns = 80, rows = 24, cwd = process.cwd(), env = {} }: TerminalOptions = {},
): Promise<Terminal> {
  // Of its own, since tmux leaves its socket behind.
  const folder = await mkdtemp(path.join(tmpdir(), 'inversify-onexit-'));
  const server = ['-S', path.join(folder, 'tmux'), '-f', '/dev/null'];
  const shell = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8' };
  const tmux = async (...parameters: readonly string[]): Promise<string> => {
    const { stdout } = await execute('tmux', [...server, ...parameters], { env: shell });
    return stdout.replace(/\n+$/, '');
  };
  const place = ['-x', String(columns), '-y', String(rows), '-c', cwd];
  const changed = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const pid = await tmux(
    ...['set-option', '-g', 'remain-on-exit', 'on', ';'],
    // What it would write itself when the process has ended.
    ...['set-option', '-g', 'remain-on-exit-format', '', ';'],
    ...['set-option', '-g', 'default-terminal', 'tmux-256color', ';'],
    ...['new-session', '-d', '-P', '-F', '#{pane_pid}', ...place, 'env', ...changed, ...command],
  );
  const state = async (): Promise<TerminalEnd | undefined> => {
    const [isDead, code = '', signal = ''] = (
      await tmux('display', '-p', '#{pane_dead},#{pane_dead_status},#{pane_dead_signal}')
    ).split(',');
    if (isDead === '1' && code === '' && signal === '') {
      // It may have missed how its child has ended; the end of another one makes it look.
      await tmux('run-shell', 'true');
      return undefined;
    }
    const numberOf = (text: string): number | null => (text === '' ? null : Number(text));
    return isDead === '1' ? { code: numberOf(code), signal: numberOf(signal) } : undefined;
  };
  const screen = async (): Promise<string> => tmux('capture-pane', '-p');
  return {
    pid: Number(pid),
    press: async (...keys) => {
      await tmux('send-keys', ...keys);
    },
    screen,
    colours: async () => tmux('capture-pane', '-p', '-e'),
    all: async () => tmux('capture-pane', '-p', '-S', '-'),
    shows: async (text) => {
      for (;;) {
        const end = await state();
        const seen = await screen();
        if (typeof text === 'string' ? seen.includes(text) : text.test(seen)) {
          return seen;
        }
        if (end !== undefined) {
          throw new Error(`It has ended with ${JSON.stringify(end)}, and shows:\n${seen}`);
        }
        await setTimeout(20);
      }
    },
    ended: async () => {
      for (;;) {
        const end = await state();
        if (end !== undefined) {
          return end;
        }
        await setTimeout(20);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await tmux('kill-server');
      await rm(folder, { recursive: true });
    },
  };
}
