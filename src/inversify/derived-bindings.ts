/** Bindings that are planned although nobody has bound them. */
import type {
  Binding,
  BindingConstraints,
  ConstantValueBinding,
  DynamicValueBinding,
  ResolutionContext,
} from '@inversifyjs/core';
import type { ServiceIdentifier } from 'inversify';

/** A binding whose value is computed at each resolution. */
export abstract class ComputedBinding implements DynamicValueBinding<unknown> {
  readonly type = 'DynamicValue';
  readonly scope = 'Transient';
  readonly cache = { isRight: false, value: undefined } as const;
  readonly moduleId = undefined;
  readonly onActivation = undefined;
  readonly onDeactivation = undefined;
  readonly id: number = -1;
  readonly serviceIdentifier: ServiceIdentifier;

  constructor(serviceIdentifier: ServiceIdentifier) {
    this.serviceIdentifier = serviceIdentifier;
  }

  isSatisfiedBy(_constraints: BindingConstraints): boolean {
    return true;
  }

  abstract value(context: ResolutionContext): unknown;
}

/** A binding that is planned where another one was looked up. */
export abstract class StandIn extends ComputedBinding {
  readonly original: Binding;
  /** The container scope that owns what is made for it, if its value is made at all. */
  readonly owner: unknown;
  override readonly id: number;

  constructor(original: Binding, owner?: unknown) {
    // Not that of the original: its activation handlers must not run on a value that has passed them.
    super(Symbol('inversify-onexit/stand-in'));
    this.original = original;
    this.owner = owner;
    this.id = original.id;
  }

  override isSatisfiedBy(constraints: BindingConstraints): boolean {
    return this.original.isSatisfiedBy(constraints);
  }
}

/** The binding that was looked up, whatever is planned in its place. */
export function originalOf(binding: Binding): Binding {
  return binding instanceof StandIn ? binding.original : binding;
}

export function constantBinding<T>(
  serviceIdentifier: ServiceIdentifier<T>,
  value: Awaited<T>,
): ConstantValueBinding<T> {
  return {
    cache: { isRight: true, value },
    id: -1,
    isSatisfiedBy: () => true,
    moduleId: undefined,
    onActivation: undefined,
    onDeactivation: undefined,
    scope: 'Singleton',
    serviceIdentifier,
    type: 'ConstantValue',
    value,
  };
}
