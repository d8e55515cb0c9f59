import { describe, expect, it } from "vitest";
import type { PodExplanation } from "./explanation.ts";
import { formatExplanation, formatTimeline } from "./format-explanation.ts";
import type { TimelineStep } from "./start-timelines.ts";

const T0 = Date.UTC(2026, 0, 1, 12);
const pod = { namespace: "default", name: "web", uid: "u1" };

const explanation = (more: Partial<PodExplanation> = {}): PodExplanation => ({
  pod,
  state: "syncing",
  since: "2026-01-01T12:00:00.000Z",
  phase: "Pending",
  summary: "syncing: waits for main: ErrImagePull",
  waitsFor: "main: ErrImagePull",
  waitsSince: "2026-01-01T12:00:01.000Z",
  isPassRunning: false,
  lastError: "pull image: no route to host",
  nextPassAt: "2026-01-01T12:00:08.250Z",
  runtime: { readable: true },
  timeline: [],
  decisions: [
    { atMs: T0, text: "added" },
    { atMs: T0 + 12, text: "create a sandbox: reason=missing" },
  ],
  ...more,
});

const line = (name: string, text: string): string => text.split("\n").find((one) => one.startsWith(name)) ?? "";

describe("formatExplanation", () => {
  it("tells everything in a few lines", () => {
    expect(formatExplanation(explanation(), { nowMs: T0 + 5000 })).toMatchInlineSnapshot(`
      "pod web_default(u1): syncing: waits for main: ErrImagePull
      state:      syncing, Pending, for 5s (since 2026-01-01T12:00:00.000Z)
      waits for:  main: ErrImagePull, for 4s (since 2026-01-01T12:00:01.000Z)
      last error: pull image: no route to host
      next try:   in 3.3s (2026-01-01T12:00:08.250Z), or when something changes
      runtime:    readable
      decisions (the last 2):
        12:00:00.000  added
        12:00:00.012  create a sandbox: reason=missing
      "
    `);
  });

  it.each<[what: string, name: string, more: Partial<PodExplanation>, nowMs: number, expected: string]>([
    ["a pass under way", "next try", { isPassRunning: true }, T0, "next try:   a pass is under way"],
    ["a pass that is due", "next try", {}, T0 + 60_000, "next try:   now (2026-01-01T12:00:08.250Z), or when something changes"],
    ["milliseconds", "next try", {}, T0 + 8000, "next try:   in 250ms (2026-01-01T12:00:08.250Z), or when something changes"],
    ["minutes", "state", {}, T0 + 125_400, "state:      syncing, Pending, for 2m5s (since 2026-01-01T12:00:00.000Z)"],
    ["a clock that is behind", "state", {}, T0 - 5000, "state:      syncing, Pending, for 0ms (since 2026-01-01T12:00:00.000Z)"],
    [
      "an unreadable runtime",
      "runtime",
      { runtime: { readable: false, since: "2026-01-01T12:00:00.000Z", error: "gone" } },
      T0 + 1000,
      "runtime:    cannot be read: gone, for 1s (since 2026-01-01T12:00:00.000Z)",
    ],
    ["no error and no decision", "decisions", { decisions: [] }, T0, "decisions:  none"],
    [
      "what a terminal would obey",
      "waits for",
      { waitsFor: "a\u001b[2Jb\nc\u009bd", waitsSince: "2026-01-01T12:00:00Z" },
      T0,
      "waits for:  a [2Jb c d, for 0ms (since 2026-01-01T12:00:00Z)",
    ],
  ])("writes %s", (_, name, more, nowMs, expected) => {
    expect(line(name, formatExplanation(explanation(more), { nowMs }))).toBe(expected);
  });

  it.each(["waitsSince", "lastError", "nextPassAt", "phase"] as const)("does without %s", (key) => {
    const { [key]: _left, ...rest } = explanation();
    expect(formatExplanation({ ...rest, waitsFor: "" }, { nowMs: T0 })).toMatch(/^waits for: {2}nothing$/m);
    expect(_left).toBeDefined();
  });

  it("cuts what is too long", () => {
    expect(line("last error", formatExplanation(explanation({ lastError: "x".repeat(10_000) }), { nowMs: T0 })).length).toBeLessThan(600);
  });
});

const step = (name: TimelineStep["step"], begin: number, end?: number, container?: string): TimelineStep => ({
  step: name,
  ...(container === undefined ? {} : { container }),
  spans: [{ beginMs: T0 + begin, ...(end === undefined ? {} : { endMs: T0 + end }) }],
});

describe("formatTimeline", () => {
  it("draws a start from admission to readiness", () => {
    const timeline = [
      step("admit", 0, 2),
      step("sandbox", 20, 220),
      step("volumes", 10, 60),
      step("pull", 20, 400, "web"),
      step("pull", 20, 30, "log"),
      step("create", 400, 440, "web"),
      step("create", 520, 540, "log"),
      step("start", 440, 520, "web"),
      step("start", 540, 600, "log"),
      step("ready", 600, 1000),
    ];
    expect(formatTimeline({ pod, timeline }, { nowMs: T0 + 99_000 })).toMatchInlineSnapshot(`
      "pod web_default(u1): ready after 1s, seen at 2026-01-01T12:00:00.000Z
      admit      |#                                                 | +0ms    2ms
      volumes    | ##                                               | +10ms   50ms
      sandbox    | ##########                                       | +20ms   200ms
      pull web   | ###################                              | +20ms   380ms
      pull log   | #                                                | +20ms   10ms
      create web |                    ##                            | +400ms  40ms
      create log |                          #                       | +520ms  20ms
      start web  |                      ####                        | +440ms  80ms
      start log  |                           ###                    | +540ms  60ms
      ready      |                              ####################| +600ms  400ms
      "
    `);
  });

  it("draws what is under way, and each try", () => {
    const retried: TimelineStep = {
      step: "sandbox",
      spans: [{ beginMs: T0 + 100, endMs: T0 + 300 }, { beginMs: T0 + 1300, endMs: T0 + 1500 }, { beginMs: T0 + 3500 }],
    };
    expect(formatTimeline({ pod, timeline: [step("admit", 0, 1), retried] }, { nowMs: T0 + 4000 })).toMatchInlineSnapshot(`
      "pod web_default(u1): not ready yet after 4s, seen at 2026-01-01T12:00:00.000Z
      admit   |#                                                 | +0ms    1ms
      sandbox | ###            ###                         >>>>>>| +100ms  900ms..., 3 times
      "
    `);
  });

  it.each<[what: string, timeline: readonly TimelineStep[], nowMs: number, bar: string]>([
    ["no time at all", [step("admit", 0, 0), step("ready", 0, 0)], T0, "#"],
    ["a clock that was set back", [step("admit", 5000, 0)], T0, "#"],
    ["the very end", [step("admit", 0, 1000), step("start", 1000, 1000, "c"), step("ready", 1000, 1000)], T0, "#"],
  ])("survives %s", (_, timeline, nowMs, bar) => {
    for (const one of formatTimeline({ pod, timeline }, { nowMs }).split("\n").slice(1, -1)) {
      expect(one).toContain(bar);
      expect(one.replace(/^[^|]*/u, "").indexOf("|", 1)).toBe(51);
    }
  });

  it("says that nothing was recorded", () => {
    expect(formatTimeline({ pod, timeline: [] }, { nowMs: T0 })).toBe(
      "pod web_default(u1): its start was not recorded, an earlier kubelet made it\n",
    );
  });
});
