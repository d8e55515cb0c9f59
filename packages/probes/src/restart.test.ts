import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import type { RememberedVerdicts } from "./ports.ts";
import { BAD, exec, OK, podOf, setUp, START_MS } from "../test/engine-rig.ts";

describe("the engine after a restart", () => {
  const all = podOf({ startupProbe: exec("s"), readinessProbe: exec("r"), livenessProbe: exec("l") });
  const before = { startedAtMs: START_MS - 60_000 };
  const remembering = (verdicts: RememberedVerdicts | undefined) => ({
    memory: { recall: (_pod: Pod, { containerId }: { containerId: string }) => (containerId === "c1" ? verdicts : undefined) },
  });

  it("changes nothing of a container that was ready, and asks it again within a period", async () => {
    const { start, clock, shots, changes, get, stop } = setUp(() => OK, remembering({ started: true, ready: true }));
    start(all, before);
    expect([get("startup"), get("readiness"), get("liveness")]).toEqual(["success", "success", "success"]);
    await clock.advance(4999);
    expect(shots).toEqual([]);
    await clock.advance(1);
    expect(shots).toEqual(["5 l c1", "5 r c1"]);
    expect(changes.filter((change) => !change.endsWith("success"))).toEqual([]);
    await stop();
  });

  it("asks one that had started and was not ready at once, without its startup probe", async () => {
    const { start, clock, shots, changes, stop } = setUp(() => OK, remembering({ started: true, ready: false }));
    start(all, before);
    await clock.advance(4999);
    expect(shots).toEqual(["0 r c1"]);
    expect(changes).toContain("0 c1 readiness failure");
    await stop();
  });

  it("goes on with the startup probe of one that had not started", async () => {
    const { start, clock, shots, get, stop } = setUp(() => BAD, remembering({ started: false, ready: false }));
    start(all, before);
    await clock.advance(4999);
    expect([shots, get("startup")]).toEqual([["0 s c1"], "failure"]);
    await stop();
  });

  it("takes one that nobody remembers, or that started since, for a new one", async () => {
    for (const [verdicts, startedAtMs] of [
      [undefined, START_MS - 60_000],
      [{ started: true, ready: true }, START_MS],
    ] as const) {
      const { start, clock, shots, changes, stop } = setUp(() => OK, remembering(verdicts));
      start(all, { startedAtMs });
      await clock.advance(0);
      expect(changes.slice(0, 3)).toEqual(["0 c1 startup unknown", "0 c1 liveness success", "0 c1 readiness failure"]);
      expect(shots).toEqual(["0 s c1", "0 l c1", "0 r c1"]);
      await stop();
    }
  });

  it("does not take the memory of one container for the next", async () => {
    const { start, get, stop } = setUp(() => BAD, remembering({ started: true, ready: true }));
    start(all, before);
    start(all, { ...before, containerId: "c2" });
    expect([get("startup", "c2"), get("readiness", "c2")]).toEqual(["unknown", "failure"]);
    await stop();
  });
});
