import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createCommandBatch } from "./command-batch.ts";

/** Runs that end when they are told to. */
const createRuns = () => {
  const runs: string[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const begin = (text: string): Promise<void> => {
    runs.push(text);
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  };
  const clock = createFakeClock();
  const add = createCommandBatch<string>(
    {
      one: (item, isRepeated) => begin(isRepeated ? `${item} again` : item),
      all: (items) => begin(items.join("+")),
    },
    { patienceMs: 2000, clock },
  );
  return { runs, ends, add, clock };
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a command batch", () => {
  it("runs the first at once and what comes meanwhile together", async () => {
    const { runs, ends, add } = createRuns();
    const all = ["a", "b", "c"].map((item) => add(item, undefined));
    await settled();
    expect(runs).toEqual(["a"]);
    ends[0]?.resolve();
    await settled();
    expect(runs).toEqual(["a", "b+c"]);
    ends[1]?.resolve();
    await Promise.all(all);
    const later = add("d", undefined);
    await settled();
    expect(runs).toEqual(["a", "b+c", "d"]);
    ends[2]?.resolve();
    await later;
  });

  it("runs each by itself when they fail together, and tells only who failed", async () => {
    const { runs, ends, add } = createRuns();
    const results = Promise.allSettled(["a", "b", "c"].map((item) => add(item, undefined)));
    await settled();
    ends[0]?.reject(new Error("a is bad"));
    await settled();
    ends[1]?.reject(new Error("one of them is bad"));
    await settled();
    expect(runs).toEqual(["a", "b+c", "b again", "c again"]);
    ends[2]?.reject(new Error("b is bad"));
    ends[3]?.resolve();
    expect((await results).map((result) => (result.status === "rejected" ? String(result.reason) : "done"))).toEqual([
      "Error: a is bad",
      "Error: b is bad",
      "done",
    ]);
  });

  it("forgets who gave up while waiting, and waits for the end of what is under way", async () => {
    const { runs, ends, add } = createRuns();
    const abort = new AbortController();
    const log: string[] = [];
    const noted = (name: string): Promise<void> =>
      add(name, abort.signal).catch((error: Error) => void log.push(`${name}: ${error.message}`));
    const [running, waiting] = [noted("running"), noted("waiting")];
    await settled();
    abort.abort(new Error("gone"));
    await waiting;
    await settled();
    expect(log).toEqual(["waiting: gone"]);
    ends[0]?.resolve();
    await running;
    expect(log).toEqual(["waiting: gone", "running: gone"]);
    expect(runs).toEqual(["running"]);
  });

  it("goes on without a run that does not end", async () => {
    const { runs, ends, add, clock } = createRuns();
    const stuck = add("stuck", undefined);
    const rest = Promise.all(["b", "c"].map((item) => add(item, undefined)));
    await clock.advance(1999);
    expect(runs).toEqual(["stuck"]);
    await clock.advance(1);
    expect(runs).toEqual(["stuck", "b+c"]);
    ends[1]?.resolve();
    await rest;
    const later = add("d", undefined);
    await settled();
    expect(runs).toEqual(["stuck", "b+c", "d"]);
    ends[2]?.resolve();
    ends[0]?.resolve();
    await Promise.all([stuck, later]);
    expect(clock.pendingCount).toBe(0);
  });
});
