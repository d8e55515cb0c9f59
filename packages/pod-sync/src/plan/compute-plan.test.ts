import type { Container, Pod, PodSpec, RuntimePodStatus, RuntimeSandboxStatus } from "@nk/pod-model";
import { describe, expect, test } from "vitest";
import { samplePod, sampleStatus } from "../testing/index.ts";
import type { SampleContainer } from "../testing/index.ts";
import { computePlan } from "./compute-plan.ts";
import { DEFAULT_CRASH_BACKOFF_LIMITS } from "./crash-backoff.ts";
import type { PlanFacts, ProbeResults } from "./plan-input.ts";
import type { PodPlan } from "./pod-plan.ts";

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: "busybox", ...more });
const sidecar = (name: string, more: Partial<Container> = {}): Container => container(name, { restartPolicy: "Always", ...more });
const probe = { exec: { command: ["true"] } };

/** Ended containers ended at second 1005; the clock shows second 1006. */
const NOW_MS = 1_006_000;

const facts = (probes: { readonly [id: string]: ProbeResults } = {}, more: Partial<PlanFacts> = {}): PlanFacts => ({
  nowMs: NOW_MS,
  probes: new Map(Object.entries(probes)),
  backoffs: new Map(),
  backoffLimits: DEFAULT_CRASH_BACKOFF_LIMITS,
  ...more,
});

/** A plan in one line per step. */
const brief = (plan: PodPlan): readonly string[] => [
  ...(plan.killPod === undefined ? [] : [`kill pod: ${plan.killPod}`]),
  ...(plan.createSandbox === undefined ? [] : [`sandbox ${plan.sandboxAttempt}: ${plan.createSandbox}`]),
  ...(plan.restartAll === undefined ? [] : [`restart all: ${plan.restartAll.source}`]),
  ...plan.containersToKill.map(({ id, reason }) => `kill ${id}: ${reason}`),
  ...plan.containersToRemove.map(({ id, reason }) => `remove ${id}: ${reason}`),
  ...plan.sandboxesToRemove.map((id) => `remove sandbox ${id}`),
  ...plan.containersToStart.map(({ name, kind, attempt, reason }) => `start ${kind} ${name} ${attempt ?? "?"}: ${reason}`),
  ...plan.waits.map((wait) => `wait ${wait.on} ${wait.container}`),
  ...(plan.isFinished ? ["finished"] : []),
];

interface Case {
  readonly pod?: Partial<PodSpec>;
  readonly metadata?: Pod["metadata"];
  readonly has?: readonly SampleContainer[];
  readonly sandboxes?: readonly Partial<RuntimeSandboxStatus>[];
  readonly nothing?: true;
  readonly probes?: { readonly [id: string]: ProbeResults };
  readonly facts?: Partial<PlanFacts>;
  readonly plan: readonly string[];
}

const planOf = (given: Case): PodPlan => {
  const observed: RuntimePodStatus | undefined = given.nothing ? undefined : sampleStatus(given.has, given.sandboxes);
  return computePlan({ pod: samplePod(given.pod, given.metadata), observed, facts: facts(given.probes, given.facts) });
};

const table = (title: string, cases: { readonly [name: string]: Case }): void => {
  describe(title, () => {
    test.each(Object.entries(cases))("%s", (_name, given) => {
      expect(brief(planOf(given))).toEqual(given.plan);
    });
  });
};

const exited = (name: string, exitCode = 0, more: Partial<SampleContainer> = {}): SampleContainer => ({ name, state: "exited", exitCode, ...more });
const notReady = { state: "notready" } as const;
const initPod: Partial<PodSpec> = { initContainers: [container("i1"), container("i2")] };
const deleted = { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 30 };

