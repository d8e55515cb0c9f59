import { describe, expect, it } from "vitest";
import { createRateLimiter } from "./rate-limiter.ts";
import { createSemaphore } from "./semaphore.ts";
import { createFakeClock } from "./testing/fake-clock.ts";

describe("createRateLimiter", () => {
  it("lets a burst through and then keeps its rate", async () => {
    const clock = createFakeClock();
    const limiter = createRateLimiter({ perSecond: 10, burst: 3, clock });
    expect([1, 2, 3, 4].map(() => limiter.tryAcquire())).toEqual([true, true, true, false]);
    await clock.advance(100);
    expect(limiter.tryAcquire()).toBe(true);
    expect(limiter.tryAcquire()).toBe(false);
    await clock.advance(10_000);
    expect([1, 2, 3, 4].map(() => limiter.tryAcquire())).toEqual([true, true, true, false]);
  });

  it("serves waiters in order, lets nobody overtake and holds a timer only for them", async () => {
    const clock = createFakeClock({ startMs: 0 });
    const limiter = createRateLimiter({ perSecond: 10, burst: 1, clock });
    const served: string[] = [];
    for (const name of ["a", "b", "c"]) void limiter.acquire().then(() => served.push(`${name}@${clock.nowMs()}`));
    await clock.advance(100);
    expect(limiter.tryAcquire()).toBe(false);
    await clock.advance(900);
    expect(served).toEqual(["a@0", "b@100", "c@200"]);
    expect(clock.pendingCount).toBe(0);
  });

  it("drops an aborted waiter and its timer", async () => {
    const clock = createFakeClock();
    const limiter = createRateLimiter({ perSecond: 1, burst: 1, clock });
    await limiter.acquire();
    const controller = new AbortController();
    const waiting = limiter.acquire({ signal: controller.signal });
    const reason = new Error("stop");
    await clock.advance(1);
    expect(clock.pendingCount).toBe(1);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(clock.pendingCount).toBe(0);
    await clock.advance(1_000);
    expect(limiter.tryAcquire()).toBe(true);
  });

  it("has no limit at an infinite rate, and bounds those who wait", async () => {
    const clock = createFakeClock();
    const open = createRateLimiter({ perSecond: Infinity, burst: 1, clock });
    expect([open.tryAcquire(), open.tryAcquire()]).toEqual([true, true]);
    const limiter = createRateLimiter({ perSecond: 1, burst: 1, clock, maxWaiting: 1 });
    await limiter.acquire();
    void limiter.acquire();
    await expect(limiter.acquire()).rejects.toMatchObject({ code: "queue-full" });
    expect(() => createRateLimiter({ perSecond: 0, burst: 1 })).toThrow("0 per second");
  });
});

describe("createSemaphore", () => {
  it("admits up to its limit and passes permits on in order", async () => {
    const semaphore = createSemaphore(2);
    const first = await semaphore.acquire();
    const second = await semaphore.acquire();
    const admitted: string[] = [];
    const third = semaphore.acquire().then((permit) => {
      admitted.push("third");
      return permit;
    });
    const fourth = semaphore.acquire().then((permit) => {
      admitted.push("fourth");
      return permit;
    });
    expect(semaphore.waiting).toBe(2);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    (await third)[Symbol.dispose]();
    (await fourth)[Symbol.dispose]();
    second[Symbol.dispose]();
    expect(admitted).toEqual(["third", "fourth"]);
    using _again = await semaphore.acquire();
    using _andAgain = await semaphore.acquire();
    expect(semaphore.waiting).toBe(0);
  });

  it("gives a permit at once only when one is free and nobody is passed over", async () => {
    const semaphore = createSemaphore(1);
    const first = semaphore.tryAcquire();
    expect(first).toBeDefined();
    expect(semaphore.tryAcquire()).toBeUndefined();
    const waiting = semaphore.acquire();
    first?.[Symbol.dispose]();
    expect(semaphore.tryAcquire()).toBeUndefined();
    (await waiting)[Symbol.dispose]();
    expect(semaphore.tryAcquire()).toBeDefined();
  });

  it("lets a waiter leave on abort without losing a permit", async () => {
    const semaphore = createSemaphore(1, { maxWaiting: 1 });
    const held = await semaphore.acquire();
    const controller = new AbortController();
    const waiting = semaphore.acquire({ signal: controller.signal });
    await expect(semaphore.acquire()).rejects.toMatchObject({ code: "queue-full" });
    controller.abort(new Error("stop"));
    await expect(waiting).rejects.toThrow("stop");
    held[Symbol.dispose]();
    using _next = await semaphore.acquire();
    expect(() => createSemaphore(0)).toThrow("0 permits");
  });
});
