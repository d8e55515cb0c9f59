import type { PodUid } from "@nk/pod-model";
import { computeBackoffMs, noopLogger, raceSignal, systemClock, systemRandom, withDeadline } from "@nk/stdx";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { errorText, VolumesError } from "../errors.ts";
import type { CallOptions, TokenPort, TokenRequest } from "../ports.ts";

/** Asks the API server for a token (authentication.k8s.io TokenRequest bound to the pod). */
export interface TokenSourcePort {
  requestToken(
    request: TokenRequest,
    options: CallOptions,
  ): Promise<{
    readonly token: string;
    /** RFC 3339. */
    readonly expirationTimestamp: string;
  }>;
}

/** What {@link createPodTokens} takes. */
export interface PodTokensOptions {
  /** A token is replaced earlier by up to this much, so that not all are at once; default 10,000. */
  readonly maxJitterMs?: number;
  /** No token is used for longer, however long it is valid; default 24 hours. */
  readonly maxAgeMs?: number;
  /** Milliseconds until a refresh that failed is tried again, doubled each time up to a minute; default 5,000. */
  readonly retryInitialMs?: number;
  /** Milliseconds for one request; default 10,000. */
  readonly requestTimeoutMs?: number;
  /** The most tokens that are kept; the one asked for longest ago goes first. Default 10,000. */
  readonly maxTokens?: number;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
}

/** The tokens of a node's pods. */
export interface PodTokens extends TokenPort {
  /** Tokens that are kept now. */
  readonly size: number;
}

interface Held {
  readonly token: string;
  readonly expiresAtMs: number;
  readonly refreshAtMs: number;
  readonly failures: number;
}

interface Entry {
  readonly uid: PodUid;
  held?: Held;
  pending?: Promise<void>;
}

const RETRY_MAX_MS = 60_000;
const LIFE_SHARE = 0.8;
const LEAST_WAIT_MS = 1000;

const keyOf = ({ namespace, serviceAccount, audiences, expirationSeconds, pod }: TokenRequest): string =>
  JSON.stringify([namespace, serviceAccount, audiences, expirationSeconds, pod.name, pod.uid]);

const describe = (request: TokenRequest): string => `"${request.serviceAccount}"/"${request.namespace}"`;

/**
 * Keeps one token per service account, audience, lifetime and pod, and replaces it at 80 % of its life or after a day
 * (pkg/kubelet/token). A refresh that fails leaves the old token in use until it expires. Nothing runs by itself: `refreshAtMs` says when to
 * ask again.
 */
export const createPodTokens = (source: TokenSourcePort, options: PodTokensOptions = {}): PodTokens => {
  const { clock = systemClock, random = systemRandom, logger = noopLogger, maxJitterMs = 10_000, maxTokens = 10_000 } = options;
  const { maxAgeMs = 24 * 3_600_000, retryInitialMs = 5000, requestTimeoutMs = 10_000 } = options;
  const entries = new Map<string, Entry>();

  const hold = (answer: { readonly token: string; readonly expirationTimestamp: string }): Held => {
    const nowMs = clock.nowMs();
    const expiresAtMs = Date.parse(answer.expirationTimestamp);
    if (!Number.isFinite(expiresAtMs)) throw new Error("the answer has no expiration time");
    const waitMs = Math.min(maxAgeMs, (expiresAtMs - nowMs) * LIFE_SHARE) - random() * maxJitterMs;
    // One that is over at once is so by this machine's clock; the next one would be, too.
    const leastMs = expiresAtMs > nowMs ? LEAST_WAIT_MS : RETRY_MAX_MS;
    return { token: answer.token, expiresAtMs, refreshAtMs: nowMs + Math.max(leastMs, waitMs), failures: 0 };
  };
  /** After a failure: what there is goes on being used, and is asked for again later. */
  const postpone = (held: Held): Held => {
    const delayMs = computeBackoffMs({ attempt: held.failures, initialMs: retryInitialMs, maxMs: RETRY_MAX_MS, jitter: 0.2, random });
    return { ...held, failures: held.failures + 1, refreshAtMs: clock.nowMs() + delayMs };
  };
  const request = async (entry: Entry, wanted: TokenRequest): Promise<void> => {
    // Several volumes may wait for it: it is nobody's to abort.
    using deadline = withDeadline({ timeoutMs: requestTimeoutMs, clock, what: "the token request" });
    try {
      entry.held = hold(await raceSignal(source.requestToken(wanted, { signal: deadline.signal }), deadline.signal));
    } catch (error) {
      const old = entry.held;
      if (old === undefined) throw new VolumesError("token-failed", `failed to fetch token: ${errorText(error)}`, { cause: error });
      if (clock.nowMs() >= old.expiresAtMs) {
        const text = `token ${describe(wanted)} expired and refresh failed: ${errorText(error)}`;
        throw new VolumesError("token-failed", text, { cause: error });
      }
      logger.warn("a token could not be refreshed, the old one stays in use", {
        namespace: wanted.namespace,
        serviceAccount: wanted.serviceAccount,
        error: errorText(error),
      });
      entry.held = postpone(old);
    }
  };
  const evict = (): void => {
    const nowMs = clock.nowMs();
    for (const [key, { held, pending }] of entries) {
      if (pending === undefined && held !== undefined && held.expiresAtMs < nowMs) entries.delete(key);
    }
    for (const key of entries.keys()) if (entries.size > maxTokens) entries.delete(key);
  };

  return {
    get: async (wanted, { signal }) => {
      const key = keyOf(wanted);
      const entry: Entry = entries.get(key) ?? { uid: wanted.pod.uid };
      // The order of the map is that of use.
      entries.delete(key);
      entries.set(key, entry);
      if (entry.held === undefined || clock.nowMs() >= entry.held.refreshAtMs) {
        evict();
        entries.set(key, entry);
        entry.pending ??= request(entry, wanted).finally(() => delete entry.pending);
        await raceSignal(entry.pending, signal);
      }
      if (entry.held === undefined) throw new VolumesError("token-failed", `failed to fetch token: ${describe(wanted)} has none`);
      return { token: entry.held.token, refreshAtMs: entry.held.refreshAtMs };
    },
    forget: (uid) => {
      for (const [key, entry] of entries) if (entry.uid === uid) entries.delete(key);
    },
    get size() {
      return entries.size;
    },
  };
};
