import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createSandboxStarts } from "./sandbox-starts.ts";
import type { SandboxStarts } from "./sandbox-starts.ts";

const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Takes a turn for each name; tells whose it is, and ends it. */
const queueUp = (starts: SandboxStarts, names: readonly string[], signal = never) => {
  const begun: string[] = [];
  const turns = new Map<string, Disposable>();
  const waits = names.map(async (name) => {
    turns.set(name, await starts.take(signal));
    begun.push(name);
  });
  return { begun, waits, end: (name: string) => turns.get(name)?.[Symbol.dispose]() };
};

describe("the making of sandboxes", () => {
  it("goes on for no more than the limit at once, the rest in the order they came", async () => {
    const { begun, end } = queueUp(createSandboxStarts({ limit: 2, patienceMs: 1000 }, createFakeClock()), ["a", "b", "c", "d"]);
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

  it("does not let one that hangs keep the others from starting", async () => {
    const clock = createFakeClock();
    const { begun, end } = queueUp(createSandboxStarts({ limit: 1, patienceMs: 1000 }, clock), ["hangs", "second", "third"]);
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

  it("gives up its place in the line when the pass is aborted", async () => {
    const starts = createSandboxStarts({ limit: 1, patienceMs: 1000 }, createFakeClock());
    const first = queueUp(starts, ["first"]);
    await settled();
    const abort = new AbortController();
    const waiting = queueUp(starts, ["waiting"], abort.signal);
    const last = queueUp(starts, ["last"]);
    abort.abort(new Error("the pod is deleted"));
    await expect(waiting.waits[0]).rejects.toThrow("the pod is deleted");
    first.end("first");
    await settled();
    expect(last.begun).toEqual(["last"]);
    expect(waiting.begun).toEqual([]);
  });
});
