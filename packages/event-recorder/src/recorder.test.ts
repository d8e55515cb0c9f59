import { createFakeClock, createRecordingLogger, createRecordingMetrics, createSeededRandom } from "@nk/stdx/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createEventRecorder } from "./recorder.ts";
import type { EventRecorderOptions } from "./options.ts";
import type { EventRequest } from "./ports.ts";
import { apiError, createFakeEventSink } from "./testing/index.ts";
import type { FakeSinkFault } from "./testing/index.ts";

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

const setUp = (onCall?: FakeSinkFault, options: Partial<EventRecorderOptions> = {}) => {
  const clock = createFakeClock();
  const metrics = createRecordingMetrics();
  const logger = createRecordingLogger();
  const sink = createFakeEventSink(onCall);
  const recorder = createEventRecorder(
    { sink },
    { component: "kubelet", host: "node-1", clock, metrics, logger, random: createSeededRandom(3), ...options },
  );
  const stop = new AbortController();
  stops.push(stop);
  const outcome = (name: string): number => metrics.value("nk_events_total", { outcome: name });
  return { clock, metrics, logger, sink, recorder, stop, outcome, run: () => recorder.run(stop.signal) };
};

const about = (name: string, change: Partial<EventRequest> = {}): EventRequest => ({
  involved: { apiVersion: "v1", kind: "Pod", namespace: "default", name, uid: `uid-${name}` },
  type: "Normal",
  reason: "Started",
  message: "Container started",
  ...change,
});

const down =
  (isDown: () => boolean): FakeSinkFault =>
  () => {
    if (isDown()) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  };

