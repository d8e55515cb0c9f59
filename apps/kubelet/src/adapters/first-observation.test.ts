import { describe, expect, it } from "vitest";
import type { PodUid, RuntimePodStatus } from "@nk/pod-model";
import { createFirstObservation } from "./first-observation.ts";

const UID = "uid-1" as PodUid;

const openBed = () => {
  const known = new Map<PodUid, RuntimePodStatus>();
  const reads: PodUid[] = [];
  let answer: () => Promise<RuntimePodStatus | undefined> = () => Promise.resolve(undefined);
  const first = createFirstObservation({
    get: (uid) => known.get(uid),
    refresh: (uid) => {
      reads.push(uid);
      return answer();
    },
  });
  return { known, reads, first, answerWith: (next: typeof answer) => (answer = next) };
};

describe("createFirstObservation", () => {
  it("lets a pod pass at once that was not there when the kubelet started", async () => {
    const { first, reads } = openBed();
    await first.settled(UID);
    expect(reads).toEqual([]);
  });

  it("reads a pod that was there, once", async () => {
    const { first, reads } = openBed();
    first.expect([UID]);
    await first.settled(UID);
    await first.settled(UID);
    expect(reads).toEqual([UID]);
  });

  it("does not read what somebody else has read already", async () => {
    const { first, reads, known } = openBed();
    first.expect([UID]);
    known.set(UID, {} as RuntimePodStatus);
    await first.settled(UID);
    expect(reads).toEqual([]);
  });

  it("lets nobody pass as long as the pod cannot be read", async () => {
    const { first, reads, answerWith } = openBed();
    first.expect([UID]);
    answerWith(() => Promise.reject(new Error("wedged")));
    await expect(first.settled(UID)).rejects.toThrow("wedged");
    answerWith(() => Promise.resolve(undefined));
    await first.settled(UID);
    await first.settled(UID);
    expect(reads).toEqual([UID, UID]);
  });
});
