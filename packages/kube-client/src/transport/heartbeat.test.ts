import { createFakeClock } from "@nk/stdx/testing";
import type { FakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createHeartbeat } from "./heartbeat.ts";
import type { Heartbeat } from "./heartbeat.ts";

interface Setup {
  readonly clock: FakeClock;
  readonly heartbeat: Heartbeat;
  readonly answers: (() => void)[];
  readonly deaths: number[];
}

const setUp = (overrides: { readonly canAsk?: boolean; readonly lateMs?: number } = {}): Setup => {
  const fake = createFakeClock();
  const { lateMs = 0, canAsk = true } = overrides;
  // A process that was held up runs its timers late: they see a later time than they were set for.
  const clock = { ...fake, monotonicMs: () => fake.monotonicMs() + (fake.monotonicMs() >= 5_000 ? lateMs : 0) };
  const answers: (() => void)[] = [];
  const deaths: number[] = [];
  const heartbeat = createHeartbeat({
    clock,
    intervalMs: 5_000,
    timeoutMs: 4_000,
    ping: (onAnswer) => {
      if (canAsk) answers.push(onAnswer);
      return canAsk;
    },
    onDead: () => deaths.push(fake.monotonicMs()),
  });
  return { clock: fake, heartbeat, answers, deaths };
};

describe("a heartbeat", () => {
  it("asks only while somebody waits, and a peer that answers lives on", async () => {
    const { clock, heartbeat, answers, deaths } = setUp();
    await clock.advance(60_000);
    expect(answers.length).toBe(0);
    heartbeat.watch();
    expect(answers.length).toBe(1);
    answers[0]?.();
    await clock.advance(5_000);
    answers[1]?.();
    heartbeat.rest();
    await clock.advance(60_000);
    expect([answers.length, deaths.length, clock.pendingCount]).toEqual([2, 0, 0]);
  });

  it("does not ask at once when the peer was heard just now", async () => {
    const { clock, heartbeat, answers } = setUp();
    await clock.advance(60_000);
    heartbeat.heard();
    heartbeat.watch();
    expect(answers.length).toBe(0);
    heartbeat[Symbol.dispose]();
    expect(clock.pendingCount).toBe(0);
  });

  it("finds a silent peer within interval and timeout, once", async () => {
    const { clock, heartbeat, deaths } = setUp();
    heartbeat.watch();
    const check = heartbeat.check();
    await clock.advance(4_000);
    expect(await check).toBe(false);
    await clock.advance(60_000);
    heartbeat.watch();
    expect(await heartbeat.check()).toBe(false);
    expect([deaths, clock.pendingCount]).toEqual([[4_000], 0]);
  });

  it("gives the answer a moment when it was the program itself that was held up", async () => {
    const { clock, heartbeat, deaths, answers } = setUp({ lateMs: 3_000 });
    await clock.advance(4_000);
    const check = heartbeat.check();
    await clock.advance(4_000);
    expect(deaths).toEqual([]);
    answers[0]?.();
    expect(await check).toBe(true);
    await clock.advance(60_000);
    expect(deaths).toEqual([]);
  });

  it("does not take a peer that cannot be asked for a dead one", async () => {
    const { clock, heartbeat, deaths } = setUp({ canAsk: false });
    heartbeat.watch();
    await clock.advance(60_000);
    expect(await heartbeat.check()).toBe(false);
    expect(deaths).toEqual([]);
    heartbeat[Symbol.dispose]();
  });
});
