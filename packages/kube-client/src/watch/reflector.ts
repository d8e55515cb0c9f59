import { computeBackoffMs, linkSignals } from "@nk/stdx";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { isKubeClientError, KubeClientError } from "../errors.ts";
import type { KubeClientErrorCode } from "../errors.ts";
import type { KubeObject, ResourceKind } from "../kinds.ts";
import type { KubeClientMetrics } from "../metrics.ts";
import { isUnreachable } from "../request/reachability.ts";
import type { Reachability } from "../request/reachability.ts";
import type { ApiRequest, Sender } from "../request/send.ts";
import { computeQuery, computeResourcePath, describePlace } from "../resource-path.ts";
import type { ListSelection, Verbs } from "../verbs.ts";
import { readEvents } from "./event-stream.ts";
import type { StreamEnd } from "./event-stream.ts";
import { createInitialItems } from "./initial-items.ts";
import type { InitialItems } from "./initial-items.ts";
import type { ItemBuffer } from "./item-buffer.ts";
import type { WatchEvent } from "./watch-event.ts";

/** What all watches of a client share. */
export interface ReflectorParts {
  readonly sender: Sender;
  readonly verbs: Verbs;
  readonly reachability: Reachability;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly metrics: KubeClientMetrics;
  readonly maxEventBytes: number;
  readonly maxResponseBytes: number;
  readonly timeoutMs: number;
  /** Whether the server streams initial events; found out by the first watch. */
  readonly server: { hasWatchList: boolean };
}

/** What {@link runReflector} takes. */
export interface ReflectorOptions<T extends KubeObject> extends ReflectorParts {
  readonly kind: ResourceKind<T>;
  readonly selection: ListSelection;
  readonly buffer: ItemBuffer<T>;
  readonly idleMs: number;
  readonly onProblem: (error: KubeClientError) => void;
  readonly stopOn: readonly KubeClientErrorCode[];
  readonly signal: AbortSignal;
}

/** client-go's reflector: 5 to 10 minutes, so that watches spread over the servers again. */
const TIMEOUT_SECONDS = 300;
const BACKOFF = { initialMs: 800, maxMs: 30_000, jitter: 0.5 };
/** A longer Retry-After is not obeyed: a proxy that was told of an hour of maintenance must not leave a node blind for as long. */
const MAX_RETRY_AFTER_MS = 30_000;
/** The first retry comes at once, but not from all watches of all nodes in the same instant. */
const FAST_RETRY_MS = 100;
/** A server that is back gets the watches of all nodes within this time. */
const RETURN_SPREAD_MS = 500;
/** A stream that ends sooner than this without an event did not work. */
const SHORT_STREAM_MS = 1_000;
/** A stream that lasts this long worked, and what fails after it is a first failure again. */
const HEALTHY_STREAM_MS = 5_000;
/** Without progress for so long, a server that was asked for initial events is taken not to know them. */
const INITIAL_EVENTS_MS = 20_000;

/** Why everything is listed again. */
type RelistReason = "expired" | "bad-event" | "overflow";

