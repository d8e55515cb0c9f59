import { KubeletApiError } from "../errors.ts";
import { renderDirectory } from "../node-logs/directory.ts";
import { openWithin } from "../node-logs/open-within.ts";
import { sendFile } from "../node-logs/send-file.ts";
import { sendText } from "../route.ts";
import type { Route, RouteRequest } from "../route.ts";

/** Options of {@link nodeLogsRoute}. */
export interface NodeLogsOptions {
  /** The directory that is shown, and nothing beside it. Usually /var/log. */
  readonly rootDirectory: string;
  /** Default /proc. */
  readonly procDirectory?: string;
  /** Entries of one directory; more are an error. Default 50,000. */
  readonly maxEntries?: number;
}

const redirect = (location: string): KubeletApiError => new KubeletApiError("moved", "", { headers: { Location: location } });

const lastPart = ({ path }: RouteRequest): string => encodeURIComponent(path.split("/").findLast((part) => part !== "") ?? "");

/** `GET /logs/`: the files of the node's log directory, as links and as they are (Go's http.FileServer). */
export const nodeLogsRoute = (options: NodeLogsOptions): Route => {
  const roots = { root: options.rootDirectory, proc: options.procDirectory ?? "/proc" };
  return {
    path: "/logs/",
    scope: "tree",
    methods: ["GET"],
    subresources: ["log"],
    isLocalOnly: true,
    // A file is sent at the client's pace.
    isLongRunning: () => true,
    serve: async (request, response) => {
      await using entry = await openWithin(roots, request.rest);
      const hasSlash = request.path.endsWith("/");
      if (entry.stats.isDirectory()) {
        if (!hasSlash) throw redirect(`${lastPart(request)}/`);
        sendText(response, await renderDirectory(entry.fdPath, options.maxEntries ?? 50_000), "text/html; charset=utf-8");
        return;
      }
      if (hasSlash) throw redirect(`../${lastPart(request)}`);
      const { range, "if-modified-since": ifModifiedSince } = request.headers;
      await sendFile(entry, response, { range, ifModifiedSince, signal: request.signal });
    },
  };
};
