import { describe, expect, test } from "vitest";
import { briefPlan, container, exited, initPod, notReady, planOf, probe, sidecar } from "../testing/plan-cases.ts";
import type { Cases } from "../testing/plan-cases.ts";

describe("init containers", () => {
  const cases: Cases = {
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
          container("i1", {
            restartPolicy: "Never",
            restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }],
          }),
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
    "another image of a finished one changes nothing": {
      pod: initPod,
      has: [exited("i1", 0, { image: "old" })],
      plan: ["start init i2 ?: missing"],
    },
  };
  test.each(Object.entries(cases))("%s", (_name, given) => {
    expect(briefPlan(planOf(given))).toEqual(given.plan);
  });
});

const side = { initContainers: [container("i1"), sidecar("side"), container("i2")] };

const probedSide = { initContainers: [sidecar("side", { startupProbe: probe, livenessProbe: probe }), container("i2")] };

describe("sidecars", () => {
  const cases: Cases = {
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
      plan: ["start sidecar side 1: ended"],
    },
    "one that vanished is started beside running apps": {
      pod: side,
      has: [{ name: "main" }],
      plan: ["start sidecar side ?: missing"],
    },
    "it is restarted under Never as well": {
      pod: { ...side, restartPolicy: "Never" },
      has: [exited("side", 1), { name: "main" }],
      plan: ["start sidecar side 1: ended"],
    },
    "another image replaces it": {
      pod: side,
      has: [{ name: "side", image: "old" }, { name: "main" }],
      plan: ["kill side-0: definition-changed", "start sidecar side 1: replaced"],
    },
    "in an unknown state it is killed first": {
      pod: side,
      has: [{ name: "side", state: "unknown" }, { name: "main" }],
      plan: ["kill side-0: unknown-state", "start sidecar side 1: replaced"],
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
  };
  test.each(Object.entries(cases))("%s", (_name, given) => {
    expect(briefPlan(planOf(given))).toEqual(given.plan);
  });
});
