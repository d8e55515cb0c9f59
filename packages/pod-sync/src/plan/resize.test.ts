import fc from "fast-check";
import type { Container, ResizableResource } from "@nk/pod-model";
import { describe, expect, test } from "vitest";
import { briefPlan, container, exited, facts, initPod, planOf, sidecar } from "../testing/plan-cases.ts";
import type { Case } from "../testing/plan-cases.ts";
import type { SampleContainer } from "../testing/sample-status.ts";
import { computePlan } from "./compute-plan.ts";
import { createPlanView } from "./plan-view.ts";
import { isResized } from "./resize.ts";
import type { ResizeFacts } from "./resize.ts";
import { samplePod } from "../testing/sample-pod.ts";
import { sampleStatus } from "../testing/sample-status.ts";

/** Containers of the tables were made at the epoch; this order came later. */
const ACCEPTED = 1000;

const order = (changes: { readonly [name: string]: readonly ResizableResource[] }, more: Partial<ResizeFacts> = {}): ResizeFacts => ({
  acceptedAtMs: ACCEPTED,
  changes: { containers: changes, pod: [] },
  madeFor: new Map(),
  done: new Set(),
  ...more,
});

const restarts = (name: string, resource: ResizableResource, more: Partial<Container> = {}): Container =>
  container(name, { resizePolicy: [{ resourceName: resource, restartPolicy: "RestartContainer" }], ...more });

const later: Partial<SampleContainer> = { createdAtNanos: 2_000_000_000n };

interface Row extends Omit<Case, "facts"> {
  readonly resize: ResizeFacts;
}

const rows: Record<string, Row> = {
  "what changed is brought to the pod and to its container": {
    has: [{ name: "main" }],
    resize: order({ main: ["memory", "cpu"] }),
    plan: ["pod memory cpu", "main-0 memory", "main-0 cpu"],
  },
  "only what changed": { has: [{ name: "main" }], resize: order({ main: ["cpu"] }), plan: ["pod cpu", "main-0 cpu"] },
  "what was done is not done again": {
    has: [{ name: "main" }],
    resize: order({ main: ["memory", "cpu"] }, { done: new Set(["pod memory", "main-0 memory"]) }),
    plan: ["pod cpu", "main-0 cpu"],
  },
  "a container that was made for the order has it already": {
    has: [{ name: "main" }],
    resize: order({ main: ["cpu"] }, { madeFor: new Map([["main-0", ACCEPTED]]) }),
    plan: ["pod cpu"],
  },
  "one that was made for an earlier order has not": {
    has: [{ name: "main", ...later }],
    resize: order({ main: ["cpu"] }, { madeFor: new Map([["main-0", 0]]) }),
    plan: ["pod cpu", "main-0 cpu"],
  },
  "one that an earlier kubelet made since is told once more, which does no harm": {
    has: [{ name: "main", ...later }],
    resize: order({ main: ["cpu"] }),
    plan: ["pod cpu", "main-0 cpu"],
  },
  "one whose policy says so is restarted": {
    pod: { containers: [restarts("main", "memory")] },
    has: [{ name: "main" }],
    resize: order({ main: ["memory"] }),
    plan: ["kill main-0: resize", "start app main 1: replaced", "pod memory"],
  },
  "also under a policy that never restarts": {
    pod: { restartPolicy: "Never", containers: [restarts("main", "memory")] },
    has: [{ name: "main" }],
    resize: order({ main: ["memory"] }),
    plan: ["kill main-0: resize", "start app main 1: replaced", "pod memory"],
  },
  "not for a resource whose policy is another": {
    pod: { containers: [restarts("main", "memory")] },
    has: [{ name: "main" }],
    resize: order({ main: ["cpu"] }),
    plan: ["pod cpu", "main-0 cpu"],
  },
  "not twice, if an earlier kubelet may have done it": {
    pod: { containers: [restarts("main", "memory")] },
    has: [{ name: "main", ...later }],
    resize: order({ main: ["memory"] }),
    plan: ["pod memory"],
  },
  "a sidecar is changed, an init container that has ended is not": {
    pod: { initContainers: [container("i"), sidecar("s")] },
    has: [exited("i"), { name: "s" }, { name: "main" }],
    resize: order({ i: ["cpu"], s: ["cpu"], main: ["cpu"] }),
    plan: ["pod cpu", "s-0 cpu", "main-0 cpu"],
  },
  "a sidecar whose policy says so is restarted": {
    pod: { initContainers: [{ ...restarts("s", "cpu"), restartPolicy: "Always" }] },
    has: [{ name: "s" }, { name: "main" }],
    resize: order({ s: ["cpu"] }),
    plan: ["kill s-0: resize", "start sidecar s 1: replaced", "pod cpu"],
  },
  "an init container that runs is left alone": {
    pod: initPod,
    has: [{ name: "i1" }],
    resize: order({ i1: ["cpu"], main: ["cpu"] }),
    plan: ["wait init-exit i1", "pod cpu"],
  },
  "a limit of the pod is that of containers without one": {
    pod: { containers: [container("main"), container("own", { resources: { limits: { memory: "1Gi" } } })] },
    has: [{ name: "main" }, { name: "own" }],
    resize: { ...order({}), changes: { containers: {}, pod: ["memory"] } },
    plan: ["pod memory", "main-0 memory"],
  },
  "a container that does not run is made with it": {
    has: [exited("main", 1)],
    resize: order({ main: ["cpu"] }),
    plan: ["start app main 1: ended", "pod cpu"],
  },
  "a container that is killed for its own sake is made with it": {
    has: [{ name: "main" }],
    probes: { "main-0": { liveness: "failure" } },
    resize: order({ main: ["cpu"] }),
    plan: ["kill main-0: liveness", "start app main 1: replaced", "pod cpu"],
  },
  "with a new sandbox only the pod's cgroup is left": {
    has: [{ name: "main" }],
    sandboxes: [{ state: "notready" }],
    resize: order({ main: ["cpu"] }),
    plan: ["kill pod: sandbox-changed", "sandbox 1: not-ready", "start app main 1: ended", "pod cpu"],
  },
};