table("sandbox", {
  "a new pod gets a sandbox and its container": { nothing: true, plan: ["sandbox 0: missing", "start app main ?: missing"] },
  "a new pod with init containers starts only the first": { nothing: true, pod: initPod, plan: ["sandbox 0: missing", "start init i1 ?: missing"] },
  "a pod whose sandbox is ready keeps it": { has: [{ name: "main" }], plan: [] },
  "a sandbox that is not ready is replaced": {
    has: [exited("main", 137)],
    sandboxes: [notReady],
    plan: ["kill pod: sandbox-changed", "sandbox 1: not-ready", "start app main 1: ended"],
  },
  "a lost sandbox without containers is replaced even under Never": {
    pod: { restartPolicy: "Never" },
    sandboxes: [notReady],
    plan: ["kill pod: sandbox-changed", "sandbox 1: not-ready", "start app main ?: missing"],
  },
  "under Never a lost sandbox ends the pod": {
    pod: { restartPolicy: "Never" },
    has: [exited("main", 137)],
    sandboxes: [notReady],
    plan: ["kill pod: sandbox-gone", "finished"],
  },
  "under Never a container with a policy of its own brings the sandbox back": {
    pod: { restartPolicy: "Never", containers: [container("main"), container("again", { restartPolicy: "OnFailure" })] },
    has: [exited("main", 0), exited("again", 1)],
    sandboxes: [notReady],
    plan: ["kill pod: sandbox-changed", "sandbox 1: not-ready", "start app again 1: ended"],
  },
  "under OnFailure only what did not succeed comes back": {
    pod: { restartPolicy: "OnFailure", containers: [container("a"), container("b")] },
    has: [exited("a", 0), exited("b", 1)],
    sandboxes: [notReady],
    plan: ["kill pod: sandbox-changed", "sandbox 1: not-ready", "start app b 1: ended"],
  },
  "under OnFailure a pod that succeeded gets no new sandbox": {
    pod: { restartPolicy: "OnFailure" },
    has: [exited("main", 0)],
    sandboxes: [notReady],
    plan: ["kill pod: sandbox-gone", "finished"],
  },
  "two ready sandboxes are both given up": {
    has: [{ name: "main", sandboxId: "s1" }],
    sandboxes: [{}, { attempt: 1 }],
    plan: ["kill pod: sandbox-changed", "sandbox 2: several-ready", "start app main 1: ended"],
  },
  "an older ready sandbox does not help when the newest is not": {
    sandboxes: [{}, { attempt: 1, ...notReady }],
    plan: ["kill pod: sandbox-changed", "sandbox 2: not-ready", "start app main ?: missing"],
  },
  "a sandbox on the node's network does not suit a pod with its own": {
    sandboxes: [{ network: "node", ips: [] }],
    plan: ["kill pod: sandbox-changed", "sandbox 1: network-mode", "start app main ?: missing"],
  },
  "a sandbox with its own network does not suit a pod on the node's": {
    pod: { hostNetwork: true },
    plan: ["kill pod: sandbox-changed", "sandbox 1: network-mode", "start app main ?: missing"],
  },
  "a sandbox without an address is replaced": {
    sandboxes: [{ ips: [] }],
    plan: ["kill pod: sandbox-changed", "sandbox 1: no-ip", "start app main ?: missing"],
  },
  "on the node's network no address is needed": {
    pod: { hostNetwork: true },
    has: [{ name: "main" }],
    sandboxes: [{ network: "node", ips: [] }],
    plan: [],
  },
  "init containers start over in a new sandbox and their remains go": {
    pod: initPod,
    has: [exited("i1"), exited("i2"), exited("main", 137)],
    sandboxes: [notReady],
    plan: [
      "kill pod: sandbox-changed",
      "sandbox 1: not-ready",
      "remove i1-0: sandbox-changed",
      "remove i2-0: sandbox-changed",
      "start init i1 1: ended".replace("ended", "missing"),
    ],
  },
  "a pod that is being deleted gets no new sandbox": {
    metadata: deleted,
    has: [exited("main", 137)],
    sandboxes: [notReady],
    plan: ["kill pod: sandbox-gone", "finished"],
  },
  "a crash back-off holds the container but not the new sandbox": {
    has: [exited("main", 1, { attempt: 3 })],
    sandboxes: [notReady],
    plan: ["kill pod: sandbox-changed", "sandbox 1: not-ready", "wait crash-backoff main"],
  },
  "an empty replaced sandbox is removed": {
    has: [{ name: "main", sandboxId: "s1" }],
    sandboxes: [notReady, { attempt: 1 }],
    plan: ["remove sandbox s0"],
  },
  "a replaced sandbox that holds the last state of a container stays": {
    has: [{ name: "main", sandboxId: "s1", attempt: 1 }, exited("main", 137)],
    sandboxes: [notReady, { attempt: 1 }],
    plan: [],
  },
});

