import { noopLogger, noopMetrics, systemClock, systemRandom } from "@nk/stdx";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { createCredentials } from "./credentials/credentials.ts";
import { createKubeClientMetrics } from "./metrics.ts";
import type { KubeClientMetrics } from "./metrics.ts";
import type { KubeClientOptions } from "./options.ts";
import { createRequestLimiter } from "./request/rate-limit.ts";
import { createReachability } from "./request/reachability.ts";
import type { Reachability } from "./request/reachability.ts";
import { createSender } from "./request/send.ts";
import type { Sender } from "./request/send.ts";
import { createTransport } from "./transport/transport.ts";
import { createVerbs } from "./verbs.ts";
import type { Verbs } from "./verbs.ts";
import { createWatcher } from "./watch/watch.ts";
import type { Watcher } from "./watch/watch.ts";

/** A client of one API server as one user. Opens nothing before the first request. */
export interface KubeClient extends Verbs, Watcher, AsyncDisposable {
  /** The server's URL. */
  readonly server: string;
  /** Credential files are looked at with the next request, e.g. because a certificate was just written. */
  refreshCredentials(): void;
  /**
   * Calls back when the server answers after it could not be reached: whatever waits for its next try may try now. Watches of this client
   * do so themselves. Listeners must not throw.
   */
  onReachable(listener: () => void): Disposable;
  /** Ends everything: requests under way reject with "closed" or "connection-lost", watches end. */
  close(): void;
}

const DEFAULT_ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
const DEFAULT_RATE_LIMIT = { qps: 50, burst: 100 };
const MIB = 1024 * 1024;

interface Parts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly metrics: KubeClientMetrics;
  readonly reachability: Reachability;
}

const partsOf = ({ clock = systemClock, random = systemRandom, logger = noopLogger, metrics = noopMetrics }: KubeClientOptions): Parts => ({
  clock,
  random,
  logger,
  metrics: "counter" in metrics ? createKubeClientMetrics(metrics, clock) : metrics,
  reachability: createReachability(),
});

const createSenderOf = (
  options: KubeClientOptions,
  parts: Parts,
): { readonly sender: Sender; readonly close: () => void; readonly refresh: () => void } => {
  const { access } = options;
  const { clock, logger, metrics, reachability } = parts;
  const credentials = createCredentials({
    access,
    environment: options.environment ?? DEFAULT_ENVIRONMENT,
    execTimeoutMs: options.execTimeoutMs ?? 60_000,
    checkMs: options.credentialCheckMs ?? 10_000,
    clock,
    logger,
    metrics,
  });
  const transport = createTransport({
    access,
    credentials,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    pingIntervalMs: options.pingIntervalMs ?? 5_000,
    pingTimeoutMs: options.pingTimeoutMs ?? 4_000,
    drainMs: options.drainMs ?? 30_000,
    limits: {
      maxConnections: options.maxConnectionsPerLane ?? 16,
      maxHttp1Connections: options.maxHttp1ConnectionsPerLane ?? 256,
      maxWaiting: options.maxWaiting ?? 10_000,
      idleMs: options.idleMs ?? 90_000,
    },
    clock,
    logger,
    metrics,
  });
  const limiter = createRequestLimiter({ limit: options.rateLimit ?? DEFAULT_RATE_LIMIT, eventLimit: options.eventRateLimit, clock });
  const { userAgent = "nk-kube-client", maxRetries = 10 } = options;
  const sender = createSender({ transport, credentials, limiter, reachability, metrics, clock, logger, userAgent, maxRetries });
  return { sender, close: () => transport.close(), refresh: () => credentials.invalidate() };
};

/** A client without connections; they are opened by its first requests. */
export const createKubeClient = (options: KubeClientOptions): KubeClient => {
  const parts = partsOf(options);
  const { sender, close, refresh } = createSenderOf(options, parts);
  const closing = new AbortController();
  const { timeoutMs = 60_000, maxResponseBytes = 256 * MIB, maxEventBytes = 16 * MIB } = options;
  const verbs = createVerbs({ sender, timeoutMs, maxResponseBytes });
  const watcher = createWatcher({ ...parts, sender, verbs, maxEventBytes, maxResponseBytes, timeoutMs, closing: closing.signal });
  const closeAll = (): void => {
    closing.abort();
    close();
  };
  return {
    ...verbs,
    ...watcher,
    server: options.access.server,
    refreshCredentials: refresh,
    onReachable: (listener) => parts.reachability.subscribe(listener),
    close: closeAll,
    [Symbol.asyncDispose]: () => {
      closeAll();
      return Promise.resolve();
    },
  };
};
