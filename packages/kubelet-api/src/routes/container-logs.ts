import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Clock } from "@nk/stdx";
import { KubeletApiError } from "../errors.ts";
import { parseLogRequest } from "../log-options.ts";
import type { LogsPort } from "../ports.ts";
import type { Route } from "../route.ts";

/** Writes at the client's pace: a slow reader holds the file's reader back instead of filling memory. */
const pipe = async (chunks: AsyncIterable<Uint8Array>, response: ServerResponse, signal: AbortSignal): Promise<void> => {
  for await (const chunk of chunks) {
    if (signal.aborted) return;
    if (!response.write(chunk)) await once(response, "drain", { signal });
  }
};

/** `GET /containerLogs/NAMESPACE/POD/CONTAINER`: a container's log, plain or followed. */
export const containerLogsRoute = (logs: LogsPort, clock: Clock): Route => ({
  name: "containerLogs",
  methods: ["GET"],
  isLocalOnly: true,
  serve: async (request, response) => {
    const [namespace, pod, container, ...more] = request.rest;
    if (namespace === undefined || pod === undefined || container === undefined || more.length > 0) {
      throw new KubeletApiError("not-found", "404: Page Not Found");
    }
    const options = parseLogRequest({ namespace, pod, container }, request.query, clock.nowMs());
    const chunks = await logs.openLog(options, { signal: request.signal });
    // Headers go out before the first line: a follower must learn at once that the log is open.
    response.writeHead(200, { "Transfer-Encoding": "chunked" });
    response.flushHeaders();
    await pipe(chunks, response, request.signal);
    response.end();
  },
});
