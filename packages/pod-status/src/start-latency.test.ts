import type { Pod, PodStatus } from "@nk/pod-model";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createPodStartLatency, createPodStartMetrics } from "./start-latency.ts";

const SLI = "kubelet_pod_start_sli_duration_seconds";
const TOTAL = "kubelet_pod_start_total_duration_seconds";
const FIRST = "kubelet_first_network_pod_start_sli_duration_seconds";
const START = "kubelet_pod_start_duration_seconds";

const podWith = (status: PodStatus, spec: Partial<NonNullable<Pod["spec"]>> = {}, uid = "u"): Pod => ({
  metadata: {
    name: "p",
    uid,
    creationTimestamp: "2026-01-01T00:00:00Z",
    annotations: { "kubernetes.io/config.seen": "2026-01-01T00:00:01.000000000Z" },
  },
  spec: { containers: [{ name: "main" }], ...spec },
  status,
});
const container = { name: "main", image: "", imageID: "", ready: true, restartCount: 0 };
const running: PodStatus = {
  phase: "Running",
  startTime: "2026-01-01T00:00:01Z",
  containerStatuses: [{ ...container, state: { running: { startedAt: "2026-01-01T00:00:03Z" } } }],
};
const waiting: PodStatus = { phase: "Pending", startTime: "2026-01-01T00:00:01Z", containerStatuses: [{ ...container, state: {} }] };

const bench = () => {
  const clock = createFakeClock();
  const recorded = createRecordingMetrics();
  return { clock, recorded, latency: createPodStartLatency(createPodStartMetrics(recorded), { clock }) };
};

describe("the latency of pod starts", () => {
  it("is measured from creation to the watch event that shows all containers started", async () => {
    const { clock, recorded, latency } = bench();
    latency.observed(podWith({ phase: "Pending" }));
    await clock.advance(1000);
    latency.observed(podWith(waiting));
    latency.written(podWith(waiting));
    await clock.advance(2000);
    latency.written(podWith(running));
    await clock.advance(500);
    expect(recorded.observations(TOTAL)).toEqual([]);
    latency.observed(podWith(running));
    latency.observed(podWith(running));
    expect(recorded.observations(TOTAL)).toEqual([3.5]);
    expect(recorded.observations(SLI)).toEqual([3.5]);
    expect(recorded.value(FIRST)).toBe(3.5);
  });

  it("leaves pulls, once where they overlap, and init containers out of the service level", async () => {
    const { clock, recorded, latency } = bench();
    latency.observed(podWith({ phase: "Pending" }));
    const [first, second] = [latency.pulling("u"), latency.pulling("u")];
    await clock.advance(2000);
    first();
    await clock.advance(1000);
    second();
    second();
    await clock.advance(7000);
    const init = { ...container, name: "i" };
    const ended: PodStatus = {
      ...running,
      initContainerStatuses: [
        {
          ...init,
          state: { terminated: { exitCode: 0, startedAt: "2026-01-01T00:00:04Z", finishedAt: "2026-01-01T00:00:06Z" } },
        },
      ],
    };
    latency.written(podWith(ended));
    latency.observed(podWith(ended));
    expect(recorded.observations(TOTAL)).toEqual([10]);
    expect(recorded.observations(SLI)).toEqual([5]);
  });

  it("says nothing of pods that ran before, could not be scheduled, or wait for volumes of others", () => {
    const { recorded, latency } = bench();
    latency.observed(podWith(waiting, {}, "known"));
    latency.written(podWith(running, {}, "known"));
    latency.observed(podWith(running, {}, "known"));
    latency.observed(podWith({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False" }] }, {}, "late"));
    latency.observed(podWith({ phase: "Pending" }, {}, "late"));
    latency.written(podWith(running, {}, "late"));
    latency.observed(podWith(running, {}, "late"));
    expect(recorded.observations(TOTAL)).toEqual([]);
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "c" } }];
    latency.observed(podWith({ phase: "Pending" }, { volumes }, "stateful"));
    latency.written(podWith(running, { volumes }, "stateful"));
    latency.observed(podWith(running, { volumes }, "stateful"));
    expect(recorded.observations(TOTAL)).toEqual([0]);
    expect(recorded.observations(SLI)).toEqual([]);
  });

  it("is, for the kubelet alone, the time from seeing the pod to its first Running status", async () => {
    const { clock, recorded, latency } = bench();
    const pod = podWith(waiting);
    latency.changed({ pod, status: running, previous: undefined, stoppedForGood: false });
    await clock.advance(4000);
    latency.changed({ pod, status: waiting, previous: undefined, stoppedForGood: false });
    latency.changed({ pod, status: running, previous: waiting, stoppedForGood: false });
    latency.changed({ pod, status: running, previous: running, stoppedForGood: false });
    expect(recorded.observations(START)).toEqual([3]);
  });
});
