import type { Clock, Logger, MetricRegister, RandomSource } from "@nk/stdx";
import type { ClusterAccess } from "./kubeconfig/access.ts";
import type { Lane } from "./kinds.ts";
import type { KubeClientMetrics } from "./metrics.ts";
import type { RateLimit } from "./request/rate-limit.ts";

/** What {@link createKubeClient} takes. */
export interface KubeClientOptions {
  /** From `(await loadKubeconfig(path)).access()`, `accessFromClientNode(config)` or written by hand. */
  readonly access: ClusterAccess;
  /** Default "nk-kube-client". The reference sends "kubelet/v1.36.0 (linux/amd64) kubernetes/<commit>". */
  readonly userAgent?: string | undefined;
  /** Default 50 per second with a burst of 100, the reference's kubeAPIQPS and kubeAPIBurst. Never holds up leases or urgent requests. */
  readonly rateLimit?: RateLimit | undefined;
  /** Events' own limit (the reference's eventRecordQPS and eventBurst); default: they share `rateLimit`. */
  readonly eventRateLimit?: RateLimit | undefined;
  /** Deadline of a request with all its retries, in milliseconds; default 60,000, the API server's own. */
  readonly timeoutMs?: number | undefined;
  /** How often a request is retried when the server asks to wait; default 10, as client-go. */
  readonly maxRetries?: number | undefined;
  /** The longest answer, in bytes; default 256 MiB: ten times the largest list a kubelet should ever meet, and less than what stops Node. */
  readonly maxResponseBytes?: number | undefined;
  /** The longest event of a watch, in bytes; default 16 MiB: etcd's objects are at most 1.5 MiB, as JSON some times that. */
  readonly maxEventBytes?: number | undefined;
  /** TCP and TLS handshakes together, in milliseconds; default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * While something is under way on an HTTP/2 connection, it is asked for a sign of life this often, in milliseconds; default 5,000.
   * Together with `pingTimeoutMs` it should be shorter than the lease's renewal period (10 s).
   */
  readonly pingIntervalMs?: number | undefined;
  /** A peer that takes longer to give one is taken to be gone, in milliseconds; default 4,000. */
  readonly pingTimeoutMs?: number | undefined;
  /** HTTP/2 connections of one lane; default 16 (with 100 to 250 requests on each). */
  readonly maxConnectionsPerLane?: number | undefined;
  /** HTTP/1.1 connections of one lane, each with one request; default 256. */
  readonly maxHttp1ConnectionsPerLane?: number | undefined;
  /** Requests of one lane that may wait for a connection; default 10,000. */
  readonly maxWaiting?: number | undefined;
  /** A connection without requests is closed after this long, in milliseconds; default 90,000, as in Go. */
  readonly idleMs?: number | undefined;
  /** How long requests and watches may go on over a connection that is replaced (new certificate, GOAWAY), in milliseconds; default 30,000. */
  readonly drainMs?: number | undefined;
  /** Credential files are looked at with the first request after this long, in milliseconds; default 10,000. A token is read each minute anyway. */
  readonly credentialCheckMs?: number | undefined;
  /** How long an exec credential plugin may run, in milliseconds; default 60,000. */
  readonly execTimeoutMs?: number | undefined;
  /** What an exec credential plugin inherits, usually the process's environment; default a PATH of the system's folders only. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  readonly random?: RandomSource | undefined;
  readonly logger?: Logger | undefined;
  /** A register, or metrics that were registered already and are shared by several clients. */
  readonly metrics?: MetricRegister | KubeClientMetrics | undefined;
}

/** What every call takes last. */
export interface CallOptions {
  /** Cancels the request; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Deadline in milliseconds instead of the client's; `Infinity` for none. */
  readonly timeoutMs?: number | undefined;
  /** "urgent" is not held up by the rate limit: a pod's first Running, Ready and terminal status. */
  readonly priority?: "urgent" | "normal" | undefined;
  /** The connections to use instead of those the kind and verb go by. */
  readonly lane?: Lane | undefined;
}
