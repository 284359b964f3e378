/** Walks through a plan, from each binding to its dependencies. */
import type { Binding, PlanBindingNode, PlanServiceNode } from '@inversifyjs/core';

/**
 * Called for each binding in a plan with the value that was returned for its dependent. Returns the
 * value for the binding's own dependencies.
 */
export type PlanVisitor<Within extends object> = (binding: Binding, within: Within) => Within;

/** Visits each node once for each `within`: a plan is a graph with too many paths to walk them all. */
export function walkPlan<Within extends object>(
  root: PlanServiceNode,
  within: Within,
  visit: PlanVisitor<Within>,
): void {
  const visited = new Map<Within, Set<object>>();
  const walk = (node: PlanServiceNode | PlanBindingNode, around: Within): void => {
    const seen = visited.get(around) ?? new Set();
    if (seen.has(node)) {
      return;
    }
    visited.set(around, seen.add(node));
    const inside = 'binding' in node ? visit(node.binding, around) : around;
    for (const part of partsOf(node)) {
      walk(part, inside);
    }
  };
  walk(root, within);
}

/** The versions of Inversify name an alias's target differently; one has no marker for `@unmanaged`. */
function partsOf(node: object): (PlanServiceNode | PlanBindingNode)[] {
  return [
    'bindings',
    'constructorParams',
    'propertyParams',
    'params',
    'redirection',
    'redirections',
  ].flatMap((key) => nodesIn(Reflect.get(node, key)));
}

function nodesIn(value: unknown): (PlanServiceNode | PlanBindingNode)[] {
  if (value instanceof Map) {
    return [...value.values()].flatMap(nodesIn);
  }
  if (Array.isArray(value)) {
    return value.flatMap(nodesIn);
  }
  return isNode(value) ? [value] : [];
}

function isNode(value: unknown): value is PlanServiceNode | PlanBindingNode {
  return typeof value === 'object' && value !== null && ('binding' in value || 'bindings' in value);
}
