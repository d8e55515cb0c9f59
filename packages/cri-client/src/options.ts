import type { Clock, Logger, MetricRegister, RandomSource, Tracer } from "@nk/stdx";

/** What {@link createCriClient} takes. */
export interface CriClientOptions {
  /** `unix:///path` or `/path`. */
  readonly endpoint: string;
  /** Where the image service is, when it is elsewhere; default: `endpoint`. The reference's imageServiceEndpoint. */
  readonly imageEndpoint?: string;
  /** Deadline of an ordinary call in milliseconds, default 120000. The reference's runtimeRequestTimeout. */
  readonly timeoutMs?: number;
  /** Largest message in bytes, either way, default 16 MiB as in the reference. grpc-js itself would stop at 4 MiB. */
  readonly maxMessageBytes?: number;
  /** Wait before the first attempt to connect anew, in milliseconds, default 50. */
  readonly reconnectInitialMs?: number;
  /** Longest wait between two attempts, default 200; sane up to 250, because a call is to succeed within 300 ms of the runtime's return. */
  readonly reconnectMaxMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
  readonly tracer?: Tracer;
}

/** What every call takes last. */
export interface CallOptions {
  /** Cancels the call; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Deadline in milliseconds instead of the default of the method; `Infinity` for none. */
  readonly timeoutMs?: number;
}
