import type { Clock } from "@nk/stdx";
import { describe, expect, it } from "vitest";
import { exec, OK, podOf, setUp } from "../test/engine-rig.ts";

describe("the engine on a node that is too busy", () => {
  /** Every look at the clock after the first of an attempt finds it `lateMs` late. */
  const busy = (lateMs: () => number) => ({
    clockOf: (clock: Clock): Clock => ({
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs() + lateMs(),
      sleep: (delayMs, options) => clock.sleep(delayMs, options),
      schedule: (delayMs, callback) => clock.schedule(delayMs, callback),
    }),
  });

  it("does not judge a container by a time limit that this process itself was too late for", async () => {
    let stalledMs = 0;
    const { start, clock, get, events, metrics, stop } = setUp(() => new Promise(() => undefined), {
      maxErrorRetries: 0,
      ...busy(() => stalledMs),
    });
    start(podOf({ livenessProbe: exec("l") }));
    await clock.advance(1000);
    stalledMs = 5000;
    await clock.advance(2000);
    expect(get("liveness")).toBe("success");
    expect(events.events.map(({ reason, message }) => [reason, message])).toEqual([
      ["ProbeWarning", "Liveness probe warning: inconclusive, the node was too busy to look for an answer for 5s"],
    ]);
    const labels = { probe_type: "Liveness", container: "c", pod: "p", namespace: "n", pod_uid: "u" };
    expect(metrics.value("prober_probe_total", { ...labels, result: "unknown" })).toBe(1);
    await stop();
  });

  it("repeats such a shot at once, and takes what that finds", async () => {
    let stalledMs = 0;
    let count = 0;
    const { start, clock, get, shots, events, stop } = setUp(
      () => (count++ === 0 ? new Promise(() => undefined) : OK),
      busy(() => stalledMs),
    );
    start(podOf({ readinessProbe: exec("r") }));
    await clock.advance(1000);
    stalledMs = 101;
    await clock.advance(2000);
    expect([shots, get("readiness"), events.events]).toEqual([["0 r c1", "3 r c1"], "success", []]);
    await stop();
  });

  it("judges after all when it is too busy again and again", async () => {
    let stalledMs = 0;
    const { start, clock, get, events, stop } = setUp(() => new Promise(() => undefined), {
      maxErrorRetries: 0,
      maxInconclusive: 2,
      ...busy(() => stalledMs),
    });
    start(podOf({ livenessProbe: exec("l") }));
    for (let shot = 0; shot < 3; shot += 1) {
      await clock.advance(1000);
      stalledMs += 500;
      await clock.advance(9000);
    }
    expect([get("liveness"), events.events.map(({ reason }) => reason)]).toEqual([
      "failure",
      ["ProbeWarning", "ProbeWarning", "Unhealthy"],
    ]);
    await stop();
  });
});
