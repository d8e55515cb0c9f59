import fc from "fast-check";
import type { ContainerStatus, Pod, PodStatus, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { expect, test } from "vitest";
import { computePodStatus } from "./index.ts";
import type { PodStatusInput } from "./index.ts";
import { sketchInstance, sketchObserved, sketchPod, sketchSandbox } from "./testing/sketch-observed.ts";

/** `NK_FUZZ_RUNS` for more. A failure prints its seed; `fc.assert(..., { seed, path })` plays it again. */
const RUNS = { numRuns: Number(process.env["NK_FUZZ_RUNS"] ?? 1000) };
const NAMES = ["i0", "i1", "a0", "a1", "e0"] as const;
const EXIT_CODES = [0, 1, 88, 137];

const policy = fc.constantFrom("Always", "OnFailure", "Never");
const rules = fc.array(
  fc.record({
    action: fc.constantFrom("Restart", "RestartAllContainers"),
    exitCodes: fc.record({ operator: fc.constantFrom("In", "NotIn"), values: fc.subarray(EXIT_CODES) }),
  }),
  { maxLength: 1 },
);
const more = fc.record(
  { restartPolicy: policy, restartPolicyRules: rules, startupProbe: fc.constant({ exec: {} }), readinessProbe: fc.constant({ exec: {} }) },
  { requiredKeys: [] },
);

const pods: fc.Arbitrary<Pod> = fc
  .record({
    policy,
    init: fc.array(more, { maxLength: 2 }),
    apps: fc.array(more, { minLength: 1, maxLength: 2 }),
    debuggers: fc.integer({ min: 0, max: 1 }),
    hostNetwork: fc.boolean(),
    isDeleted: fc.boolean(),
    apiPhase: fc.constantFrom(undefined, "Running", "Failed"),
  })
  .map(({ policy: restartPolicy, init, apps, debuggers, hostNetwork, isDeleted, apiPhase }) =>
    sketchPod(
      {
        restartPolicy,
        hostNetwork,
        initContainers: init.map((one, index) => ({ name: `i${index}`, image: "busybox", ...one })),
        containers: apps.map((one, index) => ({ name: `a${index}`, image: "busybox", ...one })),
        ephemeralContainers: Array.from({ length: debuggers }, (_, index) => ({ name: `e${index}`, image: "busybox" })),
        readinessGates: [{ conditionType: "example.com/gate" }],
      },
      {
        metadata: isDeleted ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {},
        ...(apiPhase === undefined ? {} : { status: { phase: apiPhase } }),
      },
    ),
  );

const instances: fc.Arbitrary<readonly RuntimeContainerStatus[]> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom(...NAMES),
      attempt: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom("created" as const, "running" as const, "exited" as const, "unknown" as const),
      exitCode: fc.constantFrom(...EXIT_CODES),
      reason: fc.constantFrom("", "OOMKilled"),
    }),
    { maxLength: 8, selector: ({ name, attempt }) => `${name}-${attempt}` },
  )
  .map((list) =>
    list
      .toSorted((a, b) => b.attempt - a.attempt)
      .map((one) => sketchInstance({ ...one, id: `${one.name}-${one.attempt}`, createdAtNanos: BigInt(one.attempt + 1) })),
  );

const observations: fc.Arbitrary<RuntimePodStatus | undefined> = fc.option(
  fc
    .record({ containers: instances, sandbox: fc.option(fc.constantFrom("ready" as const, "notready" as const)) })
    .map(({ containers, sandbox }) => sketchObserved(containers, sandbox === null ? [] : [sketchSandbox({ state: sandbox })])),
  { nil: undefined },
);

const inputs: fc.Arbitrary<PodStatusInput> = fc
  .record({
    pod: pods,
    observed: observations,
    waiting: fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom("CrashLoopBackOff", "ErrImagePull")),
    verdicts: fc.dictionary(
      fc.constantFrom(...NAMES.map((name) => `${name}-0`)),
      fc.record({ started: fc.boolean(), ready: fc.boolean() }, { requiredKeys: [] }),
    ),
    stoppedForGood: fc.boolean(),
    nowMs: fc.integer({ min: 10_000, max: 1_000_000 }),
  })
  .map(({ waiting, verdicts, ...rest }) => ({
    ...rest,
    previous: undefined,
    runtimeName: "containerd",
    nodeIps: ["192.0.2.1"],
    waiting: new Map(Object.entries(waiting).map(([name, reason]) => [name, { reason, message: "" }])),
    probes: new Map(Object.entries(verdicts)),
    terminationMessages: new Map(),
  }));

const containersOf = ({ initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] }: PodStatus) => [
  ...initContainerStatuses,
  ...containerStatuses,
  ...ephemeralContainerStatuses,
];
const keysOf = ({ state }: ContainerStatus): readonly string[] => Object.keys(state ?? {});

test("any pod in any state has a status, the same one twice, with each container in exactly one state", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const before = structuredClone(input);
      const status = computePodStatus(input);
      expect(computePodStatus(input)).toEqual(status);
      expect(input).toEqual(before);
      const { initContainers = [], containers = [], ephemeralContainers = [] } = input.pod.spec ?? {};
      expect(containersOf(status)).toHaveLength(initContainers.length + containers.length + ephemeralContainers.length);
      for (const container of containersOf(status)) expect(keysOf(container)).toHaveLength(1);
      expect(["Pending", "Running", "Succeeded", "Failed"]).toContain(status.phase);
    }),
    RUNS,
  );
});

test("a status computed on itself says the same: nothing is counted twice and no time moves", () => {
  fc.assert(
    fc.property(inputs, observations, (input, earlier) => {
      const before = computePodStatus({ ...input, observed: earlier, stoppedForGood: false });
      const first = computePodStatus({ ...input, previous: before });
      const second = computePodStatus({ ...input, previous: first });
      const third = computePodStatus({ ...input, previous: second });
      expect(third).toEqual(second);
      expect(second.phase).toBe(first.phase);
      expect(containersOf(second).map(({ restartCount }) => restartCount)).toEqual(
        containersOf(first).map(({ restartCount }) => restartCount),
      );
    }),
    RUNS,
  );
});

test("no restart count goes down, and a final phase stays, whatever is observed next", () => {
  fc.assert(
    fc.property(inputs, observations, (input, next) => {
      const before = computePodStatus(input);
      const after = computePodStatus({ ...input, observed: next, previous: before });
      for (const { name, restartCount } of containersOf(before))
        expect(containersOf(after).find((one) => one.name === name)?.restartCount).toBeGreaterThanOrEqual(restartCount);
      if (before.phase === "Succeeded" || before.phase === "Failed") expect(after.phase).toBe(before.phase);
      expect(after.startTime).toBe(before.startTime);
    }),
    RUNS,
  );
});

test("no pod is ready behind a closed gate", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { conditions = [] } = computePodStatus(input);
      expect(conditions.find(({ type }) => type === "Ready")?.status).toBe("False");
    }),
    RUNS,
  );
});
