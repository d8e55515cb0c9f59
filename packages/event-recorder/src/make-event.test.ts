import { createFakeClock, createSeededRandom } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createNanoClock, cutMessage, eventName, makeEvent } from "./make-event.ts";

const random = createSeededRandom(7);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u;

describe("makeEvent", () => {
  const context = {
    component: "kubelet",
    host: "node-1",
    maxMessageBytes: 1024,
    random,
    nowMs: 1_767_225_600_123,
    nanos: 1_767_225_600_123_456_789n,
  };

  it("makes the event the reference makes", () => {
    const involved = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web", uid: "u1", resourceVersion: "12" };
    const request = {
      involved,
      type: "Normal",
      reason: "Started",
      message: "Container started",
      fieldPath: "spec.containers{web}",
    } as const;
    expect(makeEvent(request, context)).toEqual({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "web.18867251f555cd15", namespace: "shop" },
      involvedObject: { ...involved, fieldPath: "spec.containers{web}" },
      reason: "Started",
      message: "Container started",
      source: { component: "kubelet", host: "node-1" },
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:00:00Z",
      count: 1,
      type: "Normal",
      reportingComponent: "kubelet",
      reportingInstance: "node-1",
    });
  });

  it("puts events of cluster-scoped objects into the namespace default", () => {
    const request = {
      involved: { kind: "Node", name: "node-1", namespace: "" },
      type: "Normal",
      reason: "Starting",
      message: "x",
    } as const;
    expect(makeEvent(request, context).metadata.namespace).toBe("default");
  });
});

describe("eventName", () => {
  it.each(["has space", "UPPER", "a".repeat(240), ""])("is a UUID where the object's name %j makes no valid one", (name) => {
    expect(eventName(name, 0x1886710c2991cd15n, random)).toMatch(UUID);
  });
});

describe("createNanoClock", () => {
  it("never answers the same twice, even when the clock goes back", async () => {
    const clock = createFakeClock();
    const nanos = createNanoClock(clock, () => 0);
    const back = createNanoClock({ ...clock, nowMs: () => 5 }, () => 0.5);
    expect([nanos(), nanos(), nanos()].map((value, _, [first = 0n]) => value - first)).toEqual([0n, 1n, 2n]);
    expect(back()).toBe(5_500_000n);
    expect(back()).toBe(5_500_001n);
  });
});

describe("cutMessage", () => {
  it.each([
    ["short", 10, "short"],
    ["0123456789", 10, "0123456789"],
    ["0123456789a", 10, "0123456..."],
    ["ääääää", 10, "äää..."],
    ["€€€€", 10, "€€..."],
    ["abcdef", 2, ".."],
  ])("cuts %j to %i bytes", (message, maxBytes, expected) => {
    expect(cutMessage(message, maxBytes)).toBe(expected);
    expect(Buffer.byteLength(cutMessage(message, maxBytes))).toBeLessThanOrEqual(maxBytes);
  });
});
