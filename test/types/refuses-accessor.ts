// P1 any method › an accessor is refused
// legacy error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type 'TypedPropertyDescriptor<boolean>' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// legacy error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type 'TypedPropertyDescriptor<boolean>' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// legacy error: Unable to resolve signature of property decorator when called as an expression.
//   Argument of type 'TypedPropertyDescriptor<boolean>' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '() => boolean' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// standard error: Unable to resolve signature of method decorator when called as an expression.
//   Argument of type '(value: boolean) => void' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
// standard error: Unable to resolve signature of property decorator when called as an expression.
//   Argument of type 'ClassAccessorDecoratorTarget<Both, boolean>' is not assignable to parameter of type '"@OnExit() marks methods, and this is none; register a callback with lifecycle.onExit() instead"'.
import { OnExit } from 'inversify-onexit';

export class Getter {
  @OnExit() get open(): boolean {
    return true;
  }
}

export class Setter {
  @OnExit() set open(open: boolean) {
    void open;
  }
}

export class Both {
  @OnExit() accessor open = true;
}
