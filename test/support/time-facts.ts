/** What has happened while a program of time was played. */
import type { ExitRecord, ExitReport, StartedExit } from 'inversify-onexit';

import type { Entry, Hook, Observer, Site, Unit } from './time-programs.js';
import type { Place } from './time-worlds.js';

/** A moment, and the number of the event in it. */
export interface Moment {
  readonly at: number;
  readonly order: number;
}

export interface HookFacts {
  readonly name: string;
  readonly spec: Hook;
  readonly entry: EntryFacts;
  starts: number;
  started: Moment | undefined;
  /** When observers first heard of it. */
  announced: Moment | undefined;
  /** Whether no time was left when it was started. */
  isLate: boolean;
  /** Whether no disposal runs it, but a release, or who refused it. */
  isBeside: boolean;
  /** The end of its synchronous part. */
  returnedAt: number | undefined;
  settledAt: number | undefined;
  /** What it threw, or rejected with. */
  failed: { readonly error: unknown } | undefined;
}

export interface EntryFacts {
  readonly site: SiteFacts;
  readonly service: string;
  readonly as: Entry['as'];
  readonly hooks: readonly HookFacts[];
  readonly registered: Moment;
  /** Whether the disposal of its container had not begun. */
  readonly isEarly: boolean;
  status: 'arriving' | 'registered' | 'running' | 'taken out' | 'refused';
  /** Whether the instance was made: a hook of it may have run although it was refused. */
  isMade: boolean;
  /** Whether it was refused by a container that was disposed. */
  isTooLate: boolean;
  /** Whether it was refused to a hook that was started late. */
  isOfLateHook: boolean;
  /** Whether it is not known when exactly it was taken in. */
  readonly isVague: boolean;
  /** Removes a callback, and says whether it was there. */
  undo: (() => boolean) | undefined;
  instance: object | undefined;
}

export interface ActivationFacts {
  readonly service: string;
  readonly site: SiteFacts;
  settledAt: number | undefined;
}

/** A limit that was set: the earliest, and the latest, moment that it may mean. */
export interface LimitFacts {
  readonly earliest: number;
  latest: number;
  readonly signal?: number;
}

export interface SignalFacts {
  readonly controller: AbortController;
  aborted: Moment | undefined;
  /** Whether all who listen have heard of it. */
  isHeard: boolean;
}

export interface ObserverFacts {
  readonly spec: Observer;
  readonly site: SiteFacts;
  readonly error: Error;
  /** Whether it was there before any disposal. */
  readonly isEarly: boolean;
  readonly disposing: { readonly reason: unknown }[];
  readonly started: StartedExit[];
  readonly settled: ExitRecord[];
  readonly reports: ExitReport[];
  events: number;
  /** What was heard when all had ended. */
  late: string[];
}

/** The first call of `dispose()`, if it found the container active. */
interface Beginning extends Moment {
  readonly reason: unknown;
  readonly completed: boolean;
  /** Those within that were disposed then. */
  readonly disposed: ReadonlySet<SiteFacts>;
  /** Those that were when the call returned. */
  disposedMeanwhile: ReadonlySet<SiteFacts>;
}

/** A scope. */
export interface UnitFacts {
  readonly spec: Unit;
  /** How the work in it has ended. */
  work: WorkFacts | undefined;
  /** Whether `withScope()` has begun the disposal. */
  isClosedByWork: boolean;
  /** What `withScope()` has given, or rejected with. */
  result: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

interface WorkFacts {
  /** Whether `withScope()` is about to dispose the scope, which nothing else has disposed. */
  isClosing: boolean;
  readonly failed: { readonly error: unknown } | undefined;
}

export interface SiteFacts {
  readonly index: number;
  readonly spec: Site;
  readonly parent: SiteFacts | undefined;
  /** If it is a scope. */
  readonly unit: UnitFacts | undefined;
  readonly place: Place;
  readonly created: Moment;
  /** Whether it was there from the start. */
  readonly isFirst: boolean;
  readonly entries: EntryFacts[];
  readonly activations: ActivationFacts[];
  readonly limits: LimitFacts[];
  /** The last event of which it is known that its disposal has got to it: after it, the next exit waits. */
  reached: number;
  /** Whether `dispose()` was called for it. */
  isAsked: boolean;
  begun: Beginning | undefined;
  promise: Promise<ExitReport> | undefined;
  ended: Moment | undefined;
  /** Activations that were not settled when it ended. */
  unsettled: readonly ActivationFacts[];
}

/** It, and those around it. */
export function pathOf(site: SiteFacts): SiteFacts[] {
  return site.parent === undefined ? [site] : [site, ...pathOf(site.parent)];
}

export function isWithin(site: SiteFacts, other: SiteFacts): boolean {
  return site !== other && pathOf(site).includes(other);
}

export function isThenable({ ending }: Hook): boolean {
  return ending.as !== 'returns' && ending.as !== 'throws';
}

export function hasDrainHooks({ hooks }: EntryFacts): boolean {
  return hooks.some(({ spec }) => isDrain(spec));
}

export function isDrain({ phase }: Hook): boolean {
  return phase === 'drain';
}

export function inheritedOf(
  site: SiteFacts,
  name: 'hookTimeout' | 'activationTimeout',
): number | undefined {
  return pathOf(site)
    .map(({ spec }) => spec.times[name])
    .find((time) => time !== undefined);
}

export function hookTimeoutOf(site: SiteFacts): number {
  return inheritedOf(site, 'hookTimeout') ?? Infinity;
}
