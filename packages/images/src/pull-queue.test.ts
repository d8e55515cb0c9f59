import { describe, expect, it } from "vitest";
import { createPullQueue } from "./pull-queue.ts";

const { signal } = new AbortController();

describe("createPullQueue", () => {
  it("gives slots in turn to the pods that wait", async () => {
    const queue = createPullQueue({ limit: 1, maxWaiting: 10 });
    const order: string[] = [];
    const first = await queue.enter("a", { signal });
    const work = async (owner: string, name: string): Promise<void> => {
      using _slot = await queue.enter(owner, { signal });
      order.push(name);
    };
    const all = [work("a", "a1"), work("a", "a2"), work("a", "a3"), work("b", "b1"), work("c", "c1"), work("b", "b2")];
    expect(queue.waiting).toBe(6);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    await Promise.all(all);
    expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it("lets a waiting caller leave without losing its slot to nobody", async () => {
    const queue = createPullQueue({ limit: 1, maxWaiting: 10 });
    const first = await queue.enter("a", { signal });
    const controller = new AbortController();
    const leaving = queue.enter("b", { signal: controller.signal });
    const staying = queue.enter("b", { signal });
    controller.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    first[Symbol.dispose]();
    using slot = await staying;
    expect(slot).toBeDefined();
    expect([queue.running, queue.waiting]).toEqual([1, 0]);
  });

  it("refuses more than it may hold", async () => {
    const queue = createPullQueue({ limit: 1, maxWaiting: 0 });
    using _slot = await queue.enter("a", { signal });
    await expect(queue.enter("b", { signal })).rejects.toThrow("image pull queue is full");
  });
});
