import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Clock } from "./clock.ts";
import { createDelayQueue } from "./delay-queue.ts";
import type { DelayQueue } from "./delay-queue.ts";
import { createFakeClock } from "./testing/fake-clock.ts";
import type { FakeClock } from "./testing/fake-clock.ts";

const setUp = (): { clock: FakeClock; queue: DelayQueue<string>; due: string[] } => {
  const clock = createFakeClock({ startMs: 0 });
  const due: string[] = [];
  return { clock, due, queue: createDelayQueue({ clock, onDue: (key) => void due.push(`${key}@${clock.nowMs()}`) }) };
};

describe("createDelayQueue", () => {
  it("calls each key once, at its instant, with one timer in all", async () => {
    const { clock, queue, due } = setUp();
    queue.schedule("b", 20);
    queue.schedule("a", 10);
    queue.schedule("c", 30);
    expect(clock.pendingCount).toBe(1);
    expect(queue.nextAtMs()).toBe(10);
    await clock.advance(100);
    expect(due).toEqual(["a@10", "b@20", "c@30"]);
    expect(queue.size).toBe(0);
    expect(clock.pendingCount).toBe(0);
  });

  it("replaces the instant of a key, and keeps the earlier one when asked to", async () => {
    const { clock, queue, due } = setUp();
    queue.schedule("a", 10);
    queue.schedule("a", 50);
    queue.scheduleEarlier("b", 40);
    queue.scheduleEarlier("b", 60);
    queue.scheduleEarlier("b", 30);
    expect(queue.size).toBe(2);
    await clock.advance(100);
    expect(due).toEqual(["b@30", "a@50"]);
  });

  it("runs what is overdue at the next turn, not inside the call", async () => {
    const { clock, queue, due } = setUp();
    await clock.advance(100);
    queue.schedule("late", 1);
    expect(due).toEqual([]);
    await clock.advance(0);
    expect(due).toEqual(["late@100"]);
  });

  it("takes no key once it is disposed, so that late work arms no timer", async () => {
    const { clock, queue, due } = setUp();
    queue[Symbol.dispose]();
    queue.schedule("late", 10);
    queue.scheduleEarlier("later", 20);
    expect(queue.size).toBe(0);
    expect(clock.pendingCount).toBe(0);
    await clock.advance(100);
    expect(due).toEqual([]);
  });

  it("forgets cancelled keys and stops its timer when disposed", async () => {
    const { clock, queue, due } = setUp();
    queue.schedule("a", 10);
    queue.cancel("a");
    queue.cancel("unknown");
    expect(queue.nextAtMs()).toBeUndefined();
    expect(clock.pendingCount).toBe(0);
    queue.schedule("b", 10);
    queue[Symbol.dispose]();
    await clock.advance(100);
    expect(due).toEqual([]);
    expect(queue.size).toBe(0);
  });

  it("lets a key schedule itself again without starving others", async () => {
    const clock = createFakeClock({ startMs: 0 });
    let ticks = 0;
    const queue: DelayQueue<string> = createDelayQueue({
      clock,
      onDue: (key) => {
        ticks += 1;
        if (ticks < 4) queue.schedule(key, clock.nowMs() + 10);
      },
    });
    queue.schedule("tick", 10);
    await clock.advance(100);
    expect(ticks).toBe(4);
  });

  it("keeps delays when the wall clock jumps", async () => {
    const base = createFakeClock({ startMs: 1_000_000 });
    let jumpMs = 0;
    const clock: Clock = { ...base, nowMs: () => base.nowMs() + jumpMs };
    const due: string[] = [];
    const queue = createDelayQueue<string>({ clock, onDue: (key) => void due.push(key) });
    queue.schedule("a", clock.nowMs() + 10);
    jumpMs = -3_600_000;
    await base.advance(10);
    expect(due).toEqual(["a"]);
  });

  it("equals a plain table of instants under any sequence of calls", async () => {
    const call = fc.record({ action: fc.constantFrom("schedule", "earlier", "cancel"), key: fc.nat(20), atMs: fc.nat(200) });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 300 }), async (calls) => {
        const { clock, queue, due } = setUp();
        const table = new Map<string, number>();
        for (const { action, key, atMs } of calls) {
          const name = `${key}`;
          if (action === "cancel") {
            queue.cancel(name);
            table.delete(name);
          } else if (action === "schedule") {
            queue.schedule(name, atMs);
            table.set(name, atMs);
          } else {
            queue.scheduleEarlier(name, atMs);
            table.set(name, Math.min(atMs, table.get(name) ?? Infinity));
          }
          expect(queue.nextAtMs()).toBe(table.size === 0 ? undefined : Math.min(...table.values()));
        }
        await clock.advance(200);
        expect(due.toSorted()).toEqual([...table].map(([key, atMs]) => `${key}@${atMs}`).toSorted());
        const instants = due.map((entry) => Number(entry.split("@")[1]));
        expect(instants).toEqual(instants.toSorted((a, b) => a - b));
      }),
      { numRuns: 30 },
    );
  });
});
