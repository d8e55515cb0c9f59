import type { Counter, Histogram, MetricRegister } from "@nk/stdx";

/** Requests to the API server on behalf of a caller. */
export interface DelegatedMetrics {
  readonly total: Counter;
  readonly duration: Histogram;
}

const createDelegatedMetrics = (register: MetricRegister, kind: "authn" | "authz"): DelegatedMetrics => ({
  total: register.counter({
    name: `apiserver_delegated_${kind}_request_total`,
    help: "[ALPHA] Number of HTTP requests partitioned by status code.",
    labelNames: ["code"],
  }),
  duration: register.histogram({
    name: `apiserver_delegated_${kind}_request_duration_seconds`,
    help: "[ALPHA] Request latency in seconds. Broken down by status code.",
    labelNames: ["code"],
    buckets: [0.25, 0.5, 0.7, 1, 1.5, 3, 5, 10],
  }),
});

/** The reference's metrics of token reviews. */
export const createAuthnMetrics = (register: MetricRegister): DelegatedMetrics => createDelegatedMetrics(register, "authn");

/** The reference's metrics of access reviews. */
export const createAuthzMetrics = (register: MetricRegister): DelegatedMetrics => createDelegatedMetrics(register, "authz");

/** What became of tokens that were shown. */
export interface TokenCacheMetrics {
  /** A token was asked about: known already, or not. */
  answered(wasKnown: boolean, durationMs: number): void;
  /** A question to the API server begins; call what it returns when it ends. */
  fetching(): (isOk: boolean) => void;
  /** Somebody waits for the answer to a question; dispose when that is over. */
  blocking(): Disposable;
}

/** The reference's metrics of its token cache; they have no help there either. */
export const createTokenCacheMetrics = (register: MetricRegister): TokenCacheMetrics => {
  const help = "[ALPHA] ";
  const labelNames = ["status"];
  const prefix = "authentication_token_cache";
  const requests = register.counter({ name: `${prefix}_request_total`, help, labelNames });
  const fetches = register.counter({ name: `${prefix}_fetch_total`, help, labelNames });
  const active = register.gauge({ name: `${prefix}_active_fetch_count`, help, labelNames });
  const duration = register.histogram({
    name: `${prefix}_request_duration_seconds`,
    help,
    labelNames,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  return {
    answered: (wasKnown, durationMs) => {
      const status = wasKnown ? "hit" : "miss";
      requests.inc({ status });
      duration.observe(durationMs / 1000, { status });
    },
    fetching: () => {
      active.add(1, { status: "in_flight" });
      return (isOk) => {
        active.add(-1, { status: "in_flight" });
        fetches.inc({ status: isOk ? "ok" : "error" });
      };
    },
    blocking: () => {
      active.add(1, { status: "blocked" });
      return { [Symbol.dispose]: () => active.add(-1, { status: "blocked" }) };
    },
  };
};

/** How long the client certificates of callers are still good for. */
export const createCertificateMetrics = (register: MetricRegister): Histogram =>
  register.histogram({
    name: "apiserver_client_certificate_expiration_seconds",
    help: "[ALPHA] Distribution of the remaining lifetime on the certificate used to authenticate a request.",
    buckets: [0, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000, 15_552_000, 31_104_000],
  });
