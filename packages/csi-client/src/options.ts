import type { Clock, Logger, MetricRegister, RandomSource, Tracer } from "@nk/stdx";

/** How calls that a driver asks to repeat are repeated: those that failed with ABORTED or UNAVAILABLE. */
export interface CsiRetryOptions {
  /** How often a call is sent at most, default 5; 1 for no retries. All attempts share the call's deadline. */
  readonly maxAttempts?: number;
  /** Wait before the second attempt in milliseconds, default 100. */
  readonly initialMs?: number;
  /** Longest wait between two attempts in milliseconds, default 2000. */
  readonly maxMs?: number;
}

/** What {@link createUncheckedCsiCalls} takes. */
export interface CsiCallsOptions {
  /** `unix:///path` or `/path`. */
  readonly endpoint: string;
  /** Deadline of a call with its retries and its wait for its turn, in milliseconds, default 120000: the kubelet's csiTimeout. */
  readonly timeoutMs?: number;
  readonly retry?: CsiRetryOptions;
  /** How many calls may wait for the one before them of the same volume, over all volumes, default 10000. */
  readonly maxQueuedCalls?: number;
  /** Largest message in bytes, either way, default 16 MiB; grpc-js itself would stop at 4 MiB. */
  readonly maxMessageBytes?: number;
  /** Longest wait of the channel between two attempts to connect, in milliseconds, default 500. */
  readonly reconnectMaxMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
  readonly tracer?: Tracer;
}

/** What {@link openCsiClient} takes. */
export interface CsiClientOptions extends CsiCallsOptions {
  /** How long the driver may take at the opening until it listens, is ready and has answered, in milliseconds, default 30000. */
  readonly openTimeoutMs?: number;
  /** Gives the opening up. */
  readonly signal?: AbortSignal;
}

/** What every call takes last. */
export interface CallOptions {
  /** Cancels the call; it then rejects with `signal.reason`, and its outcome is uncertain. */
  readonly signal?: AbortSignal;
  /** Deadline in milliseconds instead of the client's; `Infinity` for none. */
  readonly timeoutMs?: number;
}
