import { describe, expect, it } from "vitest";
import { computeFigure, computeRow } from "./figures.ts";
import { formatReport, isMet } from "./report.ts";

const outcome = (...figures: readonly ReturnType<typeof computeFigure>[]) => ({ figures, load: [[0.5], [8.2]] });

describe("a figure", () => {
  it("is met only below its goal, and one that could not be measured is a miss", () => {
    expect(computeFigure({ name: "a", goal: 250 }, 249.94)).toEqual({ name: "a", unit: "ms", value: 249.9, goal: 250, ok: true });
    expect(computeFigure({ name: "a", goal: 250 }, 250)).toMatchObject({ ok: false });
    expect(computeFigure({ name: "a", goal: 250 }, Number.NaN)).toMatchObject({ ok: false });
    expect(computeFigure({ name: "a", unit: "MiB" }, 83.51)).toEqual({ name: "a", unit: "MiB", value: 83.5 });
  });

  it("of many values is judged by their median, not by the worst", () => {
    const values = [200, 210, 220, 230, 900];
    expect(computeRow({ name: "a", goal: 250 }, values)).toMatchObject({ value: 220, p50: 220, max: 900, count: 5, ok: true });
    expect(computeRow({ name: "a", goal: 215 }, values)).toMatchObject({ ok: false });
  });
});

describe("a report", () => {
  const own = {
    version: "nk",
    outcomes: {
      single: outcome(computeRow({ name: "ready", goal: 250 }, [240, 241])),
      burst: outcome(computeFigure({ name: "CPU", goal: 30 }, 36)),
    },
  };

  it("is met when every goal is, and figures without a goal decide nothing", () => {
    expect(isMet(own)).toBe(false);
    expect(isMet({ outcomes: { single: own.outcomes.single, other: outcome(computeFigure({ name: "b" }, 1e9)) } })).toBe(true);
  });

  it("shows ours and, beside it by name, the other kubelet's", () => {
    const other = { version: "reference", outcomes: { single: outcome(computeFigure({ name: "ready" }, 494)) } };
    const lines = formatReport(own, other).split("\n");
    expect(lines[0]).toBe("single (load 0.5 -> 8.2)");
    expect(lines[1]).toMatch(/^ {2}ok {6}ready +240 ms {2}under 250 +494 ms {2}p99 24\d(\.\d)?, max 241 of 2$/u);
    expect(lines[3]).toMatch(/^ {2}MISSED {2}CPU +36 ms {2}under 30$/u);
  });
});
