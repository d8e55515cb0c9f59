import fc from "fast-check";
import { isSidecar } from "@nk/pod-model";
import type { Container, ContainerRestartRule, EphemeralContainer, Pod, RuntimeContainerStatus, RuntimeSandboxStatus } from "@nk/pod-model";
import { expect, test } from "vitest";
import { applyPlan, endContainer, isQuiet, planFor } from "../testing/plan-model.ts";
import type { PlanModel } from "../testing/plan-model.ts";
import { samplePod } from "../testing/sample-pod.ts";
import { sampleContainer, sampleSandbox } from "../testing/sample-status.ts";
import type { CrashBackoffEntry } from "./crash-backoff.ts";
import type { ProbeResults } from "./plan-input.ts";
import type { PodPlan } from "./pod-plan.ts";

/** `NK_FUZZ_RUNS` for more. A failure prints its seed; `fc.assert(..., { seed, path })` plays it again. */
const RUNS = { numRuns: Number(process.env["NK_FUZZ_RUNS"] ?? 1000) };
/** No pod here needs more plans than this to come to rest. */
const MAX_PLANS = 40;
const EXIT_CODES = [0, 1, 42, 88, 137];

const rule: fc.Arbitrary<ContainerRestartRule> = fc.record({
  action: fc.constantFrom("Restart", "RestartAllContainers"),
  exitCodes: fc.record({ operator: fc.constantFrom("In", "NotIn"), values: fc.subarray(EXIT_CODES) }),
});
const policy = fc.constantFrom("Always", "OnFailure", "Never");
const probe = { exec: { command: ["true"] } };

const containerNamed = (name: string): fc.Arbitrary<Container> =>
  fc
    .record(
      {
        image: fc.constantFrom("busybox", "nginx"),
        restartPolicy: policy,
        restartPolicyRules: fc.array(rule, { maxLength: 2 }),
        startupProbe: fc.constant(probe),
        livenessProbe: fc.constant(probe),
      },
      { requiredKeys: ["image"] },
    )
    .map((more) => ({ name, ...more }));

const containers = (prefix: string, lengths: { readonly min: number; readonly max: number }): fc.Arbitrary<readonly Container[]> =>
  fc
    .integer({ min: lengths.min, max: lengths.max })
    .chain((length) => fc.tuple(...Array.from({ length }, (_, index) => containerNamed(`${prefix}${index}`))));

const pods: fc.Arbitrary<Pod> = fc
  .record({
    restartPolicy: policy,
    hostNetwork: fc.boolean(),
    initContainers: containers("i", { min: 0, max: 4 }),
    containers: containers("a", { min: 1, max: 3 }),
    debuggers: fc.integer({ min: 0, max: 2 }),
    isDeleted: fc.boolean(),
  })
  .map(({ debuggers, isDeleted, ...spec }) => {
    const ephemeralContainers: readonly EphemeralContainer[] = Array.from({ length: debuggers }, (_, index) => ({
      name: `e${index}`,
      image: "busybox",
    }));
    return samplePod({ ...spec, ephemeralContainers }, isDeleted ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {});
  });

const sandboxes: fc.Arbitrary<RuntimeSandboxStatus[]> = fc.uniqueArray(
  fc
    .record({
      attempt: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom("ready" as const, "notready" as const),
      network: fc.constantFrom("pod" as const, "node" as const),
      ips: fc.constantFrom([], ["10.0.0.1"]),
    })
    .map(sampleSandbox),
  { maxLength: 3, selector: ({ id }) => id },
);

const NAMES = ["i0", "i1", "i2", "i3", "a0", "a1", "a2", "e0", "e1", "stranger"];

const instances: fc.Arbitrary<RuntimeContainerStatus[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom(...NAMES),
      attempt: fc.integer({ min: 0, max: 4 }),
      sandboxId: fc.constantFrom("s0", "s1", "s2", "s3", "elsewhere"),
      state: fc.constantFrom("created" as const, "running" as const, "exited" as const, "unknown" as const),
      exitCode: fc.constantFrom(...EXIT_CODES),
      image: fc.constantFrom("busybox", "nginx"),
      reason: fc.constantFrom("", "Error", "OOMKilled"),
    })
    .map(sampleContainer),
  { maxLength: 12, selector: ({ id }) => id },
);

const verdict = fc.constantFrom("success" as const, "failure" as const);
const probes: fc.Arbitrary<Map<string, ProbeResults>> = fc
  .dictionary(
    fc.constantFrom(...NAMES.flatMap((name) => [`${name}-0`, `${name}-1`])),
    fc.record({ liveness: verdict, startup: verdict }, { requiredKeys: [] }),
  )
  .map((results) => new Map(Object.entries(results)));
const backoffs: fc.Arbitrary<Map<string, CrashBackoffEntry>> = fc
  .dictionary(
    fc.constantFrom(...NAMES),
    fc.record({
      specKey: fc.constantFrom("busybox {}", "nginx {}"),
      backoffMs: fc.integer({ min: 0, max: 300_000 }),
      lastRestartMs: fc.integer({ min: 0, max: 2_000_000 }),
    }),
  )
  .map((entries) => new Map(Object.entries(entries)));