describe("the event recorder", () => {
  it("writes what was recorded before it runs", async () => {
    const { recorder, run, clock, sink } = setUp();
    recorder.record(about("web"));
    void run();
    await clock.advance(0);
    expect(sink.events).toMatchObject([{ reason: "Started", count: 1, involvedObject: { name: "web" } }]);
  });

  it("tells the time of the clock also after that was far ahead and has been set right", async () => {
    const clock = createFakeClock();
    const aheadMs = { value: 365 * 24 * 3_600_000 };
    const { recorder, run, sink } = setUp(undefined, { clock: { ...clock, nowMs: () => clock.nowMs() + aheadMs.value } });
    void run();
    recorder.record(about("early"));
    aheadMs.value = 0;
    recorder.record(about("late"));
    await clock.advance(0);
    expect(sink.events).toMatchObject([
      { firstTimestamp: "2027-01-01T00:00:00Z", lastTimestamp: "2027-01-01T00:00:00Z" },
      { firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:00:00Z" },
    ]);
  });

  it("counts an event up with one patch and no read", async () => {
    const { recorder, run, clock, sink } = setUp();
    void run();
    recorder.record(about("web"));
    recorder.record(about("web"));
    await clock.advance(0);
    expect(sink.calls.map((call) => call.replace(/\/\S+/u, ""))).toEqual(["create default Started", "patch default Started x2"]);
    expect(sink.events).toMatchObject([{ count: 2 }]);
  });

  it("creates an event anew, with its count, when the server has forgotten it", async () => {
    const { recorder, run, clock, sink } = setUp();
    void run();
    recorder.record(about("web"));
    await clock.advance(0);
    sink.expire(sink.events[0]?.metadata.name ?? "");
    recorder.record(about("web"));
    await clock.advance(0);
    expect(sink.events).toMatchObject([{ count: 2 }]);
  });

  it("keeps the events of one object in order while another object's are not held up", async () => {
    const free = Promise.withResolvers<void>();
    const { recorder, run, clock, sink } = setUp(({ event }) => (event.involvedObject.name === "slow" ? free.promise : undefined));
    void run();
    recorder.record(about("slow", { reason: "Pulled" }));
    recorder.record(about("slow", { reason: "Created" }));
    recorder.record(about("quick"));
    await clock.advance(0);
    expect(sink.events.map(({ involvedObject }) => involvedObject.name)).toEqual(["quick"]);
    free.resolve();
    await clock.advance(0);
    expect(sink.events.map(({ reason }) => reason)).toEqual(["Started", "Pulled", "Created"]);
  });

  it("waits for a server that is away, first a part of ten seconds, then ten", async () => {
    let isDown = true;
    const { recorder, run, clock, sink, outcome } = setUp(down(() => isDown));
    void run();
    recorder.record(about("web"));
    await clock.advance(60_000);
    expect(sink.events).toEqual([]);
    isDown = false;
    await clock.advance(10_000);
    expect(sink.events).toHaveLength(1);
    expect(outcome("created")).toBe(1);
  });

  it("gives up after twelve attempts and says so once", async () => {
    let attempts = 0;
    const { recorder, run, clock, outcome, logger } = setUp(() => {
      attempts += 1;
      throw new Error("socket hang up");
    });
    void run();
    recorder.record(about("web"));
    await clock.advance(200_000);
    expect(attempts).toBe(12);
    expect(outcome("abandoned")).toBe(1);
    expect(logger.entries.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  it.each([
    [403, "Forbidden"],
    [422, "Invalid"],
  ])("does not repeat what the server refused with %i", async (code, reason) => {
    let attempts = 0;
    const { recorder, run, clock, outcome } = setUp(() => {
      attempts += 1;
      throw apiError(code, reason);
    });
    void run();
    recorder.record(about("web"));
    await clock.advance(100_000);
    expect(attempts).toBe(1);
    expect(outcome("rejected")).toBe(1);
  });

  it.each([429, 500, 503])("repeats what the server put off with %i", async (code) => {
    let attempts = 0;
    const { recorder, run, clock, sink } = setUp(() => {
      attempts += 1;
      if (attempts === 1) throw apiError(code, "Later");
    });
    void run();
    recorder.record(about("web"));
    await clock.advance(10_000);
    expect(sink.events).toHaveLength(1);
  });

  it("drops an event quietly when its namespace is being deleted", async () => {
    const { recorder, run, clock, outcome, logger } = setUp(() => {
      throw apiError(403, "Forbidden", [{ reason: "NamespaceTerminating" }]);
    });
    void run();
    recorder.record(about("web"));
    await clock.advance(0);
    expect(outcome("rejected")).toBe(1);
    expect(logger.entries.filter(({ level }) => level !== "debug")).toEqual([]);
  });

  it("takes an event that is there after a broken attempt for its own", async () => {
    let attempts = 0;
    const { recorder, run, clock, sink, outcome } = setUp(async ({ event, signal }) => {
      attempts += 1;
      if (attempts !== 1) return;
      await sink.create(event, { signal });
      throw new Error("socket hang up");
    });
    void run();
    recorder.record(about("web"));
    await clock.advance(10_000);
    expect(sink.events).toHaveLength(1);
    expect(outcome("created")).toBe(1);
    recorder.record(about("web"));
    await clock.advance(0);
    expect(sink.events).toMatchObject([{ count: 2 }]);
  });

  it("takes another name when the first one is somebody else's", async () => {
    let attempts = 0;
    const { recorder, run, clock, sink } = setUp(() => {
      attempts += 1;
      if (attempts === 1) throw apiError(409, "AlreadyExists");
    });
    void run();
    recorder.record(about("web"));
    recorder.record(about("web"));
    await clock.advance(0);
    expect(sink.events).toMatchObject([{ count: 2 }]);
  });

  it("drops the newest when the queue is full, counts it, and logs it once", async () => {
    const { recorder, outcome, logger } = setUp(undefined, { maxQueued: 3 });
    for (let index = 0; index < 10; index += 1) recorder.record(about(`pod-${index}`));
    expect(recorder.queued).toBe(3);
    expect(outcome("dropped")).toBe(7);
    expect(logger.entries.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  it("gives up a call that hangs, and tries again", async () => {
    let attempts = 0;
    const { recorder, run, clock, sink } = setUp(({ signal }) => {
      attempts += 1;
      if (attempts > 1) return;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    });
    void run();
    recorder.record(about("web"));
    await clock.advance(40_000);
    expect(sink.events).toHaveLength(1);
  });

  it("writes what is queued before it ends", async () => {
    const { recorder, run, clock, sink, stop } = setUp();
    const ended = run();
    for (let index = 0; index < 50; index += 1) recorder.record(about(`pod-${index}`));
    stop.abort();
    await ended;
    expect(sink.events).toHaveLength(50);
    expect(clock.pendingCount).toBe(0);
    recorder.record(about("late"));
    expect(recorder.queued).toBe(0);
  });

  it("ends in time although the server hangs, and leaves no timer", async () => {
    const { recorder, run, clock, stop, outcome } = setUp(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    );
    const ended = run();
    for (let index = 0; index < 20; index += 1) recorder.record(about(`pod-${index}`));
    await clock.advance(1000);
    stop.abort();
    await clock.advance(2000);
    await ended;
    expect(outcome("abandoned")).toBe(20);
    expect(clock.pendingCount).toBe(0);
  });

  it("tries an event that waits once more at the end, and only once", async () => {
    let attempts = 0;
    const { recorder, run, clock, stop } = setUp(() => {
      attempts += 1;
      throw new Error("socket hang up");
    });
    const ended = run();
    recorder.record(about("web"));
    await clock.advance(0);
    stop.abort();
    await ended;
    expect(attempts).toBe(2);
  });

  it("refuses what is no event without throwing", async () => {
    const { recorder, outcome } = setUp();
    recorder.record(about("web", { type: "Bad" as "Normal" }));
    recorder.record(about(""));
    expect(outcome("rejected")).toBe(2);
    expect(recorder.queued).toBe(0);
  });

  it.each([{ maxQueued: 0 }, { component: "" }, { concurrency: Number.NaN }])("refuses the options %o", (options) => {
    expect(() => setUp(undefined, options)).toThrow(expect.objectContaining({ code: "invalid-option" }));
  });
});
