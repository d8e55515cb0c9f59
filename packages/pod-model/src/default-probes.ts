import type { Container, HTTPGetAction, Probe } from "./gen/core-v1.ts";

/** Path `/` and scheme `HTTP`. */
export const withHttpGetDefaults = (action: HTTPGetAction): HTTPGetAction => ({
  ...action,
  path: action.path || "/",
  scheme: action.scheme || "HTTP",
});

/** A zero counts as absent, as in Go. */
const withProbeDefaults = (probe: Probe): Probe => ({
  ...probe,
  timeoutSeconds: probe.timeoutSeconds || 1,
  periodSeconds: probe.periodSeconds || 10,
  successThreshold: probe.successThreshold || 1,
  failureThreshold: probe.failureThreshold || 3,
  ...(probe.httpGet === undefined ? {} : { httpGet: withHttpGetDefaults(probe.httpGet) }),
  ...(probe.grpc === undefined ? {} : { grpc: { ...probe.grpc, service: probe.grpc.service ?? "" } }),
});

type Probes = Pick<Container, "livenessProbe" | "readinessProbe" | "startupProbe">;

/** The container's probes with their defaults; those it does not have stay absent. */
export const applyProbeDefaults = (container: Container): Probes => ({
  ...(container.livenessProbe === undefined ? {} : { livenessProbe: withProbeDefaults(container.livenessProbe) }),
  ...(container.readinessProbe === undefined ? {} : { readinessProbe: withProbeDefaults(container.readinessProbe) }),
  ...(container.startupProbe === undefined ? {} : { startupProbe: withProbeDefaults(container.startupProbe) }),
});
