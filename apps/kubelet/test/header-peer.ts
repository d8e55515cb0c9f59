import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";

/** An HTTP server that knows which headers it was sent, and tells the caller all of them. */
export interface HeaderPeer {
  readonly port: number;
  /** All header values of a path so far. */
  valuesOf(path: string): ReadonlySet<string>;
  close(): Promise<void>;
}

/** What a path answers with. */
export interface PeerRoute {
  readonly status: number;
  /** Default: the headers of the request, as a careless server might show them. */
  readonly body?: string;
}

/** Starts a server; `routeOf` is asked for each request with how many the path has had. */
export const startHeaderPeer = async (
  host: string,
  routeOf: (path: string, count: number) => PeerRoute | undefined,
): Promise<HeaderPeer> => {
  const seen = new Map<string, { readonly values: Set<string>; count: number }>();
  const server = createServer((request, response: ServerResponse) => {
    const path = request.url ?? "";
    const entry = seen.get(path) ?? { values: new Set<string>(), count: 0 };
    seen.set(path, entry);
    entry.count += 1;
    for (const value of Object.values(request.headers)) for (const one of [value ?? []].flat()) entry.values.add(one);
    const { status, body } = routeOf(path, entry.count) ?? { status: 404 };
    response.writeHead(status).end(body ?? JSON.stringify(request.headers));
  });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    valuesOf: (path) => seen.get(path)?.values ?? new Set(),
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
};
