/** A container as the owner of instances: which of those that come to be are whose. */
import type { Binding, PlanServiceNode, ResolutionContext } from '@inversifyjs/core';
import type { PluginContext } from '@inversifyjs/plugin';
import type { ServiceIdentifier } from 'inversify';

import type { LifecycleOptions } from '../disposal/lifecycle.js';
import { boundHere, type CachingBinding } from './binding-watch.js';
import { cachedIn, Construction, Constructions } from './construction.js';
import { ContainerNode } from './container-node.js';
import type { Exit } from '../disposal/exit.js';
import type { ExitStack } from '../disposal/exit-stack.js';
import { identifierName } from '../shared/inspect.js';
import { captured, PlannedAbove, unplanned, type Planned } from './planned-above.js';

/** Where the nearest container with the module is found. Not registered: copies must not mix. */
export const ownerToken: ServiceIdentifier<Owner> = Symbol('inversify-onexit');

export interface OwnerHost {
  readonly options: LifecycleOptions;
  /** Whether what the binding gives would be exited by its container. */
  exits(binding: Binding): boolean;
  /** Told of a binding that was removed, after its deactivation. */
  bindingRemoved(binding: CachingBinding): void;
}

export class Owner extends ContainerNode {
  /** Of its singletons, through containers below. */
  readonly constructions = new Constructions();
  readonly #host: OwnerHost;
  readonly #planned = new PlannedAbove(this);
  #makers: WeakMap<ResolutionContext, Owner> | undefined;
  /** By whom a service was just looked up that is to be looked for here next. */
  #asked: { readonly identifier: ServiceIdentifier; readonly by: WeakRef<Owner> } | undefined;
  readonly #self = new WeakRef<Owner>(this);
  #asker = this.#self;
  /** The first that was looked up of what is being planned, and was not shown yet. */
  #planning: ServiceIdentifier | undefined;
  /** When the outermost `get` that is under way began. */
  #got: number | undefined;

  constructor(context: PluginContext, stack: ExitStack, host: OwnerHost) {
    super(ownerToken, context, stack);
    this.#host = host;
  }

  /** What was said of it here, or else by those around. */
  option<Name extends keyof LifecycleOptions>(name: Name): LifecycleOptions[Name] | undefined {
    return this.#host.options[name] ?? this.above?.option(name);
  }

  /** Whose an instance is that one of this container's bindings makes, outside singleton scope. */
  ownerOf(binding: CachingBinding, context: ResolutionContext): Owner {
    const maker = this.#makerOf(context);
    if (maker.above === undefined) {
      return maker;
    }
    const running = maker.#running();
    if (running !== undefined && this.isBelow(running.owner)) {
      return maker;
    }
    const owner = running?.owner ?? maker;
    const other =
      // What a disposed container is asked for is refused, in doubt too.
      owner.stack.state === 'disposed'
        ? undefined
        : maker.#planned.ownerOfPart(binding, running !== undefined);
    return other !== undefined && owner.isBelow(other) ? other : owner;
  }

  /** @throws Error if a singleton of a container above is being given what this one exits. */
  refuseCapture(binding: CachingBinding, context: ResolutionContext): void {
    if (this.above !== undefined) {
      const running = this.#makerOf(context).#running(binding);
      if (running !== undefined && this.isBelow(running.owner)) {
        throw captured(identifierName(binding.serviceIdentifier), running.binding);
      }
    }
  }

  /** @throws Error if a singleton of this container hands on what a container below owns. */
  refuseHandedOn(binding: CachingBinding, value: object, context: ResolutionContext): void {
    const entry = this.ownedBelow(value, context);
    if (entry !== undefined) {
      throw captured(entry.source.service, binding);
    }
  }

  /** @throws Error if a singleton above is being given what a container below that owns. */
  refuseOwned({ source }: Exit, context: ResolutionContext): void {
    const running = this.#makerOf(context).#running();
    if (running !== undefined) {
      throw captured(source.service, running.binding);
    }
  }

  /** The entry of a value that the container of the resolution owns, or one between. */
  ownedBelow(value: object, context: ResolutionContext): Exit | undefined {
    for (
      let below: Owner | undefined = this.#makerOf(context);
      below !== undefined && below !== this;
      below = below.above
    ) {
      const entry = below.stack.list.ownedEntry(value);
      if (entry !== undefined) {
        return entry;
      }
    }
    return undefined;
  }

  /** A service is looked up here, and further up if it is not found. */
  lookedUp(identifier: ServiceIdentifier): void {
    if (this.#got !== undefined && identifier !== ownerToken) {
      this.#planning ??= identifier;
    }
    const asker = this.#asked?.identifier === identifier ? this.#asked.by : this.#self;
    this.#asker = asker;
    this.#asked = undefined;
    if (this.above !== undefined) {
      this.above.#asked = { identifier, by: asker };
    }
  }