table("app containers", {
  "a missing container is started": { plan: ["start app main ?: missing"] },
  "containers start in the order of the spec": {
    pod: { containers: [container("b"), container("a")] },
    plan: ["start app b ?: missing", "start app a ?: missing"],
  },
  "only the missing one of two is started": {
    pod: { containers: [container("a"), container("b")] },
    has: [{ name: "a" }],
    plan: ["start app b ?: missing"],
  },
  "Always restarts after an error": { has: [exited("main", 1)], plan: ["start app main 1: ended"] },
  "Always restarts after success": { has: [exited("main", 0)], plan: ["start app main 1: ended"] },
  "OnFailure restarts after an error": { pod: { restartPolicy: "OnFailure" }, has: [exited("main", 1)], plan: ["start app main 1: ended"] },
  "OnFailure leaves success": { pod: { restartPolicy: "OnFailure" }, has: [exited("main", 0)], plan: ["kill pod: finished", "finished"] },
  "Never leaves an error": { pod: { restartPolicy: "Never" }, has: [exited("main", 1)], plan: ["kill pod: finished", "finished"] },
  "Never leaves a running container alone": { pod: { restartPolicy: "Never" }, has: [{ name: "main" }], plan: [] },
  "Never still starts a container that has not been there": {
    pod: { restartPolicy: "Never", containers: [container("a"), container("b")] },
    has: [exited("a")],
    plan: ["start app b ?: missing"],
  },
  "a pod lives as long as one container runs": {
    pod: { restartPolicy: "Never", containers: [container("a"), container("b")] },
    has: [exited("a", 1), { name: "b" }],
    plan: [],
  },
  "a container's own policy wins over the pod's": {
    pod: { containers: [container("main", { restartPolicy: "Never" })] },
    has: [exited("main", 1)],
    plan: ["kill pod: finished", "finished"],
  },
  "a rule restarts what the policy would leave": {
    pod: {
      containers: [
        container("main", {
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
        }),
      ],
    },
    has: [exited("main", 42)],
    plan: ["start app main 1: ended"],
  },
  "a rule for other exit codes does not": {
    pod: {
      containers: [
        container("main", {
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
        }),
      ],
    },
    has: [exited("main", 1)],
    plan: ["kill pod: finished", "finished"],
  },
  "NotIn matches what is not listed": {
    pod: {
      containers: [
        container("main", {
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "NotIn", values: [42] } }],
        }),
      ],
    },
    has: [exited("main", 1)],
    plan: ["start app main 1: ended"],
  },
  "a created container is removed and made again with the same number": {
    has: [{ name: "main", state: "created" }],
    plan: ["remove main-0: never-started", "start app main 0: never-started"],
  },
  "a created restart keeps its number and the last end": {
    has: [exited("main", 1), { name: "main", state: "created", attempt: 1 }],
    plan: ["remove main-1: never-started", "start app main 1: never-started"],
  },
  "a container in an unknown state is killed, then restarted": {
    has: [{ name: "main", state: "unknown" }],
    plan: ["kill main-0: unknown-state", "start app main 1: replaced"],
  },
  "another image replaces the container": {
    has: [{ name: "main", image: "old" }],
    plan: ["kill main-0: definition-changed", "start app main 1: replaced"],
  },
  "another image replaces it even under Never": {
    pod: { restartPolicy: "Never" },
    has: [{ name: "main", image: "old" }],
    plan: ["kill main-0: definition-changed", "start app main 1: replaced"],
  },
  "a container that no kubelet marked is left alone": { has: [{ name: "main", image: "old", annotations: {} }], plan: [] },
  "another command replaces nothing": { pod: { containers: [container("main", { command: ["new"] })] }, has: [{ name: "main" }], plan: [] },
  "a failed liveness probe replaces the container": {
    has: [{ name: "main" }],
    probes: { "main-0": { liveness: "failure" } },
    plan: ["kill main-0: liveness", "start app main 1: replaced"],
  },
  "a failed startup probe replaces the container": {
    has: [{ name: "main" }],
    probes: { "main-0": { startup: "failure" } },
    plan: ["kill main-0: startup", "start app main 1: replaced"],
  },
  "under Never a failed liveness probe only kills": {
    pod: { restartPolicy: "Never" },
    has: [{ name: "main" }],
    probes: { "main-0": { liveness: "failure" } },
    plan: ["kill main-0: liveness"],
  },
  "under OnFailure a failed liveness probe restarts": {
    pod: { restartPolicy: "OnFailure" },
    has: [{ name: "main" }],
    probes: { "main-0": { liveness: "failure" } },
    plan: ["kill main-0: liveness", "start app main 1: replaced"],
  },
  "rules decide only after the kill of a failed probe": {
    pod: { containers: [container("main", { restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }] })] },
    has: [{ name: "main" }],
    probes: { "main-0": { liveness: "failure" } },
    plan: ["kill main-0: liveness"],
  },
  "a probe's verdict on an earlier instance means nothing": {
    has: [{ name: "main", attempt: 1 }, exited("main", 137)],
    probes: { "main-0": { liveness: "failure" } },
    plan: [],
  },
  "a passing probe changes nothing": { has: [{ name: "main" }], probes: { "main-0": { liveness: "success", startup: "success" } }, plan: [] },
  "a container left in a replaced sandbox moves": {
    has: [{ name: "main", sandboxId: "s0" }],
    sandboxes: [notReady, { attempt: 1 }],
    plan: ["kill main-0: old-sandbox", "start app main 1: replaced"],
  },
  "a running container that the pod does not define is killed": {
    has: [{ name: "main" }, { name: "gone" }],
    plan: ["kill gone-0: not-in-spec"],
  },
  "a dead one that the pod does not define is left": { has: [{ name: "main" }, exited("gone")], plan: [] },
  "a pod that is being deleted restarts nothing": { metadata: deleted, has: [exited("main", 1)], plan: ["kill pod: finished", "finished"] },
  "one dead instance of a container stays": { has: [{ name: "main", attempt: 1 }, exited("main", 1)], plan: [] },
  "older dead instances are removed": {
    has: [exited("main", 1, { attempt: 2 }), exited("main", 1, { attempt: 1 }), exited("main", 1)],
    facts: { nowMs: 10_000_000 },
    plan: ["remove main-1: superseded", "remove main-0: superseded", "start app main 3: ended"],
  },
});

