import type { MetricRegister } from "@nk/stdx";
import type { PodRef } from "@nk/pod-model";
import type { ProbeType } from "./results.ts";

/** `Liveness`: as events and metrics write it. */
export const capitalize = (probeType: ProbeType): string => probeType.charAt(0).toUpperCase() + probeType.slice(1);

export interface ProbeSubject {
  readonly ref: PodRef;
  readonly containerName: string;
  readonly probeType: ProbeType;
}

export interface ProbesMetrics {
  /** `durationMs` is left out for a failure, as in the reference. */
  observe(subject: ProbeSubject, result: "successful" | "failed" | "unknown", durationMs: number): void;
}

/** The reference's metrics of probes, served on /metrics/probes. */
export const createProbesMetrics = (register: MetricRegister): ProbesMetrics => {
  const labelNames = ["probe_type", "container", "pod", "namespace"];
  const total = register.counter({
    name: "prober_probe_total",
    help: "Shots of liveness, readiness and startup probes by container and result.",
    labelNames: [...labelNames, "result", "pod_uid"],
  });
  const duration = register.histogram({
    name: "prober_probe_duration_seconds",
    help: "Duration in seconds of successful probe shots.",
    labelNames,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  return {
    observe: ({ ref, containerName, probeType }, result, durationMs) => {
      const labels = { probe_type: capitalize(probeType), container: containerName, pod: ref.name, namespace: ref.namespace };
      total.inc({ ...labels, result, pod_uid: ref.uid });
      if (result !== "failed") duration.observe(durationMs / 1000, labels);
    },
  };
};
