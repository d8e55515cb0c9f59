import { isDeadlineError, linkSignals, withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { isKubeClientError, KubeClientError } from "../errors.ts";
import type { KubeObject } from "../kinds.ts";
import type { ApiRequest, Sender } from "../request/send.ts";
import { splitLines } from "./lines.ts";
import { parseWatchEvent } from "./watch-event.ts";
import type { WatchEvent } from "./watch-event.ts";

/** What {@link readEvents} takes. */
export interface EventStreamOptions<T extends KubeObject> {
  readonly sender: Sender;
  readonly request: ApiRequest;
  /** Until the answer begins. */
  readonly openTimeoutMs: number;
  /** A stream that says nothing for so long is given up; asked for again whenever it might be. */
  readonly idleMs: () => number;
  readonly maxEventBytes: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What is to happen after an event. */
  readonly onEvent: (event: WatchEvent<T>, sizeBytes: number) => "go-on" | "stop";
}

/** How one stream of a watch ended. */
export type StreamEnd =
  | { readonly type: "ended" | "stopped" | "bad-event" | "idle" }
  /** The request or the connection failed, or the server ended it with an ERROR event. */
  | { readonly type: "failed"; readonly error: unknown };

/** Calls back once nothing was heard for `idleMs()`. */
const watchSilence = (options: {
  readonly clock: Clock;
  readonly idleMs: () => number;
  readonly onSilent: () => void;
}): Disposable & { heard(): void } => {
  const { clock, idleMs, onSilent } = options;
  let heardAtMs = clock.monotonicMs();
  let timer: Disposable;
  const arm = (delayMs: number): void => {
    timer = clock.schedule(delayMs, () => {
      const leftMs = heardAtMs + idleMs() - clock.monotonicMs();
      if (leftMs > 0) arm(leftMs);
      else onSilent();
    });
  };
  arm(idleMs());
  return {
    heard() {
      heardAtMs = clock.monotonicMs();
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
};

const openTimeout = (
  { request, openTimeoutMs }: Pick<EventStreamOptions<KubeObject>, "request" | "openTimeoutMs">,
  cause: Error,
): KubeClientError =>
  new KubeClientError({ code: "timeout", message: `cannot ${request.what}: no answer within ${openTimeoutMs} ms`, cause });

/** Opens one stream and reads its events to the end. Rejects only with the reason of the signal. */
export const readEvents = async <T extends KubeObject>(options: EventStreamOptions<T>): Promise<StreamEnd> => {
  const { sender, request, clock, signal, idleMs } = options;
  const stop = new AbortController();
  using linked = linkSignals(signal, stop.signal);
  using opening = withDeadline({ signal: linked.signal, timeoutMs: options.openTimeoutMs, clock, what: request.what });
  const giveUp = (): void => stop.abort(opening.signal.reason);
  opening.signal.addEventListener("abort", giveUp, { once: true });
  let isSilent = false;
  try {
    const response = await sender.open(request, linked.signal);
    opening.signal.removeEventListener("abort", giveUp);
    opening[Symbol.dispose]();
    const onSilent = (): void => {
      isSilent = true;
      // The ping tells a dead connection from a server that has nothing to say, or is stuck; the stream is replaced in either case.
      void response.ping().then(() => stop.abort());
    };
    using silence = watchSilence({ clock, idleMs, onSilent });
    for await (const line of splitLines(response.body, options.maxEventBytes)) {
      silence.heard();
      const event = parseWatchEvent<T>(line, request.what);
      if (event === undefined) return { type: "bad-event" };
      if (event.type === "error") return { type: "failed", error: event.error };
      if (options.onEvent(event, line.length) === "stop") return { type: "stopped" };
    }
    return { type: "ended" };
  } catch (error) {
    signal.throwIfAborted();
    if (isSilent) return { type: "idle" };
    if (isKubeClientError(error, "too-large")) return { type: "bad-event" };
    return { type: "failed", error: isDeadlineError(error) ? openTimeout(options, error) : error };
  } finally {
    opening.signal.removeEventListener("abort", giveUp);
    // Whatever of the stream is left is let go.
    stop.abort();
  }
};