table("init containers", {
  "the first starts": { pod: initPod, plan: ["start init i1 ?: missing"] },
  "a running one is waited for": { pod: initPod, has: [{ name: "i1" }], plan: ["wait init-exit i1"] },
  "the second follows the first": { pod: initPod, has: [exited("i1")], plan: ["start init i2 ?: missing"] },
  "apps follow the last": { pod: initPod, has: [exited("i1"), exited("i2")], plan: ["start app main ?: missing"] },
  "a failed one is restarted": { pod: initPod, has: [exited("i1", 1)], plan: ["start init i1 1: ended"] },
  "a failed one is restarted under OnFailure": {
    pod: { ...initPod, restartPolicy: "OnFailure" },
    has: [exited("i1", 1)],
    plan: ["start init i1 1: ended"],
  },
  "a failed one ends the pod under Never": {
    pod: { ...initPod, restartPolicy: "Never" },
    has: [exited("i1", 1)],
    plan: ["kill pod: init-failed", "finished"],
  },
  "a failed one with a rule is restarted under Never": {
    pod: {
      restartPolicy: "Never",
      initContainers: [
        container("i1", { restartPolicy: "Never", restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }] }),
      ],
    },
    has: [exited("i1", 1)],
    plan: ["start init i1 1: ended"],
  },
  "being killed for its memory is a failure whatever the code": {
    pod: { ...initPod, restartPolicy: "Never" },
    has: [exited("i1", 0, { reason: "OOMKilled" })],
    plan: ["kill pod: init-failed", "finished"],
  },
  "an unknown one is killed and restarted": {
    pod: initPod,
    has: [{ name: "i1", state: "unknown" }],
    plan: ["kill i1-0: unknown-state", "start init i1 1: replaced"],
  },
  "an unknown one ends the pod under Never": {
    pod: { ...initPod, restartPolicy: "Never" },
    has: [{ name: "i1", state: "unknown" }],
    plan: ["kill pod: init-failed", "finished"],
  },
  "a created one is made again": {
    pod: initPod,
    has: [{ name: "i1", state: "created" }],
    plan: ["remove i1-0: never-started", "start init i1 0: never-started"],
  },
  "an earlier one that was garbage-collected does not run again": {
    pod: initPod,
    has: [exited("i2")],
    plan: ["start app main ?: missing"],
  },
  "none runs again once an app container exists": { pod: initPod, has: [{ name: "main" }], plan: [] },
  "none runs again when the app container ended": { pod: initPod, has: [exited("main", 1)], plan: ["start app main 1: ended"] },
  "an end in an earlier sandbox is no progress": {
    pod: initPod,
    has: [exited("i1"), exited("i2"), exited("main", 137)],
    sandboxes: [notReady, { attempt: 1 }],
    plan: ["start init i1 1: missing"],
  },
  "another image of a finished one changes nothing": { pod: initPod, has: [exited("i1", 0, { image: "old" })], plan: ["start init i2 ?: missing"] },
});

