import { describe, expect, it } from "vitest";
import { computeSpread } from "../percentiles.ts";
import { computeGoal, formatReport } from "./report.ts";

describe("computeGoal", () => {
  it.each([
    [349.96, true],
    [350, false],
    [Number.NaN, false],
  ])("wants the value under its limit: %d", (value, isMet) => {
    expect(computeGoal("start p50", value, { limit: 350, unit: "ms" }).isMet).toBe(isMet);
  });
});

describe("formatReport", () => {
  it("shows the goals, then what is behind them", () => {
    const goals = [computeGoal("start p50", 120.04, { limit: 350, unit: "ms" }), computeGoal("CPU", 16, { limit: 15, unit: "m" })];
    expect(formatReport({ start: { goals, spreads: { startedMs: computeSpread([1, 2, 3]) }, figures: { rssMib: 70 } } })).toBe(
      [
        "ok      start p50       120 ms  (under 350)",
        "MISSED  CPU              16 m   (under 15)",
        "",
        "  startedMs: p50 2, p90 3, p99 3, max 3 of 3",
        "  rssMib: 70",
        "",
      ].join("\n"),
    );
  });
});
