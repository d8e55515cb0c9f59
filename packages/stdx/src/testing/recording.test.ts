import { describe, expect, it } from "vitest";
import { createRecordingLogger } from "./recording-logger.ts";
import { createRecordingMetrics } from "./recording-metrics.ts";

describe("createRecordingLogger", () => {
  it("keeps the lines of children with the fields of both", () => {
    const logger = createRecordingLogger();
    logger.info("started");
    logger.child({ name: "a", size: 1 }).child({ size: 2 }).warn("slow", { tookMs: 9 });
    expect(logger.entries).toEqual([
      { level: "info", message: "started", fields: {} },
      { level: "warn", message: "slow", fields: { name: "a", size: 2, tookMs: 9 } },
    ]);
  });
});

describe("createRecordingMetrics", () => {
  it("remembers values and observations by labels in any order", () => {
    const metrics = createRecordingMetrics();
    const counter = metrics.counter({ name: "calls_total", help: "calls", labelNames: ["verb", "code"] });
    counter.inc({ verb: "get", code: "200" });
    counter.inc({ code: "200", verb: "get" }, 2);
    const gauge = metrics.gauge({ name: "size", help: "size" });
    gauge.set(5);
    gauge.add(-2);
    metrics.histogram({ name: "took", help: "took", buckets: [1, 2] }).observe(1.5);
    expect(metrics.value("calls_total", { code: "200", verb: "get" })).toBe(3);
    expect(metrics.value("size")).toBe(3);
    expect(metrics.value("unknown")).toBe(0);
    expect(metrics.observations("took")).toEqual([1.5]);
  });

  it("throws for labels that were not declared and for a name of two kinds", () => {
    const metrics = createRecordingMetrics();
    const counter = metrics.counter({ name: "a", help: "a", labelNames: ["verb"] });
    expect(() => counter.inc({ code: "1" })).toThrow("given [code]");
    expect(() => metrics.gauge({ name: "a", help: "a" })).toThrow("already a counter");
  });

  it("forgets what was measured for the labels that are removed, and asks a gauge that knows its value", () => {
    const metrics = createRecordingMetrics();
    const shots = metrics.counter({ name: "shots", help: "", labelNames: ["pod"] });
    const seconds = metrics.histogram({ name: "seconds", help: "", labelNames: ["pod"], buckets: [1] });
    for (const pod of ["a", "b"]) {
      shots.inc({ pod });
      seconds.observe(2, { pod });
    }
    shots.remove({ pod: "a" });
    seconds.remove({ pod: "a" });
    expect([metrics.value("shots", { pod: "a" }), metrics.value("shots", { pod: "b" })]).toEqual([0, 1]);
    expect([metrics.observations("seconds", { pod: "a" }), metrics.observations("seconds", { pod: "b" })]).toEqual([[], [2]]);
    let left = 5;
    metrics.gauge({ name: "left", help: "", read: () => left });
    left = 3;
    expect(metrics.value("left")).toBe(3);
  });
});
