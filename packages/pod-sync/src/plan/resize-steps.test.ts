import { LinuxContainerResources } from "@nk/cri-api";
import fc from "fast-check";
import type { ResizableResource, RuntimeContainerResources } from "@nk/pod-model";
import { describe, expect, test } from "vitest";
import type { PodCgroupLimits } from "../config/pod-cgroup.ts";
import { computeResizeSteps, listLoweredMemory } from "./resize-steps.ts";
import type { ResizeStepsInput } from "./resize-steps.ts";

const linux = (memory: bigint, quota: bigint, shares: bigint): LinuxContainerResources =>
  LinuxContainerResources.create({ memoryLimitInBytes: memory, cpuQuota: quota, cpuShares: shares, cpuPeriod: 100_000n });

const has = (memory: bigint, quota: bigint, shares: bigint): RuntimeContainerResources => ({
  ...(memory === 0n ? {} : { memoryLimitBytes: memory }),
  ...(quota === 0n ? {} : { cpuQuotaMicros: quota }),
  cpuShares: shares,
});

const podOf = (memory: bigint, quota: bigint, shares: bigint): PodCgroupLimits => ({
  memoryLimitBytes: memory,
  cpuQuotaMicros: quota,
  cpuPeriodMicros: 100_000n,
  cpuShares: shares,
});

type Three = readonly [memory: bigint, quota: bigint, shares: bigint];

const inputOf = (given: {
  readonly pod: readonly [from: PodCgroupLimits, to: PodCgroupLimits];
  readonly containers: { readonly [id: string]: readonly [from: Three | undefined, to: Three] };
  readonly resources?: readonly ResizableResource[];
}): ResizeStepsInput => {
  const { resources = ["memory", "cpu"] } = given;
  const ids = Object.keys(given.containers);
  return {
    plan: {
      pod: resources,
      containers: ids.flatMap((id) => resources.map((resource) => ({ id, name: id, resource }))),
    },
    current: given.pod[0],
    wanted: given.pod[1],
    containers: new Map(ids.map((id) => [id, linux(...(given.containers[id]?.[1] ?? [0n, 0n, 0n]))])),
    reported: new Map(ids.map((id) => [id, given.containers[id]?.[0] && has(...given.containers[id][0])])),
  };
};

const brief = (input: ResizeStepsInput): readonly string[] =>
  computeResizeSteps(input).map((step) => {
    if (step.type === "container") return `${step.update.id} ${step.update.resource}`;
    const { memoryLimitBytes, cpuQuotaMicros, cpuShares } = step.limits;
    return `pod ${memoryLimitBytes === undefined ? "" : `memory=${memoryLimitBytes}`}${cpuQuotaMicros === undefined ? "" : `quota=${cpuQuotaMicros}`}${cpuShares === undefined ? "" : `shares=${cpuShares}`}`;
  });

describe("the order of a resize", () => {
  const cases: Record<string, { input: ResizeStepsInput; steps: readonly string[] }> = {
    "raises the pod before its container: limit, then request": {
      input: inputOf({
        pod: [podOf(1n, 10n, 10n), podOf(2n, 20n, 20n)],
        containers: {
          a: [
            [1n, 10n, 10n],
            [2n, 20n, 20n],
          ],
        },
      }),
      steps: ["pod memory=2", "a memory", "pod quota=20", "pod shares=20", "a cpu"],
    },
    "lowers the pod after its container: request, then limit": {
      input: inputOf({
        pod: [podOf(2n, 20n, 20n), podOf(1n, 10n, 10n)],
        containers: {
          a: [
            [2n, 20n, 20n],
            [1n, 10n, 10n],
          ],
        },
      }),
      steps: ["a memory", "pod memory=1", "a cpu", "pod shares=10", "pod quota=10"],
    },
    "may raise one resource and lower the other": {
      input: inputOf({
        pod: [podOf(1n, 20n, 10n), podOf(2n, 10n, 20n)],
        containers: {
          a: [
            [1n, 20n, 10n],
            [2n, 10n, 20n],
          ],
        },
      }),
      steps: ["pod memory=2", "a memory", "pod shares=20", "a cpu", "pod quota=10"],
    },
    "takes from one container before it gives to another": {
      input: inputOf({
        pod: [podOf(3n, 30n, 30n), podOf(3n, 30n, 30n)],
        containers: {
          more: [
            [1n, 10n, 10n],
            [2n, 20n, 20n],
          ],
          less: [
            [2n, 20n, 20n],
            [1n, 10n, 10n],
          ],
        },
      }),
      steps: ["less memory", "more memory", "less cpu", "more cpu"],
    },
    "takes a first limit for less than none": {
      input: inputOf({
        pod: [{}, podOf(5n, 50n, 2n)],
        containers: {
          limited: [
            [0n, 0n, 2n],
            [5n, 50n, 2n],
          ],
          more: [
            [1n, 10n, 2n],
            [2n, 20n, 2n],
          ],
        },
      }),
      steps: ["limited memory", "more memory", "pod memory=5", "pod shares=2", "limited cpu", "more cpu", "pod quota=50"],
    },
    "leaves a limit that is not stated": {
      input: inputOf({
        pod: [podOf(1n, 10n, 10n), { cpuShares: 20n }],
        containers: {
          a: [
            [0n, 0n, 10n],
            [0n, 0n, 20n],
          ],
        },
      }),
      steps: ["a memory", "pod shares=20", "a cpu"],
    },
    "treats a container of which nothing is reported as one that gets more": {
      input: inputOf({
        pod: [podOf(3n, 30n, 30n), podOf(3n, 30n, 30n)],
        containers: {
          unknown: [undefined, [1n, 1n, 2n]],
          less: [
            [2n, 20n, 20n],
            [1n, 10n, 10n],
          ],
        },
        resources: ["memory"],
      }),
      steps: ["less memory", "unknown memory"],
    },
    "does nothing to the pod where that is done": {
      input: { ...inputOf({ pod: [podOf(1n, 1n, 2n), podOf(2n, 2n, 4n)], containers: {} }), plan: { pod: [], containers: [] } },
      steps: [],
    },
  };
  test.each(Object.entries(cases))("%s", (_name, { input, steps }) => {
    expect(brief(input)).toEqual(steps);
  });
});

