import type { ContainerEventResponse, CriMethods } from "@nk/cri-api";
import { CRI_METHODS } from "@nk/cri-api";
import { computeBackoffMs } from "@nk/stdx";
import type { Clock, RandomSource } from "@nk/stdx";
import type { Connection } from "./connection.ts";
import { CriError, isCriError } from "./errors.ts";
import { openStream } from "./transport.ts";

/** Why events may be missing: the stream has just been opened for the first time or anew, or the consumer was too slow. */
export type GapCause = "connected" | "reconnected" | "overflow";

/** An event, or the notice that events before this point may be missing: list everything again. */
export type ContainerEvent =
  | { readonly type: "event"; readonly event: ContainerEventResponse }
  | { readonly type: "gap"; readonly cause: GapCause };

/** What `containerEvents` takes. */
export interface ContainerEventsOptions {
  /** Ends the iteration, which then throws `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Events held for a slow consumer, default 1000; when it is full all of them give way to one `gap`. */
  readonly capacity?: number;
}

/** What the reader needs from the client. */
export interface EventSource {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly reconnectInitialMs: number;
  readonly reconnectMaxMs: number;
  /** A call that the runtime answers at once, to learn that it has seen what was sent before. */
  confirm(options: { readonly signal: AbortSignal }): Promise<unknown>;
  /** Runs one stream as one observed operation. */
  observe(method: keyof CriMethods, run: () => Promise<void>): Promise<void>;
}

interface EventQueue {
  push(event: ContainerEventResponse): void;
  pushGap(cause: GapCause): void;
  fail(error: unknown): void;
  read(): AsyncGenerator<ContainerEvent, void, undefined>;
}

const createEventQueue = (capacity: number): EventQueue => {
  let items: ContainerEvent[] = [];
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const replaceByGap = (cause: GapCause): void => {
    // What lies before a gap is worth nothing: the consumer lists everything anyway.
    items = [{ type: "gap", cause }];
    wake();
  };
  return {
    push: (event) => {
      if (items.length >= capacity) replaceByGap("overflow");
      items.push({ type: "event", event });
      wake();
    },
    pushGap: replaceByGap,
    fail: (error) => {
      failure ??= { error };
      items = [];
      wake();
    },
    read: async function* () {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) {
          yield item;
          continue;
        }
        if (failure !== undefined) throw failure.error;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
  };
};

const endedError = (path: string): CriError =>
  new CriError({
    code: "aborted",
    message: `the runtime on ${path} ended the event stream`,
    details: { method: "GetContainerEvents", endpoint: path },
  });

/** Reads one stream to its end, which is always a rejection: a runtime that ends it has gone or is going. */
const pumpStream = (
  source: EventSource,
  queue: EventQueue,
  options: { readonly cause: GapCause; readonly signal: AbortSignal; onOpen(): void },
): Promise<void> =>
  new Promise((_resolve, reject) => {
    let phase: "opening" | "open" | "ended" = "opening";
    const markOpen = (): void => {
      if (phase !== "opening") return;
      phase = "open";
      options.onOpen();
      queue.pushGap(options.cause);
    };
    const stream = openStream(
      CRI_METHODS.getContainerEvents,
      { connection: source.connection, request: {}, timeoutMs: Number.POSITIVE_INFINITY, signal: options.signal, clock: source.clock },
      {
        onMessage: (event) => {
          // An event proves that the subscription stands, whether or not the confirming call was faster.
          markOpen();
          queue.push(event);
        },
        onEnd: (error) => {
          phase = "ended";
          reject(error ?? endedError(source.connection.path));
        },
      },
    );
    // gRPC servers in Go send no headers before the first message, so nothing says that the stream is open. A call answered on the
    // same connection after it was sent comes as near to that as the protocol allows.
    // The second one lets an Unimplemented overtake, which is under way by then: such a runtime is never said to have events.
    const confirm = (): Promise<unknown> => source.confirm({ signal: options.signal });
    confirm()
      .then(confirm)
      .then(markOpen)
      .catch((error: unknown) => {
        reject(error as Error);
        stream[Symbol.dispose]();
      });
  });

/** A stream that stood so long was a good one: its end is the first of its kind. */
const STEADY_MS = 1_000;
/** The longest wait while the runtime is there but ends or refuses each stream at once: each attempt costs it and us a full list. */
const REFUSED_MAX_MS = 10_000;

/**
 * The runtime's container events. The stream is read without pause into a queue of our own: containerd blocks all its subscribers
 * on the slowest one. Reconnects for ever, quickly to a runtime that was
 * away and ever more slowly to one that refuses; throws `unimplemented` when the runtime has no events (containerd 1.6), so that the
 * caller lists periodically instead. Leaving the loop ends the stream.
 */
export async function* readContainerEvents(
  source: EventSource,
  options: ContainerEventsOptions = {},
): AsyncGenerator<ContainerEvent, void, undefined> {
  const { capacity = 1000, signal } = options;
  signal?.throwIfAborted();
  const queue = createEventQueue(capacity);
  const scope = new AbortController();
  const onAbort = (): void => scope.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });

  const pump = async (): Promise<never> => {
    const { clock, random, reconnectInitialMs: initialMs, reconnectMaxMs } = source;
    let cause: GapCause = "connected";
    let absences = 0;
    let refusals = 0;
    const computeWaitMs = (error: unknown, openedAtMs: number | undefined): number => {
      if (openedAtMs === undefined && isCriError(error, "unavailable")) {
        absences += 1;
        return computeBackoffMs({ attempt: absences - 1, initialMs, maxMs: reconnectMaxMs, jitter: 0.2, random });
      }
      absences = 0;
      refusals = openedAtMs !== undefined && clock.monotonicMs() - openedAtMs >= STEADY_MS ? 1 : refusals + 1;
      return computeBackoffMs({ attempt: refusals - 1, initialMs, maxMs: Math.max(reconnectMaxMs, REFUSED_MAX_MS), jitter: 0.2, random });
    };
    for (;;) {
      let openedAtMs: number | undefined;
      let waitMs = initialMs;
      try {
        const onOpen = (): void => {
          openedAtMs = clock.monotonicMs();
          cause = "reconnected";
        };
        await source.observe("getContainerEvents", () => pumpStream(source, queue, { cause, signal: scope.signal, onOpen }));
      } catch (error) {
        scope.signal.throwIfAborted();
        if (isCriError(error, "unimplemented") || isCriError(error, "closed")) throw error;
        waitMs = computeWaitMs(error, openedAtMs);
      }
      await clock.sleep(waitMs, { signal: scope.signal });
    }
  };

  pump().catch((error: unknown) => queue.fail(error));
  try {
    yield* queue.read();
  } finally {
    signal?.removeEventListener("abort", onAbort);
    scope.abort(new CriError({ code: "closed", message: `nobody reads the event stream of ${source.connection.path} any more` }));
  }
}