const side = { initContainers: [container("i1"), sidecar("side"), container("i2")] };
const probedSide = { initContainers: [sidecar("side", { startupProbe: probe, livenessProbe: probe }), container("i2")] };

table("sidecars", {
  "one starts after the init container before it": {
    pod: side,
    has: [exited("i1")],
    plan: ["start sidecar side ?: missing", "wait sidecar-start side"],
  },
  "the next init container starts when it runs": { pod: side, has: [exited("i1"), { name: "side" }], plan: ["start init i2 ?: missing"] },
  "with a startup probe it is waited for": { pod: probedSide, has: [{ name: "side" }], plan: ["wait startup-probe side"] },
  "after the startup probe the next one starts": {
    pod: probedSide,
    has: [{ name: "side" }],
    probes: { "side-0": { startup: "success" } },
    plan: ["start init i2 ?: missing"],
  },
  "after a failed startup probe it is replaced": {
    pod: probedSide,
    has: [{ name: "side" }],
    probes: { "side-0": { startup: "failure" } },
    plan: ["kill side-0: startup", "start sidecar side 1: replaced", "wait sidecar-start side"],
  },
  "a failed liveness probe replaces it and holds nothing": {
    pod: probedSide,
    has: [{ name: "side" }],
    probes: { "side-0": { startup: "success", liveness: "failure" } },
    plan: ["kill side-0: liveness", "start sidecar side 1: replaced", "start init i2 ?: missing"],
  },
  "the last one being started lets apps start": {
    pod: { initContainers: [sidecar("side")] },
    has: [{ name: "side" }],
    plan: ["start app main ?: missing"],
  },
  "one that ended is restarted while the next init container runs": {
    pod: side,
    has: [exited("i1"), exited("side", 1), { name: "i2" }],
    plan: ["start sidecar side 1: ended", "wait init-exit i2"],
  },
  "one that ended holds the next one": {
    pod: side,
    has: [exited("i1"), exited("side", 0)],
    plan: ["start sidecar side 1: ended", "wait sidecar-start side"],
  },
  "one that ended is restarted beside running apps": {
    pod: side,
    has: [exited("side", 1), { name: "main" }],
    plan: ["start sidecar side 1: ended", "wait sidecar-start side"],
  },
  "one that vanished is started beside running apps": {
    pod: side,
    has: [{ name: "main" }],
    plan: ["start sidecar side ?: missing", "wait sidecar-start side"],
  },
  "it is restarted under Never as well": {
    pod: { ...side, restartPolicy: "Never" },
    has: [exited("side", 1), { name: "main" }],
    plan: ["start sidecar side 1: ended", "wait sidecar-start side"],
  },
  "another image replaces it": {
    pod: side,
    has: [{ name: "side", image: "old" }, { name: "main" }],
    plan: ["kill side-0: definition-changed", "start sidecar side 1: replaced", "wait sidecar-start side"],
  },
  "in an unknown state it is killed first": {
    pod: side,
    has: [{ name: "side", state: "unknown" }, { name: "main" }],
    plan: ["kill side-0: unknown-state", "start sidecar side 1: replaced", "wait sidecar-start side"],
  },
  "created and not started it is made again": {
    pod: side,
    has: [exited("i1"), { name: "side", state: "created" }],
    plan: ["remove side-0: never-started", "start sidecar side 0: never-started", "wait sidecar-start side"],
  },
  "it does not keep a finished pod alive": {
    pod: { ...side, restartPolicy: "Never" },
    has: [{ name: "side" }, exited("main")],
    plan: ["kill pod: finished", "finished"],
  },
  "an ended one is not restarted for a finished pod": {
    pod: { ...side, restartPolicy: "Never" },
    has: [exited("side", 1), exited("main")],
    plan: ["kill pod: finished", "finished"],
  },
  "its back-off lets apps go on": {
    pod: { initContainers: [sidecar("side")], containers: [container("a"), container("b")] },
    has: [exited("side", 1, { attempt: 4 }), { name: "a" }],
    plan: ["start app b ?: missing", "wait crash-backoff side"],
  },
});

