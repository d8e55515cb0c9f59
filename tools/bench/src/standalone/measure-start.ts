import { systemClock } from "@nk/stdx";
import type { Bed } from "./bed.ts";
import type { WriteWay } from "./manifest-folder.ts";
import { computeSpread } from "../percentiles.ts";
import { renderManifest } from "./pods.ts";
import { computeGoal } from "./report.ts";
import type { Outcome } from "./report.ts";
import { untilFound } from "./runtime-look.ts";

/** Waits until the kubelet's /pods shows the pod Running; resolves with the time. */
export const untilShownRunning = (bed: Bed, podName: string): Promise<number> =>
  untilFound(
    async () => {
      const pods = await bed.kubelet.listPods(bed.signal);
      const pod = pods.find(({ metadata }) => metadata?.name?.startsWith(podName) === true);
      return pod?.status?.phase === "Running" ? systemClock.nowMs() : undefined;
    },
    { what: `/pods to show ${podName} Running`, signal: bed.signal },
  );

/** The name of a static pod in the runtime. */
export const podNameOf = (name: string): string => `${name}-nk-bench`;

interface Sample {
  readonly way: WriteWay;
  readonly startedMs: number;
  readonly shownMs: number;
}

const startOne = async (bed: Bed, name: string, way: WriteWay): Promise<Sample> => {
  const { folder, runtime, image } = bed;
  const podName = podNameOf(name);
  const writtenMs = await folder.write(name, renderManifest({ name, image, obeysTerm: true }), way);
  const { startedMs } = await runtime.untilStarted(podName);
  const shownMs = await untilShownRunning(bed, podName);
  await folder.remove(name);
  await runtime.untilGone(podName);
  return { way, startedMs: startedMs - writtenMs, shownMs: shownMs - writtenMs };
};

/** File written -> container running, one pod after another, each gone before the next comes. */
export const measureStart = async (bed: Bed): Promise<Outcome> => {
  const samples: Sample[] = [];
  for (let index = 0; index < bed.options.pods; index += 1) {
    const sample = await startOne(bed, `start-${index}`, index % 2 === 0 ? "rename" : "write");
    samples.push(sample);
    bed.say(`start ${index + 1}/${bed.options.pods}: ${Math.round(sample.startedMs)} ms`);
  }
  const started = computeSpread(samples.map(({ startedMs }) => startedMs));
  const shown = computeSpread(samples.map(({ shownMs }) => shownMs));
  const of = (way: WriteWay) => computeSpread(samples.filter((sample) => sample.way === way).map(({ startedMs }) => startedMs));
  return {
    goals: [
      computeGoal("file written -> container started, p50", started.p50, { limit: 350, unit: "ms" }),
      computeGoal("file written -> container started, p99", started.p99, { limit: 800, unit: "ms" }),
      computeGoal("file written -> shown Running, p50", shown.p50, { limit: 350, unit: "ms" }),
      computeGoal("file written -> shown Running, p99", shown.p99, { limit: 800, unit: "ms" }),
    ],
    spreads: { startedMs: started, shownMs: shown, startedAfterRenameMs: of("rename"), startedAfterWriteMs: of("write") },
    figures: {},
  };
};
