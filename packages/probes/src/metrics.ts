import type { MetricRegister } from "@nk/stdx";
import type { PodRef } from "@nk/pod-model";
import type { ProbeType } from "./results.ts";

/** `Liveness`: as events and metrics write it. */
export const capitalize = (probeType: ProbeType): string => probeType.charAt(0).toUpperCase() + probeType.slice(1);

/** `unknown`: the shot could not be carried out, or was inconclusive. */
const RESULTS = ["successful", "failed", "unknown"] as const;

export type ProbeMetricResult = (typeof RESULTS)[number];

export interface ProbeSubject {
  readonly ref: PodRef;
  readonly containerName: string;
  readonly probeType: ProbeType;
}

export interface ProbesMetrics {
  /** One shot, repetitions included. */
  observe(subject: ProbeSubject, result: ProbeMetricResult, durationMs: number): void;
  /** Instants at which a shot was due and none was fired. */
  skip(subject: ProbeSubject, count: number): void;
  /** Nobody probes it any more: its series go. */
  forget(subject: ProbeSubject): void;
}

/** The reference's metrics of probes, served on /metrics/probes. */
export const createProbesMetrics = (register: MetricRegister): ProbesMetrics => {
  const labelNames = ["probe_type", "container", "pod", "namespace"];
  const total = register.counter({
    name: "prober_probe_total",
    help: "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.",
    labelNames: [...labelNames, "result", "pod_uid"],
  });
  const duration = register.histogram({
    name: "prober_probe_duration_seconds",
    help: "[ALPHA] Duration in seconds for a probe response.",
    labelNames,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const skipped = register.counter({
    name: "nk_probe_skipped_total",
    help: "Instants at which a probe was due and was not fired, because its shot before still waited or had not ended.",
    labelNames: [...labelNames, "pod_uid"],
  });
  const labelsOf = ({ ref, containerName, probeType }: ProbeSubject) => ({
    probe_type: capitalize(probeType),
    container: containerName,
    pod: ref.name,
    namespace: ref.namespace,
  });
  return {
    observe: (subject, result, durationMs) => {
      const labels = labelsOf(subject);
      total.inc({ ...labels, result, pod_uid: subject.ref.uid });
      // The reference measures no failures.
      if (result !== "failed") duration.observe(durationMs / 1000, labels);
    },
    skip: (subject, count) => skipped.inc({ ...labelsOf(subject), pod_uid: subject.ref.uid }, count),
    forget: (subject) => {
      const labels = labelsOf(subject);
      for (const result of RESULTS) total.remove({ ...labels, result, pod_uid: subject.ref.uid });
      skipped.remove({ ...labels, pod_uid: subject.ref.uid });
      duration.remove(labels);
    },
  };
};
