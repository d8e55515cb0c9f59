import { createActiveDeadlines } from "@nk/pod-workers";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { activeSinceMs } from "./standing.ts";

describe("a pod's deadline", () => {
  const tellAtDeadline = async (phases: readonly string[]): Promise<readonly string[]> => {
    const clock = createFakeClock();
    const told: string[] = [];
    using deadlines = createActiveDeadlines({
      clock,
      events: { record: ({ reason }) => void told.push(`event ${reason}`) },
      kill: (uid) => void told.push(`kill ${uid}`),
    });
    const pod = { metadata: { name: "job", namespace: "default", uid: "a" }, spec: { containers: [], activeDeadlineSeconds: 600 } };
    const startTime = new Date(clock.nowMs()).toISOString();
    for (const phase of phases) deadlines.observe(pod, activeSinceMs({ phase, startTime }));
    await clock.advance(600_000);
    return told;
  };

  it("stops a pod that runs", async () => {
    expect(await tellAtDeadline(["Pending", "Running"])).toEqual(["event DeadlineExceeded", "kill a"]);
  });

  it.each([["Succeeded"], ["Failed"]])("says nothing of a pod that has %s before it", async (phase) => {
    expect(await tellAtDeadline(["Running", phase])).toEqual([]);
  });

  it("says nothing of a pod that had ended before the kubelet started", async () => {
    expect(await tellAtDeadline(["Succeeded"])).toEqual([]);
  });

  it("waits for a pod that was not started yet", () => {
    expect(activeSinceMs({ phase: "Pending" })).toBeUndefined();
  });
});
