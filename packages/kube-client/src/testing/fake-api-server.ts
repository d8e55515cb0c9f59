import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Server as SecureServer } from "node:tls";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { kinds as knownKinds } from "../kinds.ts";
import type { KubeObject, ResourceKind } from "../kinds.ts";
import type { ClusterAccess, CredentialConfig } from "../kubeconfig/access.ts";
import type { ObjectName } from "../verbs.ts";
import { createApi } from "./api.ts";
import type { RecordedRequest } from "./api.ts";
import type { IssuedCertificate } from "./certificates.ts";
import type { ServerExchange } from "./http-exchange.ts";
import { createFaults } from "./faults.ts";
import type { Fault } from "./faults.ts";
import { createObjectStore } from "./object-store.ts";
import { startRelay } from "./relay.ts";
import type { Relay } from "./relay.ts";
import type { ReviewOptions } from "./reviews.ts";
import { createFakeWatches } from "./watches.ts";
import type { FakeWatches } from "./watches.ts";

/** What {@link startFakeApiServer} takes. */
export interface FakeApiServerOptions extends ReviewOptions {
  /** Without it: plain HTTP/1.1. See {@link createTestAuthority}. */
  readonly tls?:
    | {
        readonly serving: IssuedCertificate;
        /** The authority of client certificates and of `access()`. */
        readonly caPem: string;
        /** False: HTTP/1.1 only. Default true. */
        readonly http2?: boolean | undefined;
        /** Requests without an accepted client certificate (or token) get 401. Default false. */
        readonly requireClient?: boolean | undefined;
      }
    | undefined;
  /** Kinds to serve beside {@link knownKinds}. */
  readonly kinds?: readonly ResourceKind[] | undefined;
  /** HTTP/2 requests at once on one connection; default 250, as the API server. */
  readonly maxConcurrentStreams?: number | undefined;
  /** Milliseconds between bookmarks; default 60,000. */
  readonly bookmarkMs?: number | undefined;
  /** Whether initial events are streamed; default "offered", as v1.34 and later. */
  readonly watchList?: "offered" | "refused" | "ignored" | undefined;
  /** Only these bearer tokens are accepted; see `acceptTokens`. Default: no token is asked for. */
  readonly tokens?: readonly string[] | undefined;
  readonly clock?: Clock | undefined;
}

/** An API server in memory, behind a real socket. */
export interface FakeApiServer extends AsyncDisposable {
  readonly url: string;
  /** How to reach it. */
  access(credentials?: CredentialConfig): ClusterAccess;
  /** Stores an object, past all rules; watches are told. */
  put<T extends KubeObject>(kind: ResourceKind<T>, object: T): T;
  get<T extends KubeObject>(kind: ResourceKind<T>, name: ObjectName): T | undefined;
  list<T extends KubeObject>(kind: ResourceKind<T>): readonly T[];
  /** Removes an object at once; watches are told. Nothing happens when it is not there. */
  remove(kind: ResourceKind, name: ObjectName): void;
  /** Forgets all changes so far: a watch from an older version gets 410. */
  compact(): void;
  /** Lets requests fail until the result is disposed, or `times` times. */
  fail(fault: Fault): Disposable;
  /** Bearer tokens that are accepted from now on; undefined: none is asked for. */
  acceptTokens(tokens: readonly string[] | undefined): void;
  /** The certificate of new connections. */
  useServingCertificate(certificate: IssuedCertificate): void;
  /** The open watches: end, stall, inject raw text (an ERROR event, a line of garbage). */
  readonly watches: Omit<FakeWatches, "start">;
  /** The network between: packets vanish, connections are reset, the server is away. */
  readonly network: Omit<Relay, "port" | typeof Symbol.asyncDispose>;
  /** The last 10,000 requests, in order. */
  readonly requests: readonly RecordedRequest[];
}

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

const createSecure = (
  tls: NonNullable<FakeApiServerOptions["tls"]>,
  maxConcurrentStreams: number,
  serve: (exchange: ServerExchange) => void,
): SecureServer => {
  const { certificatePem: cert, keyPem: key } = tls.serving;
  const options = { cert, key, ca: tls.caPem, requestCert: true, rejectUnauthorized: false };
  if (tls.http2 === false) return createHttpsServer(options, (request, response) => serve({ request, response }));
  const server = createSecureServer({ ...options, allowHTTP1: true, settings: { maxConcurrentStreams } }, (request, response) =>
    serve({ request, response }),
  );
  server.on("sessionError", () => {});
  return server;
};

/** Starts a fake API server on a free port of 127.0.0.1. */
export const startFakeApiServer = async (options: FakeApiServerOptions = {}): Promise<FakeApiServer> => {
  const { tls, clock = systemClock, bookmarkMs = 60_000, watchList = "offered", maxConcurrentStreams = 250 } = options;
  const store = createObjectStore({ clock });
  const faults = createFaults();
  const watches = createFakeWatches({ store, clock, bookmarkMs, watchList });
  const served = [...Object.values(knownKinds as unknown as Readonly<Record<string, ResourceKind>>), ...(options.kinds ?? [])];
  const api = createApi({ ...options, store, faults, watches, clock, kinds: served });

  const secure = tls === undefined ? undefined : createSecure(tls, maxConcurrentStreams, (exchange) => void api.serve(exchange));
  const server: Server = secure ?? createServer((request, response) => void api.serve({ request, response }));
  // Small frames in both directions would wait 40 ms for each other's acknowledgement.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const relay = await startRelay(await listen(server));
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${relay.port}`;

  return {
    url,
    access: (credentials = {}) => ({ server: url, credentials, ...(tls === undefined ? {} : { ca: { pem: tls.caPem } }) }),
    put: <T extends KubeObject>(kind: ResourceKind<T>, object: T) => store.put(kind, object) as T,
    get: <T extends KubeObject>(kind: ResourceKind<T>, name: ObjectName) => store.get(kind, name) as T | undefined,
    list: <T extends KubeObject>(kind: ResourceKind<T>) => store.list(kind) as readonly T[],
    remove(kind, name) {
      const object = store.get(kind, name);
      if (object !== undefined) store.remove(kind, object);
    },
    compact: () => store.compact(),
    fail: (fault) => faults.add(fault),
    acceptTokens: (tokens) => api.acceptTokens(tokens),
    useServingCertificate: ({ certificatePem, keyPem }) =>
      secure?.setSecureContext({ cert: certificatePem, key: keyPem, ...(tls === undefined ? {} : { ca: tls.caPem }) }),
    watches,
    network: relay,
    requests: api.requests,
    async [Symbol.asyncDispose]() {
      watches.endAll();
      await relay[Symbol.asyncDispose]();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