describe("a resize", () => {
  test.each(Object.entries(rows))("%s", (_name, { resize, ...given }) => {
    const { plan } = given;
    const computed = planOf({ ...given, facts: { resize } });
    expect([
      ...briefPlan(computed),
      ...((computed.resize?.pod.length ?? 0) === 0 ? [] : [`pod ${computed.resize?.pod.join(" ")}`]),
      ...(computed.resize?.containers ?? []).map(({ id, resource }) => `${id} ${resource}`),
    ]).toEqual(plan);
  });

  test("is over when nothing is left, and not while a container has to be restarted", () => {
    const view = (resize: ResizeFacts, main: Container) =>
      createPlanView(
        { pod: samplePod({ containers: [main] }), observed: sampleStatus([{ name: "main" }]), facts: facts({}, { resize }) },
        "s0",
      );
    const done = { done: new Set(["pod memory", "main-0 memory"]) };
    expect(isResized(view(order({ main: ["memory"] }), container("main")))).toBe(false);
    expect(isResized(view(order({ main: ["memory"] }, done), container("main")))).toBe(true);
    const podDone = { done: new Set(["pod memory"]) };
    expect(isResized(view(order({ main: ["memory"] }, podDone), restarts("main", "memory")))).toBe(false);
    expect(
      isResized(view(order({ main: ["memory"] }, { ...podDone, madeFor: new Map([["main-0", ACCEPTED]]) }), restarts("main", "memory"))),
    ).toBe(true);
  });
});

const resources = fc.subarray<ResizableResource>(["memory", "cpu"]);
const policies = fc.array(
  fc.record({ resourceName: fc.constantFrom("cpu", "memory", "x"), restartPolicy: fc.constantFrom("NotRequired", "RestartContainer", "") }),
  { maxLength: 3 },
);
const instance = fc.record({
  state: fc.constantFrom("created", "running", "exited", "unknown") as fc.Arbitrary<SampleContainer["state"]>,
  exitCode: fc.integer({ min: 0, max: 2 }),
  createdAtNanos: fc.bigInt({ min: -1n, max: 3_000_000_000n }),
});

test("the planning of a resize ends: what a plan names and is done is not in the next one, and the same input gives the same plan", () => {
  fc.assert(
    fc.property(
      fc.record({ main: policies, s: policies }),
      fc.record({ main: instance, s: instance }),
      fc.record({ main: resources, s: resources, "": resources, __proto__: resources, pod: resources }),
      fc.array(fc.tuple(fc.constantFrom("main-0", "s-0"), fc.integer({ min: 0, max: 2000 }))),
      (policy, has, { pod: whole, ...changed }, made) => {
        const pod = samplePod({
          containers: [container("main", { resizePolicy: policy.main })],
          initContainers: [sidecar("s", { resizePolicy: policy.s })],
        });
        const observed = sampleStatus([
          { name: "main", ...has.main },
          { name: "s", ...has.s },
        ] as readonly SampleContainer[]);
        const done = new Set<string>();
        const resize: ResizeFacts = { acceptedAtMs: ACCEPTED, changes: { containers: changed, pod: whole }, madeFor: new Map(made), done };
        const input = { pod, observed, facts: facts({}, { resize }) };
        const first = computePlan(input);
        expect(computePlan(input)).toEqual(first);
        for (const resource of first.resize?.pod ?? []) done.add(`pod ${resource}`);
        for (const { id, resource } of first.resize?.containers ?? []) done.add(`${id} ${resource}`);
        expect(computePlan(input).resize).toBeUndefined();
        const killed = new Set(first.containersToKill.map(({ id }) => id));
        for (const { id } of first.resize?.containers ?? []) {
          if (first.containersToKill.some((kill) => kill.id === id && kill.reason === "resize")) expect(killed.has(id)).toBe(false);
        }
      },
    ),
  );
});
