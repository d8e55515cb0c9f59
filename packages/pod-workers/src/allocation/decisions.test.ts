import { describe, expect, test } from "vitest";
import type { Pod, PodSpec, ResourceRequirements } from "@nk/pod-model";
import { allocationShown, pendingShown } from "./known-allocation.ts";
import { computeLargerResources } from "./larger-resources.ts";
import { resizeEventMessage } from "./messages.ts";
import { orderResizes } from "./pending-order.ts";
import { joinChanges, withPending } from "./pod-resize.ts";

const podOf = (resources: ResourceRequirements, more: Partial<PodSpec> = {}): Pod => ({
  metadata: { uid: "u", name: "p", namespace: "default" },
  spec: { containers: [{ name: "c0", resources }], ...more },
});

const cpu = (amount: string): ResourceRequirements => ({ requests: { cpu: amount } });
const guaranteed = (amount: string): ResourceRequirements => ({
  requests: { cpu: amount, memory: "1Gi" },
  limits: { cpu: amount, memory: "1Gi" },
});

describe("orderResizes", () => {
  const waiting = (id: string, wanted: Pod, deferredSinceMs?: number) => ({
    id,
    wanted,
    allocated: podOf(wanted.spec?.containers[0]?.resources?.limits === undefined ? cpu("100m") : guaranteed("100m")),
    deferredSinceMs,
  });
  const cases: Record<string, { given: ReturnType<typeof waiting>[]; order: string }> = {
    "who asks for less goes first": {
      given: [waiting("more", podOf(cpu("200m"))), waiting("less", podOf(cpu("50m")))],
      order: "less more",
    },
    "then who has the higher priority": {
      given: [waiting("low", podOf(cpu("200m"), { priority: 1 })), waiting("high", podOf(cpu("300m"), { priority: 5 }))],
      order: "high low",
    },
    "no priority is zero": {
      given: [waiting("below", podOf(cpu("200m"), { priority: -1 })), waiting("none", podOf(cpu("200m")))],
      order: "none below",
    },
    "then a guaranteed pod": {
      given: [waiting("burstable", podOf(cpu("200m"))), waiting("guaranteed", podOf(guaranteed("200m")))],
      order: "guaranteed burstable",
    },
    "then the longest deferred": {
      given: [waiting("new", podOf(cpu("200m"))), waiting("late", podOf(cpu("200m")), 20), waiting("early", podOf(cpu("200m")), 10)],
      order: "early late new",
    },
    "otherwise as they came": { given: [waiting("b", podOf(cpu("200m")), 1), waiting("a", podOf(cpu("300m")), 1)], order: "b a" },
  };
  test.each(Object.entries(cases))("%s", (_name, { given, order }) => {
    expect(
      orderResizes(given)
        .map(({ id }) => id)
        .join(" "),
    ).toBe(order);
  });
});

test("events about resizes read as the reference's", () => {
  const pod: Pod = {
    spec: {
      initContainers: [{ name: "c0", resources: { requests: { cpu: "100m" }, limits: { cpu: "200m" } } }],
      containers: [
        { name: "c1", resources: { requests: { memory: "100" }, limits: { memory: "200" } } },
        { name: "c2", resources: { requests: { memory: "100", cpu: "200m" } } },
        { name: "c3" },
      ],
    },
  };
  const summary =
    `{"initContainers":[{"name":"c0","resources":{"limits":{"cpu":"200m"},"requests":{"cpu":"100m"}}}],` +
    `"containers":[{"name":"c1","resources":{"limits":{"memory":"200"},"requests":{"memory":"100"}}},` +
    `{"name":"c2","resources":{"requests":{"cpu":"200m","memory":"100"}}},{"name":"c3","resources":{}}],"generation":2`;
  expect(resizeEventMessage("started", pod, { generation: 2 })).toBe(`Pod resize started: ${summary}}`);
  expect(resizeEventMessage("completed", pod, { generation: 2 })).toBe(`Pod resize completed: ${summary}}`);
  expect(resizeEventMessage("error", pod, { generation: 2, error: "a < b" })).toBe(`Pod resize error: ${summary},"error":"a \\u003c b"}`);
  expect(resizeEventMessage("Deferred", pod, { generation: 2, error: "no room" })).toBe(
    `Pod resize Deferred: ${summary},"error":"no room"}`,
  );
});

