import { systemClock } from "@nk/stdx";
import type { Bed } from "./bed.ts";
import { podNameOf, untilShownRunning } from "./measure-start.ts";
import { computeSpread } from "../percentiles.ts";
import { EFFECTIVE_GRACE_MS, renderManifest, TRAP_SET_MS } from "./pods.ts";
import { computeGoal } from "./report.ts";
import type { Outcome } from "./report.ts";

const removeOften = async (bed: Bed, obeysTerm: boolean, count: number): Promise<readonly number[]> => {
  const { folder, runtime, image, signal } = bed;
  const samples: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = `remove-${obeysTerm ? "obeying" : "stubborn"}-${index}`;
    const podName = podNameOf(name);
    await folder.write(name, renderManifest({ name, image, obeysTerm }), "rename");
    await runtime.untilStarted(podName);
    await untilShownRunning(bed, podName);
    await systemClock.sleep(TRAP_SET_MS, { signal });
    const removedMs = await folder.remove(name);
    const goneMs = await runtime.untilGone(podName);
    samples.push(goneMs - removedMs - (obeysTerm ? 0 : EFFECTIVE_GRACE_MS));
    bed.say(`remove (${obeysTerm ? "obeys" : "ignores"} TERM) ${index + 1}/${count}: ${Math.round(goneMs - removedMs)} ms`);
  }
  return samples;
};

/** A removed file's pod has neither sandbox nor container so long after its grace: none for one that obeys, two seconds for one that does not. */
export const measureRemove = async (bed: Bed): Promise<Outcome> => {
  const { pods } = bed.options;
  const obeying = await removeOften(bed, true, Math.ceil(pods / 2));
  const stubborn = await removeOften(bed, false, Math.ceil(pods / 4));
  const all = computeSpread([...obeying, ...stubborn]);
  return {
    goals: [
      computeGoal("removed file: gone after its grace, p50", all.p50, { limit: 300, unit: "ms" }),
      computeGoal("removed file: gone after its grace, p99", all.p99, { limit: 300, unit: "ms" }),
    ],
    spreads: { goneMs: all, goneObeyingMs: computeSpread(obeying), goneStubbornMs: computeSpread(stubborn) },
    figures: {},
  };
};
