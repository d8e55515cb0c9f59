import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CoreEvent } from "@nk/pod-model";
import { createFakeClock, createSeededRandom } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createEventRecorder } from "./recorder.ts";
import { createFakeEventSink } from "./testing/index.ts";

interface Recorded {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly fieldPath?: string;
}

const fixture = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, "../test/fixtures", name), "utf8"));
const podEvents = fixture("pod-events.json") as { readonly [scenario: string]: readonly Recorded[] };
const nodeEvents = fixture("node-events.json") as readonly (Recorded & { readonly source: object; readonly reportingComponent: string })[];

/** Records each event as often as the reference counted it, in rounds, and returns what the server then has. */
const replay = async (recorded: readonly Recorded[], involved: CoreEvent["involvedObject"]): Promise<readonly CoreEvent[]> => {
  const clock = createFakeClock();
  const sink = createFakeEventSink();
  const recorder = createEventRecorder({ sink }, { component: "kubelet", host: "node-1", clock, random: createSeededRandom(1) });
  const stop = new AbortController();
  const ended = recorder.run(stop.signal);
  const rounds = Math.max(...recorded.map(({ count }) => count));
  for (let round = 0; round < rounds; round += 1) {
    for (const { type, reason, message, count, fieldPath } of recorded) {
      if (round < count) recorder.record({ involved, type, reason, message, fieldPath });
    }
    await clock.advance(10_000);
  }
  stop.abort();
  await ended;
  return sink.events;
};

describe("the recordings of the reference", () => {
  it.each(Object.entries(podEvents))("%s gives the same events with the same counts", async (_scenario, recorded) => {
    const events = await replay(recorded, { apiVersion: "v1", kind: "Pod", namespace: "rec", name: "web", uid: "u" });
    expect(
      events.map(({ type, reason, message, count, involvedObject: { fieldPath } }) => ({
        type,
        reason,
        message,
        count,
        ...(fieldPath === undefined ? {} : { fieldPath }),
      })),
    ).toEqual(recorded);
  });

  it("the node's events have the same source, reporter and text", async () => {
    // The first start; the others repeat it in a new process.
    const firstStart = nodeEvents.slice(0, 8);
    const events = await replay(firstStart, { apiVersion: "v1", kind: "Node", name: "node-1" });
    expect(
      events.map(({ type, reason, message, source, reportingComponent, count, involvedObject }) => ({
        type,
        reason,
        message,
        source,
        reportingComponent,
        count,
        involvedObject: involvedObject.kind,
      })),
    ).toEqual(firstStart);
    expect(events.every(({ metadata }) => metadata.namespace === "default")).toBe(true);
  });
});
