/** Callbacks as entries: what `onExit()` and `adopt()` register. */
import type { ExitContext } from '../hooks/exit-context.js';
import { arePlain, type ExitHook, type ExitPhase, type UsedService } from '../hooks/exit-hook.js';
import type { HookOptions } from '../hooks/options.js';
import type { ExitSource } from './exit.js';

/** A function that runs on exit: subject, source and hook in one. */
export class Callback implements ExitSource, ExitHook {
  readonly service = 'callback';
  readonly isShared = false;
  readonly name: string;
  readonly timeout: number | undefined;
  readonly phase: ExitPhase | undefined;
  readonly uses: readonly UsedService[] | undefined;
  readonly inFlight: ReadonlySet<PromiseLike<unknown>>;
  readonly isPlain: boolean;
  readonly #given: unknown;
  readonly #run: (context: ExitContext) => unknown;

  constructor(
    name: string,
    given: unknown,
    run: (context: ExitContext) => unknown,
    { timeout, phase, uses }: HookOptions,
    inFlight: ReadonlySet<PromiseLike<unknown>>,
  ) {
    this.name = name;
    this.timeout = timeout;
    this.phase = phase;
    this.uses = uses;
    this.inFlight = inFlight;
    this.isPlain = arePlain([this]);
    this.#given = given;
    this.#run = run;
  }

  get hooks(): readonly ExitHook[] {
    return [this];
  }

  target(): unknown {
    return this.#given;
  }

  call(_subject: object, context: ExitContext): unknown {
    return this.#run(context);
  }
}

/** A callback that belongs to a value. */
export class Adoption extends Callback {
  readonly adopted: unknown;

  constructor(...[name, given, run, options, inFlight, value]: [...CallbackArguments, unknown]) {
    super(name, given, run, options, inFlight);
    this.adopted = value;
  }
}

type CallbackArguments = ConstructorParameters<typeof Callback>;
