import { createFakeClock } from "./testing/index.ts";
import { describe, expect, it } from "vitest";
import { createTurns } from "./turns.ts";
import type { Turns } from "./turns.ts";

const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Takes a turn for each name; tells whose it is, and ends it. */
const queueUp = (turns: Turns, names: readonly string[], signal = never) => {
  const begun: string[] = [];
  const taken = new Map<string, Disposable>();
  const waits = names.map(async (name) => {
    taken.set(name, await turns.take(signal));
    begun.push(name);
  });
  return { begun, waits, end: (name: string) => taken.get(name)?.[Symbol.dispose]() };
};

describe("turns", () => {
  it("are taken by no more than the limit at once, by the rest in the order they came", async () => {
    const { begun, end } = queueUp(createTurns({ limit: 2, patienceMs: 1000, clock: createFakeClock() }), ["a", "b", "c", "d"]);
    await settled();
    expect(begun).toEqual(["a", "b"]);
    end("b");
    await settled();
    expect(begun).toEqual(["a", "b", "c"]);
    end("a");
    end("c");
    await settled();
    expect(begun).toEqual(["a", "b", "c", "d"]);
  });

  it("come back from one that hangs, so that it keeps nobody waiting", async () => {
    const clock = createFakeClock();
    const { begun, end } = queueUp(createTurns({ limit: 1, patienceMs: 1000, clock }), ["hangs", "second", "third"]);
    await settled();
    expect(begun).toEqual(["hangs"]);
    await clock.advance(1000);
    await settled();
    expect(begun).toEqual(["hangs", "second"]);
    // Its turn has passed on already and is not given away a second time.
    end("hangs");
    await settled();
    expect(begun).toEqual(["hangs", "second"]);
    end("second");
    await settled();
    expect(begun).toEqual(["hangs", "second", "third"]);
    end("third");
    expect(clock.pendingCount).toBe(0);
  });

  it("are not kept for one that gives up while it waits", async () => {
    const turns = createTurns({ limit: 1, patienceMs: 1000, clock: createFakeClock() });
    const first = queueUp(turns, ["first"]);
    await settled();
    const abort = new AbortController();
    const waiting = queueUp(turns, ["waiting"], abort.signal);
    const last = queueUp(turns, ["last"]);
    abort.abort(new Error("the pod is deleted"));
    await expect(waiting.waits[0]).rejects.toThrow("the pod is deleted");
    first.end("first");
    await settled();
    expect(last.begun).toEqual(["last"]);
    expect(waiting.begun).toEqual([]);
  });
});
