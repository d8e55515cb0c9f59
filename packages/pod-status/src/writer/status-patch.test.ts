import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PodStatus } from "@nk/pod-model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyStatusPatch } from "../testing/index.ts";
import { createStatusPatch } from "./status-patch.ts";

const condition = fc.record(
  { status: fc.constantFrom("True", "False"), reason: fc.constantFrom("A", "B"), observedGeneration: fc.integer({ min: 1, max: 3 }) },
  { requiredKeys: ["status"] },
);
const conditions = fc
  .uniqueArray(fc.constantFrom("Ready", "Initialized", "PodScheduled", "example.com/a", "example.com/b"))
  .chain((types) => fc.tuple(...types.map((type) => condition.map((fields) => ({ type, ...fields })))));
const ips = fc.uniqueArray(fc.constantFrom("10.0.0.1", "10.0.0.2", "fd00::1")).map((all) => all.map((ip) => ({ ip })));
const quantities = fc.dictionary(fc.constantFrom("cpu", "memory"), fc.constantFrom("1", "2Gi"));
const container = fc.record({
  name: fc.constantFrom("a", "b"),
  image: fc.constant("busybox"),
  imageID: fc.constant(""),
  ready: fc.boolean(),
  restartCount: fc.nat(3),
  state: fc.oneof(fc.constant({ waiting: { reason: "x" } }), fc.constant({ running: { startedAt: "2026-01-01T00:00:00Z" } })),
});
const status: fc.Arbitrary<PodStatus> = fc.record(
  {
    phase: fc.constantFrom("Pending", "Running", "Failed"),
    reason: fc.constantFrom("Evicted", "Other"),
    podIP: fc.constantFrom("10.0.0.1", "10.0.0.2"),
    observedGeneration: fc.integer({ min: 1, max: 3 }),
    conditions,
    podIPs: ips,
    hostIPs: ips,
    containerStatuses: fc.array(container, { maxLength: 2 }),
    resources: fc.record({ requests: quantities, limits: quantities }, { requiredKeys: [] }),
    allocatedResources: quantities,
  },
  { requiredKeys: [] },
);

/** An absent and an empty list of the kind that is merged by a key are one. */
const withoutEmpty = (value: PodStatus): unknown =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => !(Array.isArray(item) && item.length === 0)));

const applied = (before: PodStatus, after: PodStatus): PodStatus => {
  const patch = createStatusPatch("uid", before, after);
  return patch === undefined ? before : applyStatusPatch(before, patch);
};

const FIXTURE = join(import.meta.dirname, "../../test/fixtures/recorded-statuses.json");

describe("createStatusPatch", () => {
  it("turns any status into any other, in the eyes of the API server", () => {
    fc.assert(
      fc.property(status, status, (before, after) => {
        expect(withoutEmpty(applied(before, after))).toEqual(withoutEmpty(after));
      }),
      { numRuns: 500 },
    );
  });

  it("is undefined for a status that says the same, a null being nothing", () => {
    const scheduled = { type: "PodScheduled", status: "True" };
    const api = { phase: "Running", conditions: [{ ...scheduled, lastProbeTime: null }] } as unknown as PodStatus;
    expect(createStatusPatch("u", api, { phase: "Running", conditions: [scheduled] })).toBeUndefined();
  });

  it("names the UID as a precondition, sends changed fields only, and lists the order of conditions", () => {
    const before: PodStatus = {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "True" }],
      reason: "Old",
      qosClass: "Burstable",
    };
    const after: PodStatus = {
      phase: "Running",
      conditions: [
        { type: "Ready", status: "True" },
        { type: "PodScheduled", status: "True", observedGeneration: 1 },
      ],
      qosClass: "Burstable",
    };
    expect(createStatusPatch("u1", before, after)).toEqual({
      metadata: { uid: "u1" },
      status: {
        phase: "Running",
        reason: null,
        conditions: [
          { type: "Ready", status: "True" },
          { type: "PodScheduled", observedGeneration: 1 },
        ],
        "$setElementOrder/conditions": [{ type: "Ready" }, { type: "PodScheduled" }],
      },
    });
  });

  it("deletes an element with a directive after the changed ones", () => {
    expect(createStatusPatch("u", { podIPs: [{ ip: "10.0.0.1" }] }, { podIPs: [{ ip: "10.0.0.2" }] })?.status).toEqual({
      podIPs: [{ ip: "10.0.0.2" }, { $patch: "delete", ip: "10.0.0.1" }],
      "$setElementOrder/podIPs": [{ ip: "10.0.0.2" }],
    });
  });

  it("reproduces every step of the recorded statuses", () => {
    const recordings = JSON.parse(readFileSync(FIXTURE, "utf8")) as {
      readonly [name: string]: { readonly statuses: readonly { readonly status: PodStatus }[] };
    };
    let steps = 0;
    for (const { statuses } of Object.values(recordings)) {
      let shown: PodStatus = {};
      for (const { status: next } of statuses) {
        shown = applied(shown, next);
        // A null time is dropped on the way, as Go does when it reads one.
        expect(JSON.parse(JSON.stringify(shown, (_key, item: unknown) => item ?? undefined))).toEqual(
          JSON.parse(JSON.stringify(next, (_key, item: unknown) => item ?? undefined)),
        );
        steps += 1;
      }
    }
    expect(steps).toBeGreaterThan(150);
  });
});
