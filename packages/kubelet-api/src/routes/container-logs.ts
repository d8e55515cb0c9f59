import type { ServerResponse } from "node:http";
import type { Clock } from "@nk/stdx";
import { isKubeletApiError, routeNotFound } from "../errors.ts";
import { writeChunks } from "../http/body.ts";
import { parseLogRequest } from "../log-options.ts";
import type { ContainerLogRequest } from "../log-options.ts";
import type { LogsPort } from "../ports.ts";
import type { Route } from "../route.ts";

/** The reference has begun its answer when it looks for the log, so what is wrong with the log comes chunked and without a type. */
const openOrAnswer = async (
  logs: LogsPort,
  options: ContainerLogRequest,
  { response, signal }: { readonly response: ServerResponse; readonly signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array> | undefined> => {
  try {
    return await logs.openLog(options, { signal });
  } catch (error) {
    if (!isKubeletApiError(error) || error.code !== "bad-request") throw error;
    response.writeHead(400, { "Transfer-Encoding": "chunked" });
    response.end(error.message);
    return undefined;
  }
};

/** `GET /containerLogs/NAMESPACE/POD/CONTAINER`: a container's log, plain or followed. */
export const containerLogsRoute = (logs: LogsPort, clock: Clock): Route => ({
  path: "/containerLogs",
  scope: "tree",
  methods: ["GET"],
  isLocalOnly: true,
  // Followed or not, it lasts as long as the client takes to read it.
  isLongRunning: () => true,
  serve: async (request, response) => {
    const { signal } = request;
    const [namespace, pod, container, ...more] = request.rest;
    if (namespace === undefined || pod === undefined || container === undefined || more.length > 0) throw routeNotFound();
    const options = parseLogRequest({ namespace, pod, container }, request.query, clock.nowMs());
    const chunks = await openOrAnswer(logs, options, { response, signal });
    if (chunks === undefined) return;
    // Headers go out before the first line: a follower must learn at once that the log is open.
    response.writeHead(200, { "Transfer-Encoding": "chunked" });
    response.flushHeaders();
    await writeChunks({ chunks, response, signal });
    response.end();
  },
});
