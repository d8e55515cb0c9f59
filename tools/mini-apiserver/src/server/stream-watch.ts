import type { ServerResponse } from "node:http";
import { linkSignals } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { tooManyRequests } from "../api-error.ts";
import { readListOptions } from "../rest/list-options.ts";
import { bookmarkOf, watchObjects } from "../rest/watch.ts";
import type { WatchEvent } from "../rest/watch.ts";
import { createEventEncoder, outputFormOf } from "./present.ts";
import type { ResourceRequest } from "./resource-request.ts";

/** Resolves once there is room in the response's buffer, or the signal aborts. */
const whenDrained = (response: ServerResponse, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      response.off("drain", finish);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    response.on("drain", finish);
    signal.addEventListener("abort", finish, { once: true });
    if (signal.aborted) finish();
  });

const lengthMs = (call: ResourceRequest, timeoutSeconds: number | undefined): number => {
  const { limits, random } = call.parts;
  // Spread, so that clients that came together do not come back together.
  const seconds = timeoutSeconds !== undefined && timeoutSeconds > 0 ? timeoutSeconds : limits.minWatchSeconds * (1 + random());
  return seconds * 1000;
};

/** Calls back again and again once started, until disposed. */
const repeat = (clock: Clock, periodMs: number, callback: () => void): Disposable & { start(): void } => {
  let timer: Disposable | undefined;
  const start = (): void => {
    timer = clock.schedule(periodMs, () => {
      callback();
      start();
    });
  };
  return { start, [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
};

const ENDED = new Error("the watch has lasted as long as it was to");

const openStream = (response: ServerResponse): void => {
  response.statusCode = 200;
  response.setHeader("content-type", "application/json");
  response.setHeader("cache-control", "no-cache, private");
  response.flushHeaders();
};

/** Answers a watch: one JSON document a line, until its time is over or the client goes. @throws ApiError 400, 406, 422, 429 */
export const streamWatch = async (call: ResourceRequest): Promise<void> => {
  const { definition, response, info, parts } = call;
  const { clock, store, limits, openWatches } = parts;
  const options = readListOptions(info.query, definition, true);
  const form = outputFormOf(call);
  if (openWatches.count >= limits.maxWatches) throw tooManyRequests("too many watches are open, please try again later", 1);
  const encode = createEventEncoder(call, form);
  const ended = new AbortController();
  using life = linkSignals(call.signal, ended.signal);
  let isWaiting = false;
  const write = (event: WatchEvent): boolean => {
    const text = event.type === "ERROR" ? JSON.stringify(event.object) : encode(event.object, definition);
    return response.write(`{"type":"${event.type}","object":${text}}\n`);
  };
  const writeBookmark = (): void => {
    // Events that wait for room are older than the bookmark would say.
    if (options.allowsBookmarks && !isWaiting) write({ type: "BOOKMARK", object: bookmarkOf(definition, store.resourceVersion) });
  };
  using _end = clock.schedule(lengthMs(call, options.timeoutSeconds), () => {
    // Where to go on from: the client will be back at once.
    if (response.headersSent && !response.destroyed) writeBookmark();
    ended.abort(ENDED);
  });
  using bookmarks = repeat(clock, limits.bookmarkSeconds * 1000, writeBookmark);
  openWatches.count += 1;
  try {
    openStream(response);
    if (options.allowsBookmarks) bookmarks.start();
    const namespace = definition.namespaced ? info.attributes.namespace : undefined;
    for await (const event of watchObjects(definition, namespace, { options, store, signal: life.signal })) {
      if (write(event) || life.signal.aborted) continue;
      isWaiting = true;
      await whenDrained(response, life.signal);
      isWaiting = false;
    }
  } finally {
    openWatches.count -= 1;
    response.end();
  }
};
