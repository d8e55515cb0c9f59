import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { DeadlineError, isAbortError, isDeadlineError } from "./errors.ts";
import { linkSignals, raceSignal, withDeadline } from "./signals.ts";
import { createFakeClock } from "./testing/fake-clock.ts";

const listenerCount = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("linkSignals", () => {
  it("aborts with the reason of the first signal and leaves no listener", () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const linked = linkSignals(a.signal, undefined, b.signal);
    const reason = new Error("b first");
    b.abort(reason);
    a.abort(new Error("a later"));
    expect(linked.signal.reason).toBe(reason);
    expect(listenerCount(a.signal) + listenerCount(b.signal)).toBe(0);
  });

  it("is aborted at once when a source is, without listening to the others", () => {
    const a = new AbortController();
    const reason = new Error("before");
    const linked = linkSignals(a.signal, AbortSignal.abort(reason));
    expect(linked.signal.reason).toBe(reason);
    expect(listenerCount(a.signal)).toBe(0);
  });

  it("stops following when disposed", () => {
    const a = new AbortController();
    const linked = linkSignals(a.signal);
    linked[Symbol.dispose]();
    a.abort();
    expect(linked.signal.aborted).toBe(false);
    expect(listenerCount(a.signal)).toBe(0);
  });
});

describe("withDeadline", () => {
  it("aborts with a DeadlineError that says what took too long", async () => {
    const clock = createFakeClock();
    const deadline = withDeadline({ timeoutMs: 100, clock, what: "listing pods" });
    await clock.advance(99);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(deadline.signal.reason).toBeInstanceOf(DeadlineError);
    expect(deadline.signal.reason).toMatchObject({ timeoutMs: 100, message: "listing pods took longer than 100 ms" });
    expect(isDeadlineError(deadline.signal.reason)).toBe(true);
    expect(isAbortError(deadline.signal.reason)).toBe(false);
  });

  it("passes the caller's abort through and drops its timer", () => {
    const clock = createFakeClock();
    const caller = new AbortController();
    const deadline = withDeadline({ signal: caller.signal, timeoutMs: 100, clock });
    expect(clock.pendingCount).toBe(1);
    caller.abort();
    expect(isAbortError(deadline.signal.reason)).toBe(true);
    expect(clock.pendingCount).toBe(0);
  });

  it("leaves neither timer nor listener when disposed, and none for a caller who has given up before", () => {
    const clock = createFakeClock();
    const caller = new AbortController();
    {
      using _deadline = withDeadline({ signal: caller.signal, timeoutMs: 100, clock });
    }
    expect(listenerCount(caller.signal)).toBe(0);
    using _late = withDeadline({ signal: AbortSignal.abort(), timeoutMs: 100, clock });
    expect(clock.pendingCount).toBe(0);
  });
});

describe("raceSignal", () => {
  it("gives the promise's outcome and leaves no listener", async () => {
    const { signal } = new AbortController();
    await expect(raceSignal(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(raceSignal(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
    await Promise.resolve();
    expect(listenerCount(signal)).toBe(0);
    await expect(raceSignal(Promise.resolve(2), undefined)).resolves.toBe(2);
  });

  it("rejects with the reason on abort and swallows the late outcome", async () => {
    const controller = new AbortController();
    const late = Promise.withResolvers<number>();
    const race = raceSignal(late.promise, controller.signal);
    const reason = new Error("gave up");
    controller.abort(reason);
    await expect(race).rejects.toBe(reason);
    late.reject(new Error("nobody listens"));
    await expect(raceSignal(Promise.reject(new Error("late")), controller.signal)).rejects.toBe(reason);
  });
});
