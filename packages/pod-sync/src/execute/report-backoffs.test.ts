import type { Clock } from "@nk/stdx";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import { createFakePorts, samplePod } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

const { signal } = new AbortController();
const HOUR_MS = 3_600_000;

describe("a crash back-off, when the clock is set back by an hour", () => {
  /** A pod that waits ten seconds for its second restart. */
  const crashTwice = async () => {
    const fakeClock = createFakeClock();
    let offsetMs = 0;
    const clock: Clock = { ...fakeClock, nowMs: () => fakeClock.nowMs() + offsetMs };
    const fake = createFakePorts({ clock });
    const podSync = createPodSync(fake.ports, { clock, random: () => 0 });
    const sync = () => podSync.sync(samplePod(), { signal });
    await sync();
    fake.runtime.exit("main", 1);
    await sync();
    fake.runtime.exit("main", 1);
    const setBack = (): void => void (offsetMs = -HOUR_MS);
    return { clock, fake, sync, setBack, advance: (ms: number) => fakeClock.advance(ms) };
  };

  test.each([["before the wait is seen", false] as const, ["while it lasts", true] as const])(
    "%s, ends after its ten seconds",
    async (_when, isSeenBefore) => {
      const { clock, fake, sync, setBack, advance } = await crashTwice();
      if (isSeenBefore) await sync();
      setBack();
      const { retryAtMs = 0 } = await sync();
      expect(retryAtMs).toBe(clock.nowMs() + 10_000);
      await advance(9_999);
      await sync();
      expect(fake.runtime.find("main").attempt).toBe(1);
      await advance(1);
      await sync();
      expect(fake.runtime.find("main")).toMatchObject({ attempt: 2, state: "running" });
    },
  );

  test("goes on to be told of", async () => {
    const { fake, sync, setBack, advance } = await crashTwice();
    await sync();
    setBack();
    await advance(5_000);
    await sync();
    expect(fake.events.filter(({ reason }) => reason === "BackOff")).toHaveLength(2);
  });
});