describe("memory that is taken away", () => {
  test("is that of the pod and of each container whose limit falls or is new", () => {
    const input = inputOf({
      pod: [podOf(9n, 1n, 2n), podOf(5n, 1n, 2n)],
      containers: {
        falls: [
          [4n, 0n, 2n],
          [3n, 0n, 2n],
        ],
        rises: [
          [1n, 0n, 2n],
          [2n, 0n, 2n],
        ],
        first: [
          [0n, 0n, 2n],
          [7n, 0n, 2n],
        ],
      },
    });
    expect(listLoweredMemory(input)).toEqual({
      podBytes: 5n,
      containers: [
        { id: "falls", name: "falls", bytes: 3n },
        { id: "first", name: "first", bytes: 7n },
      ],
    });
    expect(listLoweredMemory({ ...input, plan: { pod: [], containers: [] } })).toEqual({ containers: [] });
  });
});

const amount = fc.bigInt({ min: -1n, max: 6n });
const three = fc.tuple(amount, amount, amount);

test("at no step do containers that have limits exceed a pod that had room for them before and will have after", () => {
  const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);
  const positive = fc.bigInt({ min: 1n, max: 6n });
  fc.assert(
    fc.property(fc.array(fc.tuple(positive, positive), { minLength: 1, maxLength: 4 }), (limits) => {
      const [from, to] = [sum(limits.map(([before]) => before)), sum(limits.map(([, after]) => after))];
      const input = inputOf({
        pod: [podOf(from, from, 2n), podOf(to, to, 2n)],
        containers: Object.fromEntries(limits.map(([a, b], index) => [`c${index}`, [[a, a, 2n] as Three, [b, b, 2n] as Three] as const])),
        resources: ["memory"],
      });
      const now = new Map(limits.map(([before], index) => [`c${index}`, before]));
      let pod = from;
      for (const step of computeResizeSteps(input)) {
        if (step.type === "pod") pod = step.limits.memoryLimitBytes ?? pod;
        else now.set(step.update.id, limits[Number(step.update.id.slice(1))]?.[1] ?? 0n);
        expect(sum([...now.values()])).toBeLessThanOrEqual(pod);
      }
      expect([pod, sum([...now.values()])]).toEqual([to, to]);
    }),
  );
});

test("any input has steps, each once, the same again", () => {
  const pod = three.map(([memory, quota, shares]) => podOf(memory, quota, shares));
  const containers = fc.dictionary(fc.string({ maxLength: 3 }), fc.tuple(fc.option(three, { nil: undefined }), three), { maxKeys: 4 });
  fc.assert(
    fc.property(fc.tuple(pod, pod), containers, (limits, given) => {
      const input = inputOf({ pod: limits, containers: given });
      const steps = computeResizeSteps(input);
      expect(computeResizeSteps(input)).toEqual(steps);
      const updates = steps.flatMap((step) => (step.type === "container" ? [`${step.update.id} ${step.update.resource}`] : []));
      expect(updates.toSorted()).toEqual(input.plan.containers.map(({ id, resource }) => `${id} ${resource}`).toSorted());
      expect(steps.filter(({ type }) => type === "pod").length).toBeLessThanOrEqual(3);
    }),
  );
});
