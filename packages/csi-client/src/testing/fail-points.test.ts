import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createFailPoints } from "./fail-points.ts";
import type { FailAction, FailPoints } from "./fail-points.ts";

const create = (): { readonly points: FailPoints; readonly clock: ReturnType<typeof createFakeClock>; readonly cuts: () => number } => {
  const clock = createFakeClock();
  let cuts = 0;
  return { clock, cuts: () => cuts, points: createFailPoints({ clock, cut: () => (cuts += 1) }) };
};

const call = (
  points: FailPoints,
  options: { readonly subject?: string; readonly signal?: AbortSignal; readonly run?: () => Promise<object> } = {},
): Promise<object> => {
  const { subject, signal = new AbortController().signal, run = () => Promise.resolve({ done: true }) } = options;
  return points.apply({ method: "NodeStageVolume", subject, signal }, run);
};

test("a call that no point concerns runs", async () => {
  const { points } = create();
  using _other = points.add({ method: "NodeGetInfo", action: { type: "cut" } });
  using _subject = points.add({ method: "*", subject: "v1", action: { type: "cut" } });
  expect(await call(points, { subject: "v2" })).toEqual({ done: true });
});

test("a point takes as many calls as it says, and none once it is disposed", async () => {
  const { points } = create();
  const point = points.add({ method: "NodeStageVolume", times: 2, action: { type: "error", code: "aborted" } });
  await expect(call(points)).rejects.toMatchObject({ code: "aborted", message: "injected" });
  await expect(call(points)).rejects.toMatchObject({ code: "aborted" });
  expect(await call(points)).toEqual({ done: true });
  point[Symbol.dispose]();
  using forever = points.add({ method: "*", action: { type: "error", code: "internal", message: "no" } });
  await expect(call(points)).rejects.toMatchObject({ code: "internal", message: "no" });
  forever[Symbol.dispose]();
  expect(await call(points)).toEqual({ done: true });
});

test.each<readonly [FailAction, boolean, number, string]>([
  [{ type: "error", code: "internal" }, false, 0, "internal"],
  [{ type: "error-after", code: "internal" }, true, 0, "internal"],
  [{ type: "cut" }, false, 1, "unavailable"],
  [{ type: "lose" }, true, 1, "unavailable"],
])("%o runs the call: %s, cuts: %d", async (action, expectedRun, expectedCuts, code) => {
  const { points, cuts } = create();
  using _point = points.add({ method: "*", action });
  let hasRun = false;
  const run = (): Promise<object> => {
    hasRun = true;
    return Promise.resolve({});
  };
  await expect(call(points, { run })).rejects.toMatchObject({ code });
  expect([hasRun, cuts()]).toEqual([expectedRun, expectedCuts]);
});

test("a delay is over when its time is, and a hang when its point is disposed", async () => {
  const { points, clock } = create();
  const delay = points.add({ method: "*", action: { type: "delay", delayMs: 50 } });
  const delayed = call(points);
  await clock.advance(50);
  expect(await delayed).toEqual({ done: true });
  delay[Symbol.dispose]();
  const hang = points.add({ method: "*", action: { type: "hang" } });
  const hung = call(points);
  hang[Symbol.dispose]();
  expect(await hung).toEqual({ done: true });
});

test("a hang ends with its caller", async () => {
  const { points } = create();
  using _hang = points.add({ method: "*", action: { type: "hang" } });
  await expect(call(points, { signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
});

test("several points act one inside the other, the first outermost", async () => {
  const { points, clock } = create();
  using _delay = points.add({ method: "*", times: 1, action: { type: "delay", delayMs: 10 } });
  using _lie = points.add({ method: "*", times: 1, action: { type: "answer", answer: { lie: true } } });
  const answer = call(points);
  await clock.advance(10);
  expect(await answer).toEqual({ lie: true });
});
