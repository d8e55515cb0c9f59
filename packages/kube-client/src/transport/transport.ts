import type { Clock, Logger } from "@nk/stdx";
import type { Credentials, Identity } from "../credentials/identity.ts";
import type { ClusterAccess } from "../kubeconfig/access.ts";
import type { Lane } from "../kinds.ts";
import type { KubeClientMetrics } from "../metrics.ts";
import { openSocket } from "./connect.ts";
import type { Connection, ConnectionEvents, WireRequest, WireResponse } from "./exchange.ts";
import { createHttp1Connection } from "./http1-connection.ts";
import { createHttp2Connection } from "./http2-connection.ts";
import { createLanePool } from "./lane.ts";
import type { LanePool, LanePoolOptions } from "./lane.ts";

/** What {@link createTransport} takes. */
export interface TransportOptions {
  readonly access: ClusterAccess;
  readonly credentials: Credentials;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly drainMs: number;
  readonly limits: LanePoolOptions["limits"];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: KubeClientMetrics;
}

/** A request's answer and who asked. */
export interface SentRequest {
  readonly response: WireResponse;
  readonly identity: Identity;
}

/** Sends requests over the connections of their lanes, as the current identity. */
export interface Transport {
  /** The `host` of metrics: host and port of the server. */
  readonly host: string;
  send(request: WireRequest, signal: AbortSignal): Promise<SentRequest>;
  close(): void;
}

/** A transport without connections. When the client certificate changes, every lane's connections are replaced. */
export const createTransport = (options: TransportOptions): Transport => {
  const { access, credentials, clock, logger, metrics, pingIntervalMs, pingTimeoutMs, drainMs } = options;
  const url = new URL(access.server);
  const basePath = url.pathname.replace(/\/+$/u, "");
  const lanes = new Map<Lane, LanePool>();
  let identity: Identity | undefined;

  const open = async (events: ConnectionEvents, signal: AbortSignal): Promise<Connection> => {
    const { socket, protocol } = await openSocket({
      access,
      certificate: identity?.certificate,
      timeoutMs: options.connectTimeoutMs,
      clock,
      signal,
    });
    if (protocol === "http/1.1") return createHttp1Connection({ socket, authority: url.host, drainMs, clock, ...events });
    return createHttp2Connection({ socket, origin: url.origin, pingIntervalMs, pingTimeoutMs, drainMs, clock, ...events });
  };
  const createLane = (name: Lane): LanePool =>
    createLanePool({
      name,
      open,
      limits: options.limits,
      clock,
      onCount: (count) => metrics.connections.set(count, { lane: name }),
      onLost: (cause) => {
        metrics.connectionsLost.inc({ lane: name, cause });
        logger.warn("a connection to the API server was lost", { lane: name, cause });
      },
    });
  const laneOf = (name: Lane): LanePool => {
    const lane = lanes.get(name) ?? createLane(name);
    lanes.set(name, lane);
    return lane;
  };
  const adopt = (current: Identity): void => {
    const isReplaced = identity !== undefined && identity.certificate?.id !== current.certificate?.id;
    identity = current;
    if (!isReplaced) return;
    logger.info("the client certificate changed; connections to the API server are replaced");
    for (const lane of lanes.values()) lane.replace();
  };

  return {
    host: url.host,
    async send(request, signal) {
      const current = await credentials.current({ signal });
      adopt(current);
      const { authorization } = current;
      const headers = authorization === undefined ? request.headers : { ...request.headers, authorization };
      const response = await laneOf(request.lane).send({ ...request, path: `${basePath}${request.path}`, headers }, signal);
      return { response, identity: current };
    },
    close() {
      for (const lane of lanes.values()) lane.close();
    },
  };
};
