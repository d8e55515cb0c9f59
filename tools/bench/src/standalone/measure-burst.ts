import { systemClock } from "@nk/stdx";
import type { Bed } from "./bed.ts";
import { podNameOf } from "./measure-start.ts";
import { computeSpread } from "../percentiles.ts";
import { renderManifest } from "./pods.ts";
import { readProcessCost } from "../process-cost.ts";
import type { Outcome } from "./report.ts";
import { untilFound } from "./runtime-look.ts";

/** How many pods come at once. */
const BURST_PODS = 20;
/** Looks are rare: with all cores busy they would be measured as well. */
const LOOK_MS = 25;

/** Writes as many manifests at once and waits until all of their pods are shown Running. */
export const writeMany = async (
  bed: Bed,
  prefix: string,
  count: number,
): Promise<{ readonly names: readonly string[]; readonly writtenMs: number }> => {
  const { folder, image, kubelet, signal } = bed;
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  const times = await Promise.all(names.map((name) => folder.write(name, renderManifest({ name, image, obeysTerm: true }), "rename")));
  await untilFound(
    async () => {
      const pods = await kubelet.listPods(signal);
      return pods.filter(({ status }) => status?.phase === "Running").length >= count ? true : undefined;
    },
    { what: `${count} pods to be Running`, signal, lookMs: LOOK_MS },
  );
  return { names, writtenMs: Math.min(...times) };
};

/** Removes them all and waits until the runtime has none. */
export const removeMany = async (bed: Bed, names: readonly string[]): Promise<void> => {
  await Promise.all(names.map((name) => bed.folder.remove(name)));
  for (const name of names) await bed.runtime.untilGone(podNameOf(name));
};

/** Twenty pods at once: for comparison, there is no goal. */
export const measureBurst = async (bed: Bed): Promise<Outcome> => {
  const before = await readProcessCost(bed.kubelet.pid);
  const { names, writtenMs } = await writeMany(bed, "burst", BURST_PODS);
  const shownMs = systemClock.nowMs() - writtenMs;
  const after = await readProcessCost(bed.kubelet.pid);
  const started: number[] = [];
  for (const name of names) started.push((await bed.runtime.untilStarted(podNameOf(name))).startedMs - writtenMs);
  const removedMs = systemClock.nowMs();
  await removeMany(bed, names);
  const goneMs = systemClock.nowMs() - removedMs;
  bed.say(`burst: ${BURST_PODS} pods Running in ${shownMs} ms, gone in ${goneMs} ms`);
  return {
    goals: [],
    spreads: { burstStartedMs: computeSpread(started) },
    figures: {
      burstAllRunningMs: shownMs,
      burstAllGoneMs: goneMs,
      burstKubeletCpuMs: after.cpuMs - before.cpuMs,
      burstRssMib: after.rssMib,
    },
  };
};
