import { describe, expect, test } from "vitest";
import { briefPlan, container, deleted, exited, initPod, notReady, planOf } from "../testing/plan-cases.ts";
import type { Cases } from "../testing/plan-cases.ts";

describe("app containers", () => {
  const cases: Cases = {
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
    "OnFailure restarts after an error": {
      pod: { restartPolicy: "OnFailure" },
      has: [exited("main", 1)],
      plan: ["start app main 1: ended"],
    },
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
    "another command replaces nothing": {
      pod: { containers: [container("main", { command: ["new"] })] },
      has: [{ name: "main" }],
      plan: [],
    },
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
    "an end in a sandbox that was replaced restarts the container alone, whatever its rule says": {
      pod: {
        restartPolicy: "Never",
        containers: [
          container("main", { restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [1] } }] }),
        ],
      },
      has: [exited("main", 1, { sandboxId: "s0" })],
      sandboxes: [notReady, { attempt: 1 }],
      plan: ["start app main 1: ended"],
    },
    "a failed probe asks the policies, not the rules: no exit code is known yet": {
      pod: { containers: [container("main", { restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }] })] },
      has: [{ name: "main" }],
      probes: { "main-0": { liveness: "failure" } },
      plan: ["kill main-0: liveness", "start app main 1: replaced"],
    },
    "under Never the rules decide once the container has ended": {
      pod: {
        restartPolicy: "Never",
        containers: [container("main", { restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [137] } }] })],
      },
      has: [exited("main", 137)],
      plan: ["start app main 1: ended"],
    },
    "a probe's verdict on an earlier instance means nothing": {
      has: [{ name: "main", attempt: 1 }, exited("main", 137)],
      probes: { "main-0": { liveness: "failure" } },
      plan: [],
    },
    "a passing probe changes nothing": {
      has: [{ name: "main" }],
      probes: { "main-0": { liveness: "success", startup: "success" } },
      plan: [],
    },
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
    "a pod that is being deleted restarts nothing": {
      metadata: deleted,
      has: [exited("main", 1)],
      plan: ["kill pod: finished", "finished"],
    },
    "one dead instance of a container stays": { has: [{ name: "main", attempt: 1 }, exited("main", 1)], plan: [] },
    "older dead instances are removed": {
      has: [exited("main", 1, { attempt: 2 }), exited("main", 1, { attempt: 1 }), exited("main", 1)],
      facts: { nowMs: 10_000_000 },
      plan: ["remove main-1: superseded", "remove main-0: superseded", "start app main 3: ended"],
    },
  };
  test.each(Object.entries(cases))("%s", (_name, given) => {
    expect(briefPlan(planOf(given))).toEqual(given.plan);
  });
});

describe("ephemeral containers", () => {
  const cases: Cases = {
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
  };
  test.each(Object.entries(cases))("%s", (_name, given) => {
    expect(briefPlan(planOf(given))).toEqual(given.plan);
  });
});
