import { createFakeClock, createSeededRandom } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createCorrelator } from "./correlator.ts";
import { createNanoClock, makeEvent } from "./make-event.ts";
import type { EventRequest } from "./ports.ts";

const setUp = (overrides: { readonly maxEntries?: number } = {}) => {
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  const nanoClock = createNanoClock(clock, random);
  const correlator = createCorrelator({
    clock,
    random,
    nanoClock,
    aggregateAfter: 10,
    aggregateIntervalMs: 600_000,
    spamBurst: 25,
    spamPerSecond: 1 / 300,
    maxEntries: overrides.maxEntries ?? 4096,
    maxMessageBytes: 1024,
  });
  const context = { component: "kubelet", host: "node-1", maxMessageBytes: 1024, random };
  const see = (request: Partial<EventRequest> & { readonly name?: string }) => {
    const involved = { kind: "Pod", namespace: "default", name: request.name ?? "web", uid: "u1" };
    return correlator.correlate(
      makeEvent(
        { involved, type: "Normal", reason: "Pulled", message: "here", ...request },
        { ...context, nowMs: clock.nowMs(), nanos: nanoClock() },
      ),
    );
  };
  return { clock, see, correlator };
};

describe("the correlator", () => {
  it("counts an equal event up instead of making another", async () => {
    const { clock, see } = setUp();
    const first = see({});
    await clock.advance(5000);
    const second = see({});
    expect(first.action).toBe("create");
    expect(second).toMatchObject({
      action: "patch",
      patch: { count: 2, lastTimestamp: "2026-01-01T00:00:05Z", message: "here" },
      event: { count: 2, firstTimestamp: "2026-01-01T00:00:00Z" },
    });
    if (first.action === "skip" || second.action === "skip") throw new Error("unreachable");
    expect(second.event.metadata.name).toBe(first.event.metadata.name);
  });

  it.each([
    ["message", { message: "other" }],
    ["reason", { reason: "Created" }],
    ["type", { type: "Warning" as const }],
    ["field path", { fieldPath: "spec.containers{a}" }],
    ["object", { name: "db" }],
  ])("makes another event when the %s differs", (_what, change) => {
    const { see } = setUp();
    see({});
    expect(see(change).action).toBe("create");
  });

  it("does not take two keys for one because their parts run together", () => {
    const { see } = setUp();
    see({ reason: "Pull", message: "ed" });
    expect(see({ reason: "Pulle", message: "d" }).action).toBe("create");
  });

  it("combines similar events from the tenth on, and counts the combination", () => {
    const { see } = setUp();
    const actions = Array.from({ length: 12 }, (_, index) => see({ message: `try ${index}` }));
    expect(actions.map(({ action }) => action)).toEqual([...Array.from({ length: 10 }, () => "create"), "patch", "patch"]);
    expect(actions[8]).toMatchObject({ event: { message: "try 8" } });
    expect(actions[9]).toMatchObject({ event: { message: "(combined from similar events): try 9", count: 1 } });
    expect(actions[11]).toMatchObject({ patch: { message: "(combined from similar events): try 11", count: 3 } });
  });

  it("forgets what was similar after ten quiet minutes", async () => {
    const { clock, see } = setUp();
    for (let index = 0; index < 9; index += 1) see({ message: `try ${index}` });
    await clock.advance(600_001);
    expect(see({ message: "try 9" })).toMatchObject({ event: { message: "try 9" } });
  });

  it("lets 25 events about an object through, then one in five minutes, and tells the whole count", async () => {
    const { clock, see } = setUp();
    const actions = Array.from({ length: 30 }, () => see({}).action);
    expect(actions.filter((action) => action !== "skip")).toHaveLength(25);
    expect(see({ name: "db" }).action).toBe("create");
    await clock.advance(300_000);
    expect(see({})).toMatchObject({ action: "patch", patch: { count: 31 } });
    expect(see({}).action).toBe("skip");
  });

  it("holds no more than its entries", () => {
    const { see } = setUp({ maxEntries: 2 });
    see({ name: "a" });
    see({ name: "b" });
    see({ name: "c" });
    expect(see({ name: "a" }).action).toBe("create");
    expect(see({ name: "c" }).action).toBe("patch");
  });
});
