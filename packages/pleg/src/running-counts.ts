import type { RuntimePodStatus } from "@nk/pod-model";
import type { PlegMetrics } from "./metrics.ts";

/** Keeps the gauges of running pods and containers by the differences between two reads, so that no walk over all pods is needed. */
export const countRunning = (
  metrics: PlegMetrics,
  { previous, next }: { readonly previous: RuntimePodStatus | undefined; readonly next: RuntimePodStatus | undefined },
): void => {
  for (const { status, sign } of [
    { status: previous, sign: -1 },
    { status: next, sign: 1 },
  ]) {
    if (status === undefined) continue;
    if (status.sandboxes.some((sandbox) => sandbox.state === "ready")) metrics.runningPods.add(sign);
    for (const container of status.containers) metrics.runningContainers.add(sign, { container_state: container.state });
  }
};