table("ephemeral containers", {
  "one starts beside everything else": {
    pod: { ephemeralContainers: [{ name: "debug", image: "busybox" }] },
    has: [{ name: "main" }],
    plan: ["start ephemeral debug ?: missing"],
  },
  "one starts before initialisation has ended": {
    pod: { ...initPod, ephemeralContainers: [{ name: "debug", image: "busybox" }] },
    has: [{ name: "i1" }],
    plan: ["start ephemeral debug ?: missing", "wait init-exit i1"],
  },
  "one never starts again": {
    pod: { ephemeralContainers: [{ name: "debug", image: "busybox" }] },
    has: [{ name: "main" }, exited("debug", 1)],
    plan: [],
  },
  "one does not keep a pod alive": {
    pod: { restartPolicy: "Never", ephemeralContainers: [{ name: "debug", image: "busybox" }] },
    has: [exited("main"), { name: "debug" }],
    plan: ["kill pod: finished", "finished"],
  },
});

const restartAllPod: Partial<PodSpec> = {
  restartPolicy: "Never",
  initContainers: [container("i1")],
  containers: [
    container("main"),
    container("watch", {
      restartPolicy: "Never",
      restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [88] } }],
    }),
  ],
};

table("restart of all containers", {
  "kills and removes everything, the source last": {
    pod: restartAllPod,
    has: [exited("i1"), { name: "main" }, exited("watch", 88)],
    plan: ["restart all: watch", "kill main-0: restart-all", "remove i1-0: restart-all", "remove main-0: restart-all", "remove watch-0: restart-all"],
  },
  "begins again from the first init container": { pod: restartAllPod, plan: ["start init i1 ?: missing"] },
  "waits for the back-off of the source": {
    pod: restartAllPod,
    has: [exited("i1"), { name: "main" }, exited("watch", 88, { attempt: 2 })],
    plan: ["wait crash-backoff watch"],
  },
  "takes no other exit code": { pod: restartAllPod, has: [exited("i1"), { name: "main" }, exited("watch", 1)], plan: [] },
});

const entry = (backoffMs: number, more: { readonly lastRestartMs?: number; readonly specKey?: string } = {}) => ({
  specKey: "busybox {}",
  backoffMs,
  lastRestartMs: 1_000_000,
  ...more,
});