describe("what a status shows that a pod was given", () => {
  const shown = (given: { allocated?: Record<string, string>; limits?: Record<string, string> }, spec: Partial<PodSpec> = {}): Pod => ({
    ...podOf({ requests: { cpu: "300m", memory: "2Gi" }, limits: { cpu: "600m" } }, spec),
    status: {
      containerStatuses: [
        {
          name: "c0",
          image: "",
          imageID: "",
          ready: true,
          restartCount: 0,
          ...(given.allocated === undefined ? {} : { allocatedResources: given.allocated, resources: { limits: given.limits ?? {} } }),
        },
      ],
    },
  });
  const resourcesOf = (pod: Pod) => allocationShown(pod)?.containers["c0"];

  test("is its requests and limits, where the spec states any", () => {
    const pod = shown({ allocated: { cpu: "100m", memory: "1Gi" }, limits: { cpu: "200m", memory: "5Gi" } });
    expect(resourcesOf(pod)).toEqual({ requests: { cpu: "100m", memory: "1Gi" }, limits: { cpu: "200m" } });
  });

  test("lacks what was asked for since", () => {
    expect(resourcesOf(shown({ allocated: { cpu: "100m" } }))).toEqual({ requests: { cpu: "100m" }, limits: {} });
  });

  test("is unknown of a pod without container statuses, and of a static pod", () => {
    expect(allocationShown(podOf(cpu("1")))).toBeUndefined();
    expect(allocationShown(shown({}))).toBeUndefined();
    const pod = shown({ allocated: { cpu: "100m" } });
    expect(allocationShown({ ...pod, metadata: { annotations: { "kubernetes.io/config.source": "file" } } })).toBeUndefined();
  });

  test("is what the pod as a whole was given, too, unless overhead is in it", () => {
    const whole = { resources: { requests: { cpu: "4" }, limits: { cpu: "4" } } };
    const pod = shown({ allocated: { cpu: "300m", memory: "2Gi" }, limits: { cpu: "600m" } }, whole);
    const status = { ...pod.status, allocatedResources: { cpu: "2" }, resources: { limits: { cpu: "3" } } };
    expect(allocationShown({ ...pod, status })?.pod).toEqual({ requests: { cpu: "2" }, limits: { cpu: "3" } });
    const heavy: Pod = { ...pod, status, spec: { containers: [], ...pod.spec, overhead: { cpu: "1" } } };
    expect(allocationShown(heavy)?.pod).toEqual(whole.resources);
  });

  test("keeps the times of its conditions", () => {
    const since = "2026-01-01T00:00:00Z";
    const condition = { type: "PodResizePending", status: "True", reason: "Infeasible", message: "m", observedGeneration: 3 };
    const read = (lastTransitionTime: string) =>
      pendingShown({ status: { conditions: [{ ...condition, lastTransitionTime }] } }, 7).pending;
    expect(read(since)).toEqual({ reason: "Infeasible", message: "m", generation: 3, sinceMs: Date.parse(since), judgedAtMs: 7 });
    expect(read("yesterday")?.sinceMs).toBe(7);
    expect(pendingShown({}, 7)).toEqual({});
  });
});

test("a reason that stays keeps its time, another one begins anew", () => {
  const first = withPending({}, { reason: "Deferred", message: "a", generation: 1, judgedAtMs: 10 });
  const second = withPending(first, { reason: "Deferred", message: "b", generation: 2, judgedAtMs: 20 });
  expect(second.pending).toMatchObject({ message: "b", sinceMs: 10, judgedAtMs: 20 });
  expect(withPending(second, { reason: "Infeasible", message: "c", generation: 2, judgedAtMs: 30 }).pending?.sinceMs).toBe(30);
});

test("what a resize changed that was overtaken is changed by the next one as well", () => {
  const first = { containers: { a: ["cpu"], b: ["memory"] }, pod: ["cpu"] } as const;
  const second = { containers: { a: ["memory"] }, pod: [] } as const;
  expect(joinChanges(first, second)).toEqual({ containers: { a: ["cpu", "memory"], b: ["memory"] }, pod: ["cpu"] });
});

test("a pod on its way from one size to another holds the larger of each request", () => {
  const now = { containers: { a: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1" } }, b: {} }, pod: cpu("3") };
  const before = { containers: { a: { requests: { cpu: "500m", memory: "2Gi" }, limits: { cpu: "9" } }, c: cpu("1") }, pod: cpu("2") };
  expect(computeLargerResources(now, before)).toEqual({
    containers: { a: { requests: { cpu: "1", memory: "2Gi" }, limits: { cpu: "1" } }, b: {} },
    pod: { requests: { cpu: "3" } },
  });
});
