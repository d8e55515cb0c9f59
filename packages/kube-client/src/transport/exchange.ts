import type { Readable } from "node:stream";
import type { Lane } from "../kinds.ts";
import { lostError } from "./node-error.ts";

/** One request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly lane: Lane;
}

/** The beginning of an answer; its body is still coming. */
export interface WireResponse {
  readonly status: number;
  /** A header's value by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** To be read once. Leaving the loop early cancels the rest. @throws KubeClientError "connection-lost", or the signal's reason */
  readonly body: AsyncIterable<Buffer>;
  /** Lets go of the answer without reading it. */
  readonly cancel: () => void;
  /** Whether the peer still answers on this connection; true where the protocol has no way to ask (HTTP/1.1). */
  readonly ping: () => Promise<boolean>;
}

/** A connection that can carry requests. */
export interface Connection {
  readonly protocol: "h2" | "http/1.1";
  /** Requests under way. */
  readonly activeCount: number;
  /** Neither draining nor closed. */
  readonly isOpen: boolean;
  /** How many more can start now; 0 once it is draining or closed. */
  readonly freeCount: number;
  /** Starts a request; call it only while `freeCount` is above 0. The signal covers the body too. */
  send(request: WireRequest, signal: AbortSignal): Promise<WireResponse>;
  /** Takes no more requests, and closes when the last one has ended. */
  drain(): void;
  /** Closes at once; requests under way fail as "connection-lost". */
  destroy(cause: string): void;
}

/** What a connection tells its lane. */
export interface ConnectionEvents {
  /** A request ended or the peer's limit changed: `freeCount` may have grown. */
  readonly onFree: () => void;
  /** It is gone; `cause` is "closed" for an orderly end. Called once. */
  readonly onClosed: (cause: string) => void;
}

/** What {@link bodyOf} needs to know of a stream of node:http or node:http2. */
export interface BodyStream {
  readonly stream: Readable;
  readonly signal: AbortSignal;
  /** After the end: why what came is not all that was sent; undefined when it is. */
  readonly shortfall: () => string | undefined;
}

const closed = (stream: Readable): Promise<void> =>
  new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once("close", resolve);
  });

/** The chunks of a stream. A stream that was cut off throws, even where Node ends it as if it were complete. */
export const bodyOf = async function* (body: BodyStream): AsyncGenerator<Buffer, void, undefined> {
  const { stream, signal } = body;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw lostError(error, "while it answered");
  }
  await closed(stream);
  signal.throwIfAborted();
  const shortfall = body.shortfall();
  if (shortfall !== undefined) throw lostError(undefined, shortfall);
};
