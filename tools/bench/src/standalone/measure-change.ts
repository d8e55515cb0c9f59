import { systemClock } from "@nk/stdx";
import type { Bed } from "./bed.ts";
import { podNameOf } from "./measure-start.ts";
import { computeSpread } from "../percentiles.ts";
import { renderManifest, TRAP_SET_MS } from "./pods.ts";
import { computeGoal } from "./report.ts";
import type { Outcome } from "./report.ts";

interface Sample {
  readonly obeysTerm: boolean;
  /** From the old container's end to the new one's start, both by the runtime. */
  readonly gapMs: number;
  readonly sinceWriteMs: number;
}

const changeOften = async (bed: Bed, obeysTerm: boolean, count: number): Promise<readonly Sample[]> => {
  const { folder, runtime, image, signal } = bed;
  const name = obeysTerm ? "change-obeying" : "change-stubborn";
  const podName = podNameOf(name);
  await folder.write(name, renderManifest({ name, image, obeysTerm }), "rename");
  let current = await runtime.untilStarted(podName);
  const samples: Sample[] = [];
  for (let version = 1; version <= count; version += 1) {
    await systemClock.sleep(TRAP_SET_MS, { signal });
    const text = renderManifest({ name, image, obeysTerm, version });
    const [writtenMs, finishedMs] = await Promise.all([folder.write(name, text, "rename"), runtime.untilFinished(current.id)]);
    current = await runtime.untilStarted(podName, current.id);
    const gapMs = current.startedMs - finishedMs;
    samples.push({ obeysTerm, gapMs, sinceWriteMs: current.startedMs - writtenMs });
    bed.say(`change (${obeysTerm ? "obeys" : "ignores"} TERM) ${version}/${count}: ${Math.round(gapMs)} ms`);
  }
  await folder.remove(name);
  await runtime.untilGone(podName);
  return samples;
};

/** A changed file has its new container running so long after the old one has stopped. */
export const measureChange = async (bed: Bed): Promise<Outcome> => {
  const { pods } = bed.options;
  const obeying = await changeOften(bed, true, pods);
  const stubborn = await changeOften(bed, false, Math.ceil(pods / 4));
  const gaps = computeSpread([...obeying, ...stubborn].map(({ gapMs }) => gapMs));
  return {
    goals: [
      computeGoal("changed file: old container ended -> new started, p50", gaps.p50, { limit: 300, unit: "ms" }),
      computeGoal("changed file: old container ended -> new started, p99", gaps.p99, { limit: 300, unit: "ms" }),
    ],
    spreads: {
      changeGapMs: gaps,
      changeObeyingSinceWriteMs: computeSpread(obeying.map(({ sinceWriteMs }) => sinceWriteMs)),
      changeStubbornGapMs: computeSpread(stubborn.map(({ gapMs }) => gapMs)),
    },
    figures: {},
  };
};
