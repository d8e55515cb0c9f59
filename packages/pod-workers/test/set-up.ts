import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { expect, onTestFinished } from "vitest";
import { createPodWorkersMetrics } from "../src/metrics.ts";
import type { PodWorkersOptions } from "../src/options.ts";
import { createPodWorkers } from "../src/pod-workers.ts";
import type { PodWorkersPorts } from "../src/ports.ts";
import { createFakePorts, sketchPod } from "../src/testing/index.ts";

/** Workers on a fake clock and fake ports; they stop when the test ends, and no timer may be left then. */
export const setUp = (
  options: Partial<PodWorkersOptions> = {},
  changePorts: (ports: PodWorkersPorts) => PodWorkersPorts = (ports) => ports,
) => {
  const clock = createFakeClock();
  const ports = createFakePorts();
  const recorded = createRecordingMetrics();
  const workers = createPodWorkers(changePorts(ports), {
    sources: ["api"],
    clock,
    random: () => 0,
    metrics: createPodWorkersMetrics(recorded),
    ...options,
  });
  const stop = new AbortController();
  const start = (): void => {
    const running = workers.run(stop.signal);
    onTestFinished(async () => {
      stop.abort(new Error("the test is over"));
      await running;
      expect(clock.pendingCount).toBe(0);
    });
  };
  const show = (...uids: readonly string[]): void =>
    workers.applySnapshot({ source: "api", pods: uids.map((uid) => sketchPod({ uid })), problems: [] });
  return { clock, ports, recorded, workers, stop, start, show };
};
