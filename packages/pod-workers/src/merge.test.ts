import { podRef } from "@nk/pod-model";
import type { Pod, PodUid } from "@nk/pod-model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { computeGraceSeconds } from "./grace.ts";
import { computeMerge, computeUpdate } from "./merge.ts";
import { sketchPod } from "./testing/index.ts";

const mark = { source: "file", seen: "2026-01-01T00:00:00.000Z" } as const;
const ORDER = ["remove", "add", "update", "delete", "reconcile"];

const sketches = fc.uniqueArray(
  fc.record({
    uid: fc.constantFrom("a", "b", "c", "d", "e"),
    version: fc.constantFrom("1", "2"),
    isDeleting: fc.boolean(),
    phase: fc.constantFrom("Pending", "Running"),
  }),
  { selector: (sketch) => sketch.uid },
);

test("applying the updates of a merge to what was known gives what the source shows, in the order of delivery", () => {
  fc.assert(
    fc.property(fc.array(sketches, { maxLength: 6 }), (snapshots) => {
      let known: ReadonlyMap<PodUid, Pod> = new Map();
      const replayed = new Map<PodUid, Pod>();
      for (const snapshot of snapshots) {
        const { pods, updates, duplicates } = computeMerge(known, snapshot.map(sketchPod), mark);
        expect([...pods.keys()]).toEqual(snapshot.map((sketch) => sketch.uid));
        expect(duplicates).toEqual([]);
        const places = updates.map((update) => ORDER.indexOf(update.type));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        for (const { type, pod } of updates) {
          const { uid } = podRef(pod);
          expect(replayed.has(uid)).toBe(type !== "add");
          if (type === "remove") replayed.delete(uid);
          else replayed.set(uid, pod);
        }
        expect(replayed).toEqual(new Map(pods));
        expect(computeMerge(pods, snapshot.map(sketchPod), mark).updates).toEqual([]);
        known = pods;
      }
    }),
  );
});

test.each<[change: Partial<Pod["metadata"]> | undefined, type: string | undefined]>([
  [{ labels: { a: "b" } }, "update"],
  [{ annotations: { a: "b" } }, "update"],
  [{ annotations: { "kubernetes.io/config.seen": "later" } }, undefined],
  [{ annotations: { "kubernetes.io/config.hash": "other" } }, undefined],
  [{ deletionTimestamp: "2026-01-01T00:00:00Z" }, "delete"],
  [{ deletionGracePeriodSeconds: 3 }, "update"],
  [{ resourceVersion: "7" }, undefined],
  [{ finalizers: ["f"] }, undefined],
])("a change of the metadata to %j is %s", (change, type) => {
  const pod = sketchPod({ uid: "a" });
  expect(computeUpdate(pod, { ...pod, metadata: { ...pod.metadata, ...change } })?.type).toBe(type);
});

test("a change of the spec is an update, one of the status alone a reconcile", () => {
  const pod = sketchPod({ uid: "a", phase: "Pending" });
  expect(computeUpdate(undefined, pod)?.type).toBe("add");
  expect(computeUpdate(pod, sketchPod({ uid: "a", version: "2", phase: "Pending" }))?.type).toBe("update");
  expect(computeUpdate(pod, sketchPod({ uid: "a", phase: "Running" }))?.type).toBe("reconcile");
});

test("a pod keeps the time at which it was first seen, and its own other annotations", () => {
  const first = computeMerge(new Map(), [sketchPod({ uid: "a" })], mark);
  const second = computeMerge(first.pods, [sketchPod({ uid: "a", version: "2" })], { source: "file", seen: "later" });
  expect(second.pods.get("a")?.metadata?.annotations).toEqual({
    "kubernetes.io/config.source": "file",
    "kubernetes.io/config.seen": mark.seen,
  });
});

test.each<[about: string, deletion: number | undefined, given: { current: number | undefined; override?: number }, seconds: number]>([
  ["the spec's when nothing else is given", undefined, { current: undefined }, 30],
  ["the API's before the spec's", 10, { current: undefined }, 10],
  ["an override before the spec's, even a longer one", undefined, { current: undefined, override: 60 }, 60],
  ["the smaller of the API's and an override", 10, { current: undefined, override: 5 }, 5],
  ["never longer than what is under way", 20, { current: 7, override: 30 }, 7],
  ["at least one second", 0, { current: undefined }, 1],
])("the grace period is %s", (_about, deletion, given, seconds) => {
  const pod = sketchPod({ uid: "a", ...(deletion === undefined ? {} : { deletionGraceSeconds: deletion }) });
  expect(computeGraceSeconds(pod, given)).toBe(seconds);
});

test("new pods come in the order of their creation, so that older ones are admitted first", () => {
  const made = (uid: string, creationTimestamp?: string): Pod => {
    const pod = sketchPod({ uid });
    return { ...pod, metadata: { ...pod.metadata, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) } };
  };
  const pods = [
    made("late", "2026-01-01T00:00:02Z"),
    made("early", "2026-01-01T00:00:01Z"),
    made("static"),
    made("same", "2026-01-01T00:00:01Z"),
  ];
  const { updates } = computeMerge(new Map(), pods, mark);
  expect(updates.map(({ pod }) => podRef(pod).uid)).toEqual(["static", "early", "same", "late"]);
});
