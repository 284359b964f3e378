/** What a disposal does while scopes of its container run: whoever opened a scope closes it. */
import type { Clock } from '../shared/clock.js';
import { warn } from '../shared/warning.js';
import type { PendingExit } from './exit-report.js';
import type { Run } from './run.js';
import type { Gate } from './work.js';

/** After so many ms it is likely that a scope was forgotten. */
const long = 5_000;

/** A running scope, where it stands beside hooks. */
export const scopeWork: PendingExit = { service: 'scope', hook: 'work' };

export interface RunningScope {
  /** Calls back with the run of its disposal when that has ended. */
  whenDisposed(callback: (run: Run) => void): void;
}

export interface ScopeListener {
  /** A scope that was waited for is disposed. */
  readonly closed: (run: Run) => void;
  /** What is waited for now; nothing, when the disposal goes on. */
  readonly waiting: (waited: readonly PendingExit[]) => void;
}

/** The waits of one disposal: before each exit at most one. */
export class ScopeWaits {
  /** Whether the next exit has waited: for scopes that were opened meanwhile it does not wait again. */
  #hasWaited = false;
  #hasWarned = false;

  isDue(scopes: readonly RunningScope[]): boolean {
    return scopes.length > 0 && !this.#hasWaited;
  }

  /** Has a run wait until these scopes are disposed. */
  begin(
    run: Run,
    clock: Clock,
    scopes: readonly RunningScope[],
    { closed, waiting }: ScopeListener,
  ): void {
    // Before the gate is closed: who observes it may leave the disposal no time, and open it at once.
    waiting([scopeWork]);
    const left = new Set(scopes);
    const gate: Gate = {
      finish: () => {
        left.clear();
        end();
      },
    };
    run.close(gate);
    const cancel = clock.after(long, () => {
      this.#warn(left.size);
    });
    const end = (): void => {
      cancel();
      this.#hasWaited = true;
      waiting([]);
      run.open(gate);
    };
    for (const scope of scopes) {
      scope.whenDisposed((scopeRun) => {
        if (left.delete(scope)) {
          closed(scopeRun);
          if (left.size === 0) {
            end();
          } else {
            waiting([scopeWork]);
          }
        }
      });
    }
  }

  /** An exit follows on the wait, and the one after it waits anew. */
  exits(): void {
    this.#hasWaited = false;
  }

  #warn(count: number): void {
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      const scopes = count === 1 ? '1 scope' : `${count.toLocaleString('en')} scopes`;
      warn(
        'SCOPES',
        `A disposal has waited for ${scopes} for ${String(long / 1_000)} s, and waits on: until each is ` +
          'closed, or its own time limit. A scope that nobody closes, and work that awaits the ' +
          'disposal of the container around it, hold it up for ever. Use withScope(), or dispose ' +
          'what createScope() returns in every case; give the disposal a timeout.',
      );
    }
  }
}
