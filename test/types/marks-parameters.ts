// P1 any method › a method that takes an ExitContext, less than one, or nothing compiles
import { OnExit, type ExitContext } from 'inversify-onexit';

export class Pool<Connection> {
  connections: Connection[] = [];

  @OnExit() nothing(): void {}

  @OnExit() context(context: ExitContext): void {
    void context.reason;
  }

  @OnExit() optional(context?: ExitContext): void {
    void context?.reason;
  }

  @OnExit() unknown(context: unknown): void {
    void context;
  }

  @OnExit() part({ reason }: { reason: unknown }): void {
    void reason;
  }

  @OnExit() optionalSecond(context?: ExitContext, force = false): void {
    void [context, force];
  }

  @OnExit() optionalOfTheClass(context: ExitContext, keep?: Connection): void {
    void [context, keep];
  }

  @OnExit() rest(...contexts: ExitContext[]): void {
    void contexts;
  }

  @OnExit() generic<Context>(context: Context): Context {
    return context;
  }

  overloaded(reason: string): void;
  overloaded(context: ExitContext): void;
  @OnExit() overloaded(given: unknown): void {
    void given;
  }

  @OnExit() typedThis(this: Pool<Connection>, context: ExitContext): void {
    void [this.connections, context];
  }

  @OnExit() polymorphicThis(this: this): this {
    return this;
  }

  @OnExit() partOfThis(this: { connections: Connection[] }): void {
    this.connections = [];
  }
}
