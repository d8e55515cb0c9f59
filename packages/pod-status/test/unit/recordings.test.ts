import { describe, expect, it } from "vitest";
import type { PodStatus } from "@nk/pod-model";
import { computePodStatus } from "../../src/index.ts";
import { isTransient, normalise, recordings, toInput } from "../recordings/recording.ts";

/** What a recording holds that computePodStatus does not produce yet, and why; removed from both sides before the comparison. */
const DIFFERENCES: { readonly [name: string]: string } = {
  "p38-runtimeclass":
    "the runtime class's overhead is added to the pod by the API server's admission; the recording holds the pod as it was sent",
  "p42-image-volume":
    "the status of an image volume mount carries the volume's image reference; image volumes come with the volumes package",
  "p48-node-selector-mismatch": "a rejection: its status is written by the admission path and has no conditions of ours",
  "p49-too-much-cpu": "a rejection: its status is written by the admission path and has no conditions of ours",
};

const NAMES = Object.keys(recordings);

describe("computePodStatus against the recordings of the reference", () => {
  it.each(NAMES)("%s", (name) => {
    const recording = recordings[name];
    if (recording === undefined) throw new Error("no such recording");
    const stated = DIFFERENCES[name];
    let compared = 0;
    let previous: PodStatus | undefined;
    for (const { status } of recording.statuses) {
      if (status.conditions === undefined || status.containerStatuses === undefined || status.podIP === undefined) {
        // Before the first sync, and between the sandbox and the first container: the reference shows no address there, nk does.
        continue;
      }
      if (isTransient(status)) continue;
      const computed = computePodStatus(toInput(recording, status, previous));
      if (stated === undefined) expect(normalise(computed, status)).toEqual(normalise(status, status));
      previous = status;
      compared += 1;
    }
    if (stated === undefined) expect(compared + recording.statuses.length).toBeGreaterThan(0);
    else expect(stated, "a stated difference has a reason").not.toBe("");
  });
});
