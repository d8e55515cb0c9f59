import { describe, expect, test } from "vitest";
import { briefPlan, container, deleted, exited, initPod, notReady, planOf } from "../testing/plan-cases.ts";
import type { Cases } from "../testing/plan-cases.ts";

describe("sandbox", () => {
  const cases: Cases = {
    "a new pod gets a sandbox and its container": { nothing: true, plan: ["sandbox 0: missing", "start app main ?: missing"] },
    "a new pod with init containers starts only the first": {
      nothing: true,
      pod: initPod,
      plan: ["sandbox 0: missing", "start init i1 ?: missing"],
    },
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
        "start init i1 1: missing",
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
  };
  test.each(Object.entries(cases))("%s", (_name, given) => {
    expect(briefPlan(planOf(given))).toEqual(given.plan);
  });
});