const worlds: fc.Arbitrary<PlanModel> = fc.record({
  pod: pods,
  nowMs: fc.integer({ min: 1_000_000, max: 3_000_000 }),
  sandboxes,
  containers: instances,
  probes,
  backoffs,
});
const copyOf = (model: PlanModel): PlanModel => structuredClone(model);

/** Plans and does what is planned until nothing is left to do. @throws Error when that never comes */
const rest = (model: PlanModel, look: (plan: PodPlan) => void = () => undefined): PodPlan => {
  for (let count = 0; count < MAX_PLANS; count += 1) {
    const plan = planFor(model);
    if (plan.isFinished || isQuiet(plan)) return plan;
    look(plan);
    applyPlan(model, plan);
    // Probes speak of the instance they asked.
    for (const id of model.probes.keys())
      if (!model.containers.some((one) => one.id === id && one.state === "running")) model.probes.delete(id);
  }
  throw new Error(
    `no rest after ${MAX_PLANS} plans; the last one is ${JSON.stringify(planFor(model), (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value))}`,
  );
};

test("any pod in any state gets a plan, the same one twice, and nothing it was made from changes", () => {
  fc.assert(
    fc.property(worlds, (model) => {
      const before = copyOf(model);
      const plan = planFor(model);
      expect(planFor(model)).toEqual(plan);
      expect(model).toEqual(before);
    }),
    RUNS,
  );
});

test("a plan names no container twice in one list, and removes none that runs unless it kills it first", () => {
  fc.assert(
    fc.property(worlds, (model) => {
      const plan = planFor(model);
      for (const list of [
        plan.containersToKill.map(({ id }) => id),
        plan.containersToRemove.map(({ id }) => id),
        plan.containersToStart.map(({ name }) => name),
      ])
        expect(list).toEqual([...new Set(list)]);
      const killed = new Set(plan.containersToKill.map(({ id }) => id));
      for (const { id } of plan.containersToRemove) {
        const state = model.containers.find((one) => one.id === id)?.state;
        expect(plan.killPod !== undefined || killed.has(id) || state === "exited" || state === "created").toBe(true);
      }
    }),
    RUNS,
  );
});

test("plans come to an end: the pod rests, waits for something it names, or is finished", () => {
  fc.assert(
    fc.property(worlds, (model) => {
      const plan = rest(model);
      const runs = model.containers.some(({ state }) => state === "running");
      const isDeleted = model.pod.metadata?.deletionTimestamp !== undefined;
      expect(plan.isFinished || plan.waits.length > 0 || runs || isDeleted).toBe(true);
    }),
    RUNS,
  );
});

/** Something that happens to a pod that runs; `which` chooses among what is there. */
type Happening =
  | { readonly type: "exit"; readonly which: number; readonly code: number }
  | { readonly type: "probe"; readonly which: number; readonly results: ProbeResults }
  | { readonly type: "lose-sandbox" }
  | { readonly type: "time"; readonly ms: number };

const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("exit" as const), which: fc.nat(9), code: fc.constantFrom(...EXIT_CODES) }),
    fc.record({
      type: fc.constant("probe" as const),
      which: fc.nat(9),
      results: fc.record({ liveness: verdict, startup: verdict }, { requiredKeys: [] }),
    }),
    fc.record({ type: fc.constant("lose-sandbox" as const) }),
    fc.record({ type: fc.constant("time" as const), ms: fc.constantFrom(1000, 20_000, 400_000) }),
  ),
  { maxLength: 15 },
);

const happen = (model: PlanModel, one: Happening): void => {
  const running = model.containers.filter(({ state }) => state === "running");
  model.nowMs += 10;
  if (one.type === "time") model.nowMs += one.ms;
  else if (one.type === "lose-sandbox") model.sandboxes = model.sandboxes.map((sandbox) => ({ ...sandbox, state: "notready", ips: [] }));
  else {
    const target = running[one.which % Math.max(1, running.length)];
    if (target === undefined) return;
    if (one.type === "exit") endContainer(model, target.id, one.code);
    else model.probes.set(target.id, one.results);
  }
};

/** What must hold whenever a plan starts an app container. */
const checkOrder = (model: PlanModel, plan: PodPlan): void => {
  if (!plan.containersToStart.some(({ kind }) => kind === "app")) return;
  for (const spec of model.pod.spec?.initContainers ?? []) {
    const known = model.containers.filter(({ name }) => name === spec.name);
    const isDone = known.some(({ exitCode, state }) => (state === "exited" && exitCode === 0) || isSidecar(spec));
    expect(isDone, `${spec.name} has done its work`).toBe(true);
  }
};

test("whatever happens to a pod, an app starts only after the init containers, and no container runs twice", () => {
  fc.assert(
    fc.property(pods, happenings, (pod, life) => {
      const { deletionTimestamp: _deleted, ...metadata } = pod.metadata ?? {};
      const model: PlanModel = {
        pod: { ...pod, metadata },
        nowMs: 1_000_000,
        sandboxes: [],
        containers: [],
        probes: new Map(),
        backoffs: new Map(),
      };
      for (const one of [undefined, ...life]) {
        if (one !== undefined) happen(model, one);
        const plan = rest(model, (next) => checkOrder(model, next));
        const running = model.containers.filter(({ state }) => state === "running").map(({ name }) => name);
        expect(running).toEqual([...new Set(running)]);
        if (plan.isFinished) return;
      }
    }),
    RUNS,
  );
});