/** Lists, then watches from there, again and again, until the signal aborts or an error of `stopOn` comes. */
class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  /** The version that the next stream starts after; undefined as long as nothing was listed. */
  #resourceVersion: string | undefined;
  /** Everything has to be listed (again). */
  #needsList = true;
  /** The next list asks for the most recent version: what we know of is unknown to the server. */
  #isVersionLost = false;
  #isOverflown = false;
  #failures = 0;
  /** The last failure was that nobody answered. */
  #isUnreachable = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { signal, clock } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      this.#isUnreachable = false;
      const waitMs = await this.#round();
      if (waitMs <= 0) continue;
      if (this.#isUnreachable) await this.#waitForServer(waitMs);
      else await clock.sleep(waitMs, { signal });
    }
  }

  /** Waits for so long, but not longer than until any request of the client reaches the server again. */
  async #waitForServer(waitMs: number): Promise<void> {
    const { signal, clock, reachability, random } = this.#options;
    const back = new AbortController();
    using _returns = reachability.subscribe(() => back.abort());
    using either = linkSignals(signal, back.signal);
    try {
      await clock.sleep(waitMs, { signal: either.signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!back.signal.aborted) throw error;
      this.#failures = 0;
      await clock.sleep(random() * RETURN_SPREAD_MS, { signal });
    }
  }

  /** One list or one stream; how long to wait until the next. */
  async #round(): Promise<number> {
    if (this.#isOverflown) {
      // Nobody reads: listing now would only fill memory again.
      await this.#options.buffer.whenWanted(this.#options.signal);
      this.#isOverflown = false;
    }
    if (!this.#needsList) return await this.#watch(undefined);
    if (this.#options.server.hasWatchList) return await this.#watch(createInitialItems(this.#options.kind, this.#options.maxResponseBytes));
    return await this.#list();
  }

  async #list(): Promise<number> {
    const { verbs, kind, selection, signal } = this.#options;
    // "0" is whatever the server has at hand; a version we know of is a lower bound.
    const resourceVersion = this.#isVersionLost ? undefined : (this.#resourceVersion ?? "0");
    try {
      const list = await verbs.list(kind, { ...selection, resourceVersion }, { signal });
      this.#synced(list.items, list.resourceVersion);
      return 0;
    } catch (error) {
      signal.throwIfAborted();
      return this.#failed(error);
    }
  }

  #synced(items: readonly T[], resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.#needsList = false;
    this.#isVersionLost = false;
    this.#options.buffer.put({ type: "synced", items, resourceVersion });
  }

  #requestOf(isInitial: boolean): ApiRequest {
    const { kind, selection, random } = this.#options;
    const { namespace, ...selectors } = selection;
    const path = computeResourcePath(kind, { namespace });
    const query = computeQuery({
      watch: true,
      ...selectors,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.floor(TIMEOUT_SECONDS * (1 + random())),
      resourceVersion: isInitial && this.#isVersionLost ? undefined : this.#resourceVersion,
      sendInitialEvents: isInitial ? true : undefined,
      resourceVersionMatch: isInitial ? "NotOlderThan" : undefined,
    });
    return { what: `watch ${describePlace(kind, { namespace })}`, method: "GET", path: path + query, lane: "watch", isIdempotent: true };
  }

  /** One stream. With `initial` it first tells everything there is. */
  async #watch(initial: InitialItems<T> | undefined): Promise<number> {
    const { sender, clock, signal, idleMs, maxEventBytes, timeoutMs, metrics, kind } = this.#options;
    const startMs = clock.monotonicMs();
    let events = 0;
    metrics.watchStarts.inc({ resource: kind.resource });
    const end = await readEvents<T>({
      sender,
      request: this.#requestOf(initial !== undefined),
      openTimeoutMs: Number.isFinite(timeoutMs) ? timeoutMs : idleMs,
      idleMs: () => (initial?.isComplete === false ? Math.min(idleMs, INITIAL_EVENTS_MS) : idleMs),
      maxEventBytes,
      clock,
      signal,
      onEvent: (event, sizeBytes) => {
        events += 1;
        return this.#take(event, { initial, sizeBytes });
      },
    });
    const lastedMs = clock.monotonicMs() - startMs;
    if (lastedMs >= HEALTHY_STREAM_MS) this.#failures = 0;
    const hasWorked = initial?.isComplete !== false && (events > 0 || lastedMs >= SHORT_STREAM_MS);
    if (end.type === "ended" && hasWorked) return 0;
    return this.#after(end, initial);
  }

  #take(event: WatchEvent<T>, context: { readonly initial: InitialItems<T> | undefined; readonly sizeBytes: number }): "go-on" | "stop" {
    const { initial } = context;
    if (initial !== undefined && !initial.isComplete) {
      if (initial.take(event, context.sizeBytes) !== "taken") return "stop";
      if (initial.isComplete && "resourceVersion" in event) this.#synced(initial.items(), event.resourceVersion);
      return "go-on";
    }
    if (event.type === "error") return "stop";
    this.#resourceVersion = event.resourceVersion;
    if (event.type === "bookmark") return "go-on";
    if (this.#options.buffer.put({ type: event.type, object: event.object })) return "go-on";
    this.#isOverflown = true;
    this.#relist("overflow");
    return "stop";
  }

  #after(end: StreamEnd, initial: InitialItems<T> | undefined): number {
    const isUnsynced = initial !== undefined && !initial.isComplete;
    switch (end.type) {
      case "stopped":
        if (!isUnsynced) return 0;
        // Too much to stream is too much to list: that fails with a clear error.
        this.#giveUpWatchList(initial?.isTooLarge === true ? "they are too many" : "it sent other events instead");
        return 0;
      case "idle":
        if (isUnsynced) this.#giveUpWatchList("it sent nothing");
        else this.#options.logger.info("a silent watch is replaced", { resource: this.#options.kind.resource });
        return 0;
      case "ended":
        return this.#failed(
          new KubeClientError({
            code: "bad-answer",
            message: `${this.#what()}: the stream ended ${isUnsynced ? "before it had told everything" : "at once"}`,
          }),
        );
      case "bad-event": {
        this.#options.metrics.watchParseErrors.inc({ resource: this.#options.kind.resource });
        if (!isUnsynced) this.#relist("bad-event");
        return this.#failed(new KubeClientError({ code: "bad-answer", message: `${this.#what()}: an event could not be read` }));
      }
      case "failed":
        return this.#afterFailure(end.error, isUnsynced);
    }
  }

  #afterFailure(error: unknown, isUnsynced: boolean): number {
    // An unknown version is one from before a restore of etcd: the server says so by a timeout with this cause.
    const isUnknown = isKubeClientError(error) && error.details.causes?.some(({ reason }) => reason === "ResourceVersionTooLarge") === true;
    if (isKubeClientError(error, "gone") || isUnknown) {
      if (this.#needsList) this.#isVersionLost = true;
      else this.#relist("expired");
    } else if (isUnsynced && (isKubeClientError(error, "invalid") || isKubeClientError(error, "bad-request"))) {
      this.#giveUpWatchList("it refuses them");
      return 0;
    }
    return this.#failed(error);
  }

  #giveUpWatchList(why: string): void {
    this.#options.server.hasWatchList = false;
    this.#options.logger.info("the API server does not stream initial events; they are listed", { why });
  }

  #relist(reason: RelistReason): void {
    this.#needsList = true;
    this.#options.metrics.watchRelists.inc({ resource: this.#options.kind.resource, reason });
  }

  #what(): string {
    const { kind, selection } = this.#options;
    return `cannot watch ${describePlace(kind, { namespace: selection.namespace })}`;
  }

  /** How long to wait after a failure. @throws the error when the watch is to stop on it */
  #failed(error: unknown): number {
    const { stopOn, onProblem, logger, random, kind } = this.#options;
    if (!isKubeClientError(error)) throw error;
    if (error.code === "closed" || stopOn.includes(error.code)) throw error;
    const attempt = this.#failures;
    this.#failures += 1;
    this.#isUnreachable = isUnreachable(error);
    // A list whose version the server does not have says so with "gone" as well.
    if (error.code === "gone" && this.#needsList && attempt > 0) this.#isVersionLost = true;
    onProblem(error);
    logger.debug("a watch has to be started again", { resource: kind.resource, attempt, error });
    const backoffMs = attempt === 0 ? random() * FAST_RETRY_MS : computeBackoffMs({ ...BACKOFF, attempt: attempt - 1, random });
    return Math.max(backoffMs, Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
  }
}

/** Keeps a buffer filled until the signal aborts; rejects with its reason, or with an error of `stopOn`. */
export const runReflector = <T extends KubeObject>(options: ReflectorOptions<T>): Promise<void> => new Reflector(options).run();