describe("crash back-off", () => {
  const decide = (given: { attempt?: number; entry?: ReturnType<typeof entry>; nowMs?: number; startedAtNanos?: bigint }) => {
    const plan = planOf({
      has: [exited("main", 1, { attempt: given.attempt ?? 0, ...(given.startedAtNanos !== undefined && { startedAtNanos: given.startedAtNanos }) })],
      facts: {
        nowMs: given.nowMs ?? NOW_MS,
        backoffs: new Map(given.entry === undefined ? [] : [["main", given.entry]]),
      },
      plan: [],
    });
    const [start] = plan.containersToStart;
    return start === undefined ? `wait until ${plan.retryAtMs}` : `start, then ${start.nextBackoffMs}`;
  };

  test.each([
    ["the first crash is restarted at once", {}, "start, then 10000"],
    ["the second waits ten seconds from its end", { attempt: 1, entry: entry(10_000) }, "wait until 1015000"],
    ["it is restarted at the very end of its wait", { attempt: 1, entry: entry(10_000), nowMs: 1_015_000 }, "start, then 20000"],
    ["a millisecond before, it is not", { attempt: 1, entry: entry(10_000), nowMs: 1_014_999 }, "wait until 1015000"],
    ["the wait doubles", { attempt: 2, entry: entry(20_000), nowMs: 1_030_000 }, "start, then 40000"],
    ["the wait is never longer than five minutes", { attempt: 9, entry: entry(300_000), nowMs: 1_400_000 }, "start, then 300000"],
    ["a long run is forgiven", { attempt: 9, entry: entry(300_000, { lastRestartMs: 1_005_000 - 600_001 }) }, "start, then 10000"],
    ["a run of exactly ten minutes is not", { attempt: 9, entry: entry(300_000, { lastRestartMs: 1_005_000 - 600_000 }) }, "wait until 1305000"],
    ["another image starts afresh", { attempt: 9, entry: entry(300_000, { specKey: "old {}" }) }, "start, then 10000"],
    ["a forgetful kubelet takes restarts for crashes", { attempt: 1 }, "wait until 1015000"],
    ["a forgetful kubelet doubles for each of them", { attempt: 3 }, "wait until 1045000"],
    ["a forgetful kubelet waits five minutes at most", { attempt: 1000 }, "wait until 1305000"],
    ["a forgetful kubelet forgives a long run", { attempt: 9, startedAtNanos: 300_000_000_000n }, "start, then 10000"],
    ["a clock that was set back makes no wait longer", { attempt: 1, entry: entry(10_000), nowMs: 500_000 }, "wait until 510000"],
  ] as const)("%s", (_name, given, expected) => {
    expect(decide(given)).toBe(expected);
  });

  test("the end before the running instance counts when a probe fails", () => {
    const plan = planOf({
      has: [{ name: "main", attempt: 2 }, exited("main", 137, { attempt: 1 })],
      probes: { "main-2": { liveness: "failure" } },
      facts: { backoffs: new Map([["main", entry(20_000)]]) },
      plan: [],
    });
    expect(brief(plan)).toEqual(["kill main-2: liveness", "wait crash-backoff main"]);
  });

  test("the earliest of several ends is when to plan again", () => {
    const plan = planOf({
      pod: { containers: [container("a"), container("b")] },
      has: [exited("a", 1, { attempt: 3 }), exited("b", 1, { attempt: 1 })],
      plan: [],
    });
    expect(plan.retryAtMs).toBe(1_015_000);
  });
});

describe("texts of kills", () => {
  const messages = (given: Case): readonly string[] => planOf(given).containersToKill.map((kill) => kill.message);

  test.each<readonly [string, Case]>([
    ["Container main definition changed, will be restarted", { has: [{ name: "main", image: "old" }], plan: [] }],
    ["Container main failed liveness probe, will be restarted", { has: [{ name: "main" }], probes: { "main-0": { liveness: "failure" } }, plan: [] }],
    ["Container main failed startup probe, will be restarted", { has: [{ name: "main" }], probes: { "main-0": { startup: "failure" } }, plan: [] }],
    [
      "Container main failed liveness probe",
      { pod: { restartPolicy: "Never" }, has: [{ name: "main" }], probes: { "main-0": { liveness: "failure" } }, plan: [] },
    ],
    ['Container is in "unknown" state, try killing it before restart', { has: [{ name: "main", state: "unknown" }], plan: [] }],
    ["Init container side failed startup probe", { pod: probedSide, has: [{ name: "side" }], probes: { "side-0": { startup: "failure" } }, plan: [] }],
  ])("%s", (message, given) => {
    expect(messages(given)).toEqual([message]);
  });
});

test("a plan changes nothing it was given", () => {
  const freeze = <T>(value: T): T => {
    if (typeof value === "object" && value !== null && !(value instanceof Map)) Object.values(value).forEach(freeze);
    return typeof value === "object" ? Object.freeze(value) : value;
  };
  const input = freeze({
    pod: samplePod(side),
    observed: sampleStatus([exited("i1"), exited("side", 1), { name: "i2", state: "unknown" }]),
    facts: facts(),
  });
  expect(computePlan(input)).toEqual(computePlan(input));
});
