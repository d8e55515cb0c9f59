import type { Pod } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import { describe, expect, it } from "vitest";
import type { ExecAnswer } from "./ports.ts";
import { BAD, exec, OK, podOf, setUp, START_MS } from "../test/engine-rig.ts";

describe("the engine", () => {
  it("fires first at exactly the start plus the delay, and then each period", async () => {
    const { start, clock, shots, changes, stop } = setUp();
    await clock.advance(300);
    start(podOf({ readinessProbe: exec("r", { initialDelaySeconds: 5 }) }), { startedAtMs: START_MS + 250 });
    await clock.advance(30_000);
    expect(shots).toEqual(["5.25 r c1", "15.25 r c1", "25.25 r c1"]);
    expect(changes).toEqual(["0.3 c1 readiness failure", "5.25 c1 readiness success"]);
    await stop();
  });

  it("fires at once when the container was started a while ago", async () => {
    const { start, clock, shots, stop } = setUp();
    await clock.advance(7000);
    start(podOf({ readinessProbe: exec("r", { initialDelaySeconds: 2 }) }), { startedAtMs: START_MS + 1000 });
    await clock.advance(0);
    expect(shots).toEqual(["7 r c1"]);
    await stop();
  });

  it("changes a result only at its threshold", async () => {
    const answers = [OK, BAD, OK, BAD, BAD, OK, OK, OK];
    const { start, clock, changes, stop } = setUp(() => answers.shift() ?? OK);
    start(podOf({ readinessProbe: exec("r", { failureThreshold: 2, successThreshold: 2 }) }));
    await clock.advance(71_000);
    expect(changes).toEqual(["0 c1 readiness failure", "60 c1 readiness success"]);
    await stop();
  });

  it("tells of each failure and stops after a liveness failure until there is a new container", async () => {
    const { start, clock, changes, shots, events, metrics, stop, get } = setUp(({ containerId }) => (containerId === "c1" ? BAD : OK));
    const pod = podOf({ livenessProbe: exec("l", { failureThreshold: 2 }) });
    start(pod);
    await clock.advance(60_000);
    expect(shots).toHaveLength(2);
    expect(changes).toEqual(["0 c1 liveness success", "10 c1 liveness failure"]);
    expect(events.events).toHaveLength(2);
    expect(events.events[0]).toEqual({
      ref: { name: "p", namespace: "n", uid: "u" },
      fieldPath: "spec.containers{c}",
      type: "Warning",
      reason: "Unhealthy",
      message: "Liveness probe failed: broken",
    });
    const labels = { probe_type: "Liveness", container: "c", pod: "p", namespace: "n" };
    expect(metrics.value("prober_probe_total", { ...labels, result: "failed", pod_uid: "u" })).toBe(2);
    start(pod, { containerId: "c2" });
    await clock.advance(25_000);
    expect(shots).toHaveLength(5);
    expect([get("liveness"), get("liveness", "c2")]).toEqual([undefined, "success"]);
    expect(metrics.observations("prober_probe_duration_seconds", labels)).toHaveLength(3);
    await stop();
  });

  it("holds the other probes back until the startup probe succeeds, then fires them at once", async () => {
    const answers = [BAD, BAD, OK];
    const { start, clock, shots, changes, stop } = setUp(({ command }) => (command[0] === "s" ? (answers.shift() ?? BAD) : OK));
    start(
      podOf({ startupProbe: exec("s", { periodSeconds: 1, failureThreshold: 5 }), readinessProbe: exec("r"), livenessProbe: exec("l") }),
    );
    await clock.advance(5000);
    expect(shots.map((shot) => shot.slice(0, 3))).toEqual(["0 s", "1 s", "2 s", "2 l", "2 r"]);
    expect(changes).toEqual([
      "0 c1 startup unknown",
      "0 c1 liveness success",
      "0 c1 readiness failure",
      "2 c1 startup success",
      "2 c1 readiness success",
    ]);
    await stop();
  });

  it("fails a container whose startup probe fails too often, and fires nothing more", async () => {
    const { start, clock, shots, get, stop } = setUp(() => BAD);
    start(podOf({ startupProbe: exec("s", { failureThreshold: 3 }), livenessProbe: exec("l") }));
    await clock.advance(60_000);
    expect([shots.length, get("startup"), get("liveness")]).toEqual([3, "failure", "success"]);
    await stop();
  });

  it("keeps its rhythm when the wall clock jumps", async () => {
    let jumpMs = 0;
    const jumping = (clock: Clock): Clock => ({
      nowMs: () => clock.nowMs() + jumpMs,
      monotonicMs: () => clock.monotonicMs(),
      sleep: (delayMs, options) => clock.sleep(delayMs, options),
      schedule: (delayMs, callback) => clock.schedule(delayMs, callback),
    });
    const { start, clock, shots, metrics, stop } = setUp(() => OK, { clockOf: jumping });
    start(podOf({ readinessProbe: exec("r") }));
    await clock.advance(10_000);
    for (const jump of [-3_600_000, 3_600_000]) {
      jumpMs += jump;
      await clock.advance(20_000);
    }
    expect(shots).toEqual(["0 r c1", "10 r c1", "20 r c1", "30 r c1", "40 r c1", "50 r c1"]);
    const labels = { probe_type: "Readiness", container: "c", pod: "p", namespace: "n", pod_uid: "u" };
    expect(metrics.value("nk_probe_skipped_total", labels)).toBe(0);
    await stop();
  });

  it("never overlaps the shots of one probe, counts those it skips, and keeps its rhythm afterwards", async () => {
    const slow = Promise.withResolvers<ExecAnswer>();
    let count = 0;
    const { start, clock, shots, metrics, probes, stop } = setUp(() => (count++ === 0 ? slow.promise : OK));
    start(podOf({ readinessProbe: exec("r", { timeoutSeconds: 60 }) }));
    await clock.advance(25_000);
    slow.resolve(OK);
    await clock.advance(10_000);
    expect(shots).toEqual(["0 r c1", "30 r c1"]);
    const labels = { probe_type: "Readiness", container: "c", pod: "p", namespace: "n", pod_uid: "u" };
    // Those of 10 and 20 s.
    expect(metrics.value("nk_probe_skipped_total", labels)).toBe(2);
    probes.removePod("u");
    expect(metrics.value("nk_probe_skipped_total", labels)).toBe(0);
    await stop();
  });

  it("tries an error three times and leaves the result as it was", async () => {
    const { start, clock, shots, events, get, stop } = setUp(() => Promise.reject(new Error("no runtime")));
    start(podOf({ livenessProbe: exec("l") }));
    await clock.advance(0);
    expect([shots.length, get("liveness")]).toEqual([3, "success"]);
    expect(events.events.map(({ message }) => message)).toEqual(["Liveness probe errored and resulted in unknown state: no runtime"]);
    await stop();
  });

  it("fails a command that hangs, though the runtime never answers", async () => {
    const { start, clock, events, get, stop } = setUp(() => new Promise(() => undefined));
    start(podOf({ livenessProbe: exec("l") }));
    await clock.advance(2999);
    expect(get("liveness")).toBe("success");
    await clock.advance(1);
    expect([get("liveness"), events.events.map(({ message }) => message)]).toEqual([
      "failure",
      ['Liveness probe failed: command timed out: "l" timed out after 1s'],
    ]);
    await stop();
  });

  it("runs no more commands at once than it may", async () => {
    const waiting: (() => void)[] = [];
    const { probes, clock, shots, stop } = setUp(() => new Promise((resolve) => waiting.push(() => resolve(OK))), {
      maxConcurrentExecs: 2,
    });
    const pod: Pod = {
      metadata: { name: "p", namespace: "n", uid: "u" },
      spec: { containers: ["a", "b", "c"].map((name) => ({ name, livenessProbe: exec(name) })) },
    };
    probes.applyPod(
      pod,
      ["a", "b", "c"].map((name) => ({ name, containerId: name, startedAtMs: START_MS })),
      "10.0.0.1",
    );
    await clock.advance(0);
    expect(shots).toHaveLength(2);
    for (const go of waiting.splice(0)) go();
    await clock.advance(0);
    expect(shots).toHaveLength(3);
    for (const go of waiting.splice(0)) go();
    await stop();
  });

  it("lets no command that hangs within a long limit keep others from being run", async () => {
    const { probes, clock, shots, get, stop } = setUp(({ command }) => (command[0] === "hangs" ? new Promise(() => undefined) : OK), {
      maxConcurrentExecs: 1,
    });
    const pod: Pod = {
      metadata: { name: "p", namespace: "n", uid: "u" },
      spec: {
        containers: [
          { name: "a", livenessProbe: exec("hangs", { timeoutSeconds: 3600 }) },
          { name: "b", readinessProbe: exec("runs") },
        ],
      },
    };
    probes.applyPod(
      pod,
      ["a", "b"].map((name) => ({ name, containerId: name, startedAtMs: START_MS })),
      "10.0.0.1",
    );
    await clock.advance(4999);
    expect(shots).toHaveLength(1);
    await clock.advance(1);
    expect([shots.length, get("readiness", "b")]).toEqual([2, "success"]);
    await stop();
  });

  it("stops liveness and startup as successes when the pod ends, and goes on with readiness", async () => {
    const { start, clock, probes, shots, get, stop } = setUp(({ command }) => (command[0] === "s" ? BAD : OK));
    const container = { startupProbe: exec("s", { failureThreshold: 9 }), readinessProbe: exec("r"), livenessProbe: exec("l") };
    start(podOf(container));
    await clock.advance(1000);
    probes.stopLivenessAndStartup("u");
    start(podOf(container, { deletionTimestamp: "2026-01-01T00:00:00Z" }), { startedAtMs: START_MS });
    await clock.advance(9000);
    expect(shots.map((shot) => shot.slice(-4))).toEqual(["s c1", "r c1"]);
    expect([get("startup"), get("liveness"), get("readiness")]).toEqual(["success", "success", "success"]);
    await stop();
  });

  it("forgets a container that is gone and a pod that is removed, ending shots under way", async () => {
    const { start, clock, probes, shots, get, stop } = setUp(() => new Promise(() => undefined));
    const pod = podOf({ livenessProbe: exec("l") });
    start(pod);
    await clock.advance(0);
    probes.applyPod(pod, [], "");
    expect(get("liveness")).toBeUndefined();
    start(pod, { containerId: "c2" });
    await clock.advance(0);
    probes.removePod("u");
    await clock.advance(60_000);
    expect([get("liveness", "c2"), shots.length]).toEqual([undefined, 2]);
    await stop();
  });

  it("measures a container beyond its restart, and forgets it with its pod", async () => {
    const { start, clock, probes, metrics, stop } = setUp();
    const pod = podOf({ livenessProbe: exec("l"), readinessProbe: exec("r") });
    const series = (probe_type: string): readonly [shots: number, measured: number] => {
      const labels = { probe_type, container: "c", pod: "p", namespace: "n" };
      const shots = metrics.value("prober_probe_total", { ...labels, result: "successful", pod_uid: "u" });
      return [shots, metrics.observations("prober_probe_duration_seconds", labels).length];
    };
    start(pod);
    await clock.advance(0);
    probes.applyPod(pod, [], "");
    start(pod, { containerId: "c2" });
    await clock.advance(0);
    expect([series("Liveness"), series("Readiness")]).toEqual([
      [2, 2],
      [2, 2],
    ]);
    probes.stopLivenessAndStartup("u");
    expect([series("Liveness"), series("Readiness")]).toEqual([
      [0, 0],
      [2, 2],
    ]);
    probes.removePod("u");
    expect(series("Readiness")).toEqual([0, 0]);
    await stop();
  });

  it("probes sidecars and no other init containers", async () => {
    const { probes, clock, shots, stop } = setUp();
    const pod: Pod = {
      metadata: { name: "p", namespace: "n", uid: "u" },
      spec: {
        initContainers: [
          { name: "i", readinessProbe: exec("i") },
          { name: "s", restartPolicy: "Always", readinessProbe: exec("s") },
        ],
        containers: [{ name: "c" }],
      },
    };
    probes.applyPod(
      pod,
      ["i", "s", "c"].map((name) => ({ name, containerId: name, startedAtMs: START_MS })),
      "",
    );
    await clock.advance(0);
    expect(shots).toEqual(["0 s s"]);
    await stop();
  });
});
