/** What is promised of scopes, held against what has happened in a program of time. */
import { ContainerDisposedError, type DisposeError } from 'inversify-onexit';

import {
  hookTimeoutOf,
  isDrain,
  type HookFacts,
  type Moment,
  type SiteFacts,
  type UnitFacts,
} from './time-facts.js';
import type { Play } from './time-play.js';

/** How the disposal of a scope has ended. */
interface ScopeEnding {
  readonly site: SiteFacts;
  readonly failure: DisposeError | undefined;
}

/**
 * Of a scope: who has closed it, and what `withScope()` gives.
 *
 * @param mayBeClosed whether the disposal around it may close it then.
 */
export function checkScope(
  { site, failure }: ScopeEnding,
  mayBeClosed: (at: Moment) => boolean,
): string[] {
  const { unit, begun, ended } = site;
  const faults: string[] = [];
  const where = `the scope ${String(site.index)}`;
  if (begun === undefined && ended !== undefined && !mayBeClosed(ended)) {
    faults.push(`${where} was closed by the disposal around it, and there was time`);
  }
  if (unit?.spec.as === 'work') {
    const expected = resultOf(unit, failure);
    if (!expected(unit.result)) {
      faults.push(`withScope() of ${where} gave ${shownResult(unit.result)}`);
    }
  }
  return faults;
}

type Expected = (result: UnitFacts['result']) => boolean;

function resultOf(
  { work, isClosedByWork }: UnitFacts,
  failure: DisposeError | undefined,
): Expected {
  if (work === undefined) {
    return (result) => result === undefined;
  }
  const { failed } = work;
  return (result) => {
    if (result === undefined) {
      return false;
    }
    if (failed === undefined && failure === undefined && isClosedByWork) {
      return 'value' in result;
    }
    if (!('error' in result)) {
      return false;
    }
    const { error } = result;
    if (failed === undefined) {
      return failure === undefined ? ContainerDisposedError.is(error) : error === failure;
    }
    return failure === undefined ? error === failed.error : isBoth(error, failure, failed.error);
  };
}

function isBoth(error: unknown, later: unknown, earlier: unknown): boolean {
  const both = Object(error) as Partial<SuppressedError>;
  return both.name === 'SuppressedError' && both.error === later && both.suppressed === earlier;
}

function shownResult(result: UnitFacts['result']): string {
  return result === undefined
    ? 'nothing'
    : 'value' in result
      ? `the result ${String(result.value)}`
      : String(result.error);
}

/** Of a container: no exit waits for scopes that were opened when it waited already. */
export function checkWaits({ world, sites }: Play, site: SiteFacts): string[] {
  const hooks = site.entries.flatMap((entry) => entry.hooks);
  if (
    !world.isExact ||
    site.activations.length > 0 ||
    // They are waited for, too.
    hooks.some(({ isBeside, entry }) => isBeside || entry.isVague || entry.status === 'refused')
  ) {
    return [];
  }
  const within = sites.filter(({ parent }) => parent === site);
  const run = hooks
    .filter(({ started }) => started !== undefined)
    .sort((one, other) => orderOf(one) - orderOf(other));
  const faults: string[] = [];
  for (const [index, next] of run.entries()) {
    const last = run[index - 1];
    if (last?.started === undefined || next.started === undefined || next.isLate) {
      continue;
    }
    // After the drain phase it waits for more than that.
    if (isDrain(last.spec) || isDrain(next.spec)) {
      continue;
    }
    const { started } = next;
    const from = endOf(last, world.unit);
    const isOverlapping = (child: SiteFacts): boolean =>
      child.unit === undefined &&
      child.created.order < started.order &&
      (child.ended?.order ?? Infinity) > orderOf(last);
    if (from === Infinity || within.some(isOverlapping)) {
      continue;
    }
    const until = within
      // Until the disposal has heard of the end, something else may have blocked.
      .filter(({ created, ended }) => world.idle(from, created.at) === 0 && ended !== undefined)
      .map(({ ended }) => ended)
      .filter((ended) => ended !== undefined && ended.order < started.order)
      .reduce((latest, ended) => Math.max(latest, ended?.at ?? 0), from);
    if (world.idle(until, started.at) > 0) {
      faults.push(
        `${next.name} was started at ${String(started.at)}, and nothing held it up since ${String(until)}`,
      );
    }
  }
  return faults;
}

function orderOf({ started }: HookFacts): number {
  return started?.order ?? Infinity;
}

/** When a hook has settled, or its time has passed. */
function endOf({ spec, entry, returnedAt = Infinity, settledAt }: HookFacts, unit: number): number {
  const { as } = spec.ending;
  if (as === 'returns' || as === 'throws') {
    return returnedAt;
  }
  return Math.min(
    settledAt ?? Infinity,
    returnedAt + (spec.timeout ?? hookTimeoutOf(entry.site)) * unit,
  );
}
