import { createFakeClock } from "@nk/stdx/testing";
import type { FakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createRuntimeStatus } from "./runtime-status.ts";
import type { RuntimeCondition, RuntimeSelfReport, RuntimeStatus, RuntimeStatusSnapshot } from "./runtime-status.ts";

const condition = (type: string, status: boolean): RuntimeCondition => ({ type, status, reason: status ? "" : "Why", message: "" });
const READY: RuntimeSelfReport = {
  runtime: condition("RuntimeReady", true),
  network: condition("NetworkReady", true),
  networkDirs: ["/etc/cni/net.d"],
};
const NO_NETWORK: RuntimeSelfReport = { ...READY, network: condition("NetworkReady", false) };

interface Bed {
  readonly clock: FakeClock;
  readonly status: RuntimeStatus;
  readonly seen: RuntimeStatusSnapshot[];
  answer: RuntimeSelfReport | "dead" | "hangs";
  asks: number;
  touchDir(): void;
  readonly watched: string[][];
  readonly stop: () => Promise<void>;
}

const openBed = async (answer: Bed["answer"]): Promise<Bed> => {
  const clock = createFakeClock();
  const stopping = new AbortController();
  let onChange = (): void => undefined;
  const watched: string[][] = [];
  const status = createRuntimeStatus(
    {
      report: ({ signal }) => {
        bed.asks += 1;
        if (bed.answer === "dead") return Promise.reject(new Error("connection refused"));
        if (bed.answer !== "hangs") return Promise.resolve(bed.answer);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      },
      watchDirs: (paths, listener) => {
        watched.push([...paths]);
        onChange = listener;
        return {
          [Symbol.dispose]: () => {
            onChange = () => undefined;
          },
        };
      },
    },
    { clock },
  );
  const seen: RuntimeStatusSnapshot[] = [];
  status.subscribe(() => seen.push(status.current()));
  let running = Promise.resolve();
  const bed: Bed = {
    clock,
    status,
    seen,
    answer,
    asks: 0,
    touchDir: () => onChange(),
    watched,
    stop: async () => {
      stopping.abort(new Error("test is over"));
      await running;
    },
  };
  running = status.run(stopping.signal);
  await clock.advance(0);
  return bed;
};

describe("createRuntimeStatus", () => {
  it("knows nothing until the runtime has answered once", async () => {
    const bed = await openBed("dead");
    expect(bed.status.current()).toEqual({ kind: "unknown" });
    bed.answer = READY;
    await bed.clock.advance(500);
    expect(bed.status.current()).toMatchObject({ kind: "answered", runtime: { status: true }, network: { status: true } });
    await bed.stop();
  });

  it("tells of a network that became ready when its directory changed, not at the next tick", async () => {
    const bed = await openBed(NO_NETWORK);
    expect(bed.watched).toEqual([["/etc/cni/net.d"]]);
    await bed.clock.advance(100);
    bed.touchDir();
    await bed.clock.advance(10);
    bed.answer = READY;
    await bed.clock.advance(40);
    expect(bed.status.current()).toMatchObject({ network: { status: true } });
    expect(bed.watched).toHaveLength(1);
    await bed.stop();
  });

  it("asks at once when it is woken", async () => {
    const bed = await openBed(READY);
    bed.answer = NO_NETWORK;
    bed.status.wake();
    await bed.clock.advance(0);
    expect(bed.status.current()).toMatchObject({ network: { status: false } });
    await bed.stop();
  });

  it("does not call a runtime out of sync whose network only is not ready, and asks it often", async () => {
    const bed = await openBed(NO_NETWORK);
    await bed.clock.advance(60_000);
    expect(bed.status.current()).toEqual({ kind: "answered", runtime: NO_NETWORK.runtime, network: NO_NETWORK.network });
    bed.answer = READY;
    await bed.clock.advance(500);
    expect(bed.status.current()).toMatchObject({ network: { status: true } });
    await bed.stop();
  });

  it("counts from the last time that the runtime was well, and keeps what the runtime said last", async () => {
    const bed = await openBed(READY);
    const wellMs = bed.clock.nowMs();
    bed.answer = "dead";
    await bed.clock.advance(5000);
    await bed.clock.advance(500);
    expect(bed.status.current()).toEqual({ kind: "answered", runtime: READY.runtime, network: READY.network, outOfSyncSinceMs: wellMs });
    bed.answer = READY;
    await bed.clock.advance(500);
    expect(bed.status.current()).not.toHaveProperty("outOfSyncSinceMs");
    await bed.stop();
  });

  it("gives a runtime that hangs up after its deadline", async () => {
    const bed = await openBed(READY);
    bed.answer = "hangs";
    bed.status.wake();
    await bed.clock.advance(1999);
    expect(bed.status.current()).not.toHaveProperty("outOfSyncSinceMs");
    await bed.clock.advance(1);
    expect(bed.status.current()).toHaveProperty("outOfSyncSinceMs");
    await bed.stop();
  });

  it("is quiet while nothing changes, and asks no more often than its periods", async () => {
    const bed = await openBed(READY);
    await bed.clock.advance(20_000);
    expect(bed.seen).toHaveLength(1);
    expect(bed.asks).toBe(5);
    await bed.stop();
  });

  it("leaves no timer behind", async () => {
    const bed = await openBed(NO_NETWORK);
    bed.touchDir();
    await bed.stop();
    const { asks } = bed;
    await bed.clock.advance(10_000);
    expect(bed.asks).toBe(asks);
  });
});