  /** A singleton of this container that was looked up. */
  singletonMet(binding: CachingBinding): void {
    if (this.hasBelow) {
      this.constructions.watch(binding, (mayAskForMore) => {
        if (mayAskForMore) {
          // What it asks for is planned anew, so that `planned` is shown it.
          this.context.planResultCacheService.clearCache();
        }
      });
      const asker = this.#asker.deref();
      if (
        asker !== undefined &&
        asker !== this &&
        asker.#got === undefined &&
        cachedIn(binding) === undefined
      ) {
        // Its plan is shown to nobody: it is that of a container below without the module.
        this.constructions.expectMore(binding);
        asker.#planned.add(this, binding).sharesUnknownParts = true;
        asker.#forgetPlannedSoon();
      }
    }
  }

  /** A singleton of this container that has all its parts. */
  built(binding: CachingBinding): void {
    this.constructions.end(binding);
  }

  /**
   * Looks through a plan for singletons of containers above that it would build.
   *
   * @throws Error if one of them would hold what a container below exits.
   */
  planned(root: PlanServiceNode): void {
    // What could not be planned before it is not shown with it.
    if (root.serviceIdentifier === this.#planning) {
      this.#planning = undefined;
    }
    if (this.above === undefined) {
      return;
    }
    if (this.#got === undefined) {
      // A context that was kept has asked, past the container's own methods.
      this.#forgetPlannedSoon();
    }
    const running = this.#running();
    let isDone = false;
    try {
      isDone = this.#planned.look(root, running) && running === undefined;
    } finally {
      if (!isDone) {
        // What was refused is to be shown again; so is what the singleton asks for next, though it may
        // have been planned with this.
        this.context.planResultCacheService.clearCache();
      }
    }
  }

  /** A `get` of this container begins. Returns what its end is to be told with. */
  getBegins(): number | undefined {
    const outer = this.#got;
    this.#got ??= Construction.begun;
    return outer;
  }

  /** A `get` has returned: what it has left unbuilt is not being built any more. */
  getEnds(outer: number | undefined): void {
    this.#got = outer;
    if (outer === undefined) {
      this.#endGet();
    }
  }

  /** Looks whether something is bound. */
  looking<T>(look: () => T): T {
    try {
      return look();
    } finally {
      this.#endAsking();
    }
  }

  /** Has cached plans mended: what is looked up for them is not asked for by who is not watched. */
  mending(mend: () => void): void {
    if (this.above === undefined) {
      mend();
      return;
    }
    const outer = this.getBegins();
    try {
      mend();
    } finally {
      this.getEnds(outer);
    }
  }

  /** Whether what its binding gives would be exited with it. */
  exits(binding: Binding): boolean {
    return this.#host.exits(binding);
  }

  bindingRemoved(binding: CachingBinding): void {
    this.#host.bindingRemoved(binding);
  }

  protected treeChanged(): void {
    this.#makers = undefined;
  }

  /** Whose `get` a resolution is a part of. */
  #makerOf(context: ResolutionContext): Owner {
    if (!this.hasBelow) {
      // It is met through this container, or through one without the module below it.
      return this;
    }
    this.#makers ??= new WeakMap();
    let maker = this.#makers.get(context);
    if (maker === undefined) {
      maker = context.get(ownerToken);
      this.#makers.set(context, maker);
    }
    return maker;
  }

  /**
   * The singleton, other than the one given, whose synchronous part is running; if they are nested,
   * that of the container furthest up, since the others are parts of it.
   */
  #running(except?: CachingBinding): Planned | undefined {
    let running: Planned | undefined;
    for (let { above } = this; above !== undefined; { above } = above) {
      for (const { binding, isRunning, order } of above.constructions) {
        if (isRunning && binding !== except && order >= (this.#got ?? 0)) {
          running = this.#planned.find(binding) ?? unplanned(above, binding);
        }
      }
    }
    return running;
  }

  #endGet(): void {
    this.#endAsking();
    const wasLeft = this.#planned.size > 0 && this.#planned.forget();
    if (wasLeft || this.#planning !== undefined) {
      // What was left unbuilt, or planned without being shown since the whole could not be planned, is
      // to be planned, and looked at, when it is next asked for.
      this.#planning = undefined;
      this.context.planResultCacheService.clearCache();
    }
  }

  /** What was found here, or only looked for, was not asked for further up. */
  #endAsking(): void {
    for (let { above } = this; above !== undefined; { above } = above) {
      above.#asked = undefined;
    }
  }

  #forgetPlannedSoon(): void {
    queueMicrotask(() => {
      this.getEnds(this.getBegins());
    });
  }

  /** Which container, of this one and those above that have the module, holds the binding. */
  holderOf(binding: Binding): Owner | undefined {
    return boundHere(this.context.bindingService, binding.serviceIdentifier).includes(binding)
      ? this
      : this.above?.holderOf(binding);
  }
}
