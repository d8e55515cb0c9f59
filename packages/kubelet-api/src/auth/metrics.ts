import type { Counter, Histogram, MetricRegister } from "@nk/stdx";

/** Requests to the API server on behalf of a caller. */
export interface DelegatedMetrics {
  readonly total: Counter;
  readonly duration: Histogram;
}

const createDelegatedMetrics = (register: MetricRegister, kind: "authn" | "authz"): DelegatedMetrics => ({
  total: register.counter({
    name: `apiserver_delegated_${kind}_request_total`,
    help: "Reviews asked of the API server, by status code.",
    labelNames: ["code"],
  }),
  duration: register.histogram({
    name: `apiserver_delegated_${kind}_request_duration_seconds`,
    help: "Duration in seconds of reviews asked of the API server, by status code.",
    labelNames: ["code"],
    buckets: [0.25, 0.5, 0.7, 1, 1.5, 3, 5, 10],
  }),
});

/** The reference's metrics of token reviews. */
export const createAuthnMetrics = (register: MetricRegister): DelegatedMetrics => createDelegatedMetrics(register, "authn");

/** The reference's metrics of access reviews. */
export const createAuthzMetrics = (register: MetricRegister): DelegatedMetrics => createDelegatedMetrics(register, "authz");

/** How long the client certificates of callers are still good for. */
export const createCertificateMetrics = (register: MetricRegister): Histogram =>
  register.histogram({
    name: "apiserver_client_certificate_expiration_seconds",
    help: "Seconds that the client certificates of requests are still valid.",
    buckets: [0, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000, 15_552_000, 31_104_000],
  });
