import type { Pod } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createActiveDeadlines } from "./active-deadlines.ts";
import type { ActiveDeadlines } from "./active-deadlines.ts";

const podOf = (activeDeadlineSeconds?: number): Pod => ({
  metadata: { name: "p", namespace: "default", uid: "u1" },
  spec: { containers: [], ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds }) },
});

const open = (): { deadlines: ActiveDeadlines; clock: ReturnType<typeof createFakeClock>; seen: string[]; startMs: number } => {
  const clock = createFakeClock();
  const seen: string[] = [];
  const deadlines = createActiveDeadlines({
    clock,
    events: { record: ({ type, reason, message }) => seen.push(`event ${type} ${reason} ${message}`) },
    kill: (uid, { reason, gracePeriodSeconds }) => seen.push(`kill ${uid} ${reason} ${gracePeriodSeconds ?? "own grace"}`),
  });
  return { deadlines, clock, seen, startMs: clock.nowMs() };
};

const EXCEEDED = [
  "event Normal DeadlineExceeded Pod was active on the node longer than the specified deadline",
  "kill u1 DeadlineExceeded own grace",
];

describe("createActiveDeadlines", () => {
  it("stops a pod when its deadline has come, and no earlier", async () => {
    const { deadlines, clock, seen, startMs } = open();
    deadlines.observe(podOf(3), startMs);
    await clock.advance(2999);
    expect(seen).toEqual([]);
    await clock.advance(1);
    expect(seen).toEqual(EXCEEDED);
  });

  it("says so once, however often the pod is seen again", async () => {
    const { deadlines, clock, seen, startMs } = open();
    deadlines.observe(podOf(3), startMs);
    await clock.advance(3000);
    deadlines.observe(podOf(3), startMs);
    await clock.advance(10_000);
    expect(seen).toEqual(EXCEEDED);
  });

  it("counts from the start that the status tells, also for a kubelet that came later", async () => {
    const { deadlines, clock, seen, startMs } = open();
    deadlines.observe(podOf(3), startMs - 60_000);
    await clock.advance(0);
    expect(seen).toEqual(EXCEEDED);
  });

  it("waits while the pod has no start time, and takes a deadline that is set later", async () => {
    const { deadlines, clock, seen, startMs } = open();
    deadlines.observe(podOf(3), undefined);
    await clock.advance(10_000);
    expect(seen).toEqual([]);
    deadlines.observe(podOf(20), startMs);
    deadlines.observe(podOf(11), startMs);
    await clock.advance(1000);
    expect(seen).toEqual(EXCEEDED);
  });

  it("forgets a pod that is gone, and one that has no deadline", async () => {
    const { deadlines, clock, seen, startMs } = open();
    deadlines.observe(podOf(3), startMs);
    deadlines.forget("u1");
    deadlines.observe(podOf(), startMs);
    await clock.advance(10_000);
    expect(seen).toEqual([]);
  });
});
