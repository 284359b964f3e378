/** How a `get` has to fail. */
import { ContainerDisposedError } from 'inversify-onexit';

import type { Expectation, Failure, Part } from './tree-model.js';
import type { TreeWorld } from './tree-world.js';
import type { Bound } from './trees.js';

export const failingHooks: readonly Bound['hook'][] = ['throws', 'rejects'];

/** What is wrong with how it ended, if anything is. */
export function failureFault(
  world: TreeWorld,
  expected: Expectation,
  container: number | undefined,
  failure: unknown,
): string | undefined {
  const { failures } = expected;
  if (container !== undefined && world.disposed.has(container)) {
    return ContainerDisposedError.is(failure) ? undefined : 'the container is disposed';
  }
  if (failures.length === 0) {
    // What a container without the module may still have of one that is disposed is not promised.
    const isOpen = failure === undefined || (container !== undefined && world.isClosed(container));
    return isOpen ? undefined : `it failed: ${messageOf(failure)}`;
  }
  return failure !== undefined && failures.some((each) => isFailure(world, expected, each, failure))
    ? undefined
    : `expected ${failures.map((each) => describe(world, each)).join(' or ')}, not ${messageOf(failure)}`;
}

/**
 * Whether there might be a rejection that nobody handles. Where one thing fails while another that will
 * fail is in flight, Inversify leaves the other's; and nobody awaits what is exited at once.
 */
export function endsProcess(world: TreeWorld, { failures, parts }: Expectation): boolean {
  const isAsync = parts.some(({ binding }) => world.isAsync(binding.service));
  const isLate = failures.some(({ why }) => why === 'disposed');
  const hasFailingHook = parts.some(({ binding }) => failingHooks.includes(binding.hook));
  return (isAsync && failures.length > 1) || (isLate && hasFailingHook);
}

function isFailure(
  world: TreeWorld,
  { parts }: Expectation,
  expected: Failure,
  failure: unknown,
): boolean {
  const message = messageOf(failure);
  const isNamed = (binding: Bound): boolean => message.includes(nameIn(world, binding));
  // One that calls a factory of another may be named in its place.
  const singletons = parts.flatMap(({ asker }) => asker.singleton ?? []);
  switch (expected.why) {
    case 'drawn':
      return message === 'drawn to fail';
    case 'missing':
      return failure instanceof Error;
    case 'disposed':
      return ContainerDisposedError.is(failure);
    case 'captive':
      return (
        [expected.singleton, ...singletons].some(isNamed) && aliased(expected.part).some(isNamed)
      );
  }
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : 'no error';
}

function nameIn(world: TreeWorld, { service }: Bound): string {
  return world.tree.labelOf(service).identifier;
}

/** What it hands on may be named in its place. */
function aliased({ binding, dependencies }: Part): Bound[] {
  const [target] = binding.kind === 'alias' ? dependencies : [];
  return [binding, ...(target === undefined ? [] : aliased(target))];
}

function describe(world: TreeWorld, failure: Failure): string {
  return failure.why === 'captive'
    ? `${nameIn(world, failure.part.binding)} captive in ${nameIn(world, failure.singleton)}`
    : failure.why;
}
