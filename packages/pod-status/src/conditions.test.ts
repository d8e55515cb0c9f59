import type { PodCondition, PodStatus } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { named, statusOfRow } from "./testing/sketch-rows.ts";
import type { StatusRow } from "./testing/sketch-rows.ts";

type Rows = { readonly [sentence: string]: readonly [StatusRow, string] };

const textOf = (status: PodStatus, type: string): string => {
  const found: PodCondition | undefined = status.conditions?.find((condition) => condition.type === type);
  return found === undefined ? "absent" : [found.status, found.reason, found.message].filter((text) => text !== undefined).join(" | ");
};

const readiness = { readinessProbe: { exec: { command: ["true"] } } };
const startup = { startupProbe: { exec: { command: ["true"] } } };
const sidecar = (more = {}) => named("side", { restartPolicy: "Always", ...more });
const withInit = { initContainers: [named("i1"), named("i2")] };
const gates = { readinessGates: [{ conditionType: "example.com/a" }, { conditionType: "example.com/b" }] };
const condition = (type: string, status: string): PodCondition => ({ type, status });
const restartAll = {
  restartPolicy: "Never",
  containers: [
    named("main", {
      restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [88] } }],
    }),
  ],
};

const unready = "False | ContainersNotReady | containers with unready status:";

/** By condition. */
const TABLES: { readonly [type: string]: Rows } = {
  PodReadyToStartContainers: {
    "is false before there is a sandbox": [{ sandbox: "none" }, "False"],
    "is true with a ready sandbox that has an address": [{}, "True"],
    "is false when the sandbox has no address": [{ sandbox: { ips: [] } }, "False"],
    "is true on the host's network without an address": [{ spec: { hostNetwork: true }, sandbox: { network: "node", ips: [] } }, "True"],
    "is false when the sandbox is not ready": [{ sandbox: { state: "notready" } }, "False"],
    "stays true while containers wait for their images": [{ waiting: { main: "ImagePullBackOff" } }, "True"],
  },
  Initialized: {
    "is true without init containers": [{}, "True"],
    "names the init containers that are not done": [
      { spec: withInit },
      "False | ContainersNotInitialized | containers with incomplete status: [i1 i2]",
    ],
    "does not name one that has succeeded": [
      { spec: withInit, has: { i1: "ended 0", i2: "runs" } },
      "False | ContainersNotInitialized | containers with incomplete status: [i2]",
    ],
    "names one that has failed": [
      { spec: withInit, has: { i1: "ended 1" } },
      "False | ContainersNotInitialized | containers with incomplete status: [i1 i2]",
    ],
    "is true when all have succeeded": [{ spec: withInit, has: { i1: "ended 0", i2: "ended 0" } }, "True"],
    "names a sidecar that has not started": [
      { spec: { initContainers: [sidecar(startup)] }, has: { side: "runs" }, probes: { side: { started: false } } },
      "False | ContainersNotInitialized | containers with incomplete status: [side]",
    ],
    "is true when the sidecar has started": [
      { spec: { initContainers: [sidecar(startup)] }, has: { side: "runs" }, probes: { side: { started: true } } },
      "True",
    ],
    "is true once a container has started, although init containers are gone from the runtime": [
      { spec: withInit, has: { main: "runs" } },
      "True",
    ],
    "is true although a sidecar starts once more": [
      { spec: { initContainers: [sidecar(startup)] }, has: { side: "runs, ended 1", main: "runs" }, probes: { side: { started: false } } },
      "True",
    ],
    "stays true while init containers run again in a new sandbox": [
      { spec: withInit, has: { i1: "runs, ended 0", i2: "ended 0" }, before: { conditions: [condition("Initialized", "True")] } },
      "True",
    ],
    "says that the pod has completed": [
      { spec: { ...withInit, restartPolicy: "Never" }, has: { i1: "ended 0", i2: "ended 0", main: "ended 0" } },
      "True | PodCompleted",
    ],
    "stays false when an init container has failed for good": [
      { spec: { ...withInit, restartPolicy: "Never" }, has: { i1: "ended 1" } },
      "False | ContainersNotInitialized | containers with incomplete status: [i1 i2]",
    ],
    "is true of a pod whose container has failed": [{ spec: { restartPolicy: "Never" }, has: { main: "ended 1" } }, "True"],
  },
  ContainersReady: {
    "is true when the only container runs and has no probe": [{ has: { main: "runs" } }, "True"],
    "names a container that has not been started": [{}, `${unready} [main]`],
    "names a container whose readiness probe says no": [
      { spec: { containers: [named("main", readiness)] }, has: { main: "runs" }, probes: { main: { ready: false } } },
      `${unready} [main]`,
    ],
    "is true when its readiness probe says yes": [
      { spec: { containers: [named("main", readiness)] }, has: { main: "runs" }, probes: { main: { ready: true } } },
      "True",
    ],
    "names a container whose startup probe has not succeeded": [
      { spec: { containers: [named("main", startup)] }, has: { main: "runs" }, probes: { main: { started: false } } },
      `${unready} [main]`,
    ],
    "names a container in its back-off": [{ has: { main: "ended 1" }, waiting: { main: "CrashLoopBackOff" } }, `${unready} [main]`],
    "names a container that has ended beside one that runs": [
      { spec: { restartPolicy: "Never", containers: [named("a"), named("b")] }, has: { a: "ended 0", b: "runs" } },
      `${unready} [a]`,
    ],
    "names containers in the order of the spec": [{ spec: { containers: [named("z"), named("a")] } }, `${unready} [z a]`],
    "names a sidecar that is not ready, before the containers": [
      {
        spec: { initContainers: [sidecar(readiness)] },
        has: { side: "runs", main: "created" },
        probes: { side: { ready: false } },
      },
      `${unready} [side main]`,
    ],
    "does not name init containers": [{ spec: withInit, has: { i1: "runs" } }, `${unready} [main]`],
    "does not name ephemeral containers": [
      { spec: { ephemeralContainers: [named("dbg")] }, has: { main: "runs", dbg: "ended 1" } },
      "True",
    ],
    "says that the pod has completed": [{ spec: { restartPolicy: "Never" }, has: { main: "ended 0" } }, "False | PodCompleted"],
    "says that the pod has failed": [{ spec: { restartPolicy: "Never" }, has: { main: "ended 1" } }, "False | PodFailed"],
    "says that a pod has failed whose containers still run": [
      { has: { main: "runs" }, more: { override: { phase: "Failed", reason: "Evicted", message: "" } } },
      "False | PodFailed",
    ],
  },
  Ready: {
    "follows the containers": [{ has: { main: "runs" } }, "True"],
    "says what the containers lack": [{}, `${unready} [main]`],
    "waits for its gates": [
      { spec: gates, has: { main: "runs" } },
      'False | ReadinessGatesNotReady | corresponding condition of pod readiness gate "example.com/a" does not exist., ' +
        'corresponding condition of pod readiness gate "example.com/b" does not exist.',
    ],
    "names a gate that is closed": [
      {
        spec: gates,
        has: { main: "runs" },
        api: { conditions: [condition("example.com/a", "False"), condition("example.com/b", "True")] },
      },
      'False | ReadinessGatesNotReady | the status of pod readiness gate "example.com/a" is not "True", but False',
    ],
    "is true when all gates are open": [
      {
        spec: gates,
        has: { main: "runs" },
        api: { conditions: [condition("example.com/a", "True"), condition("example.com/b", "True")] },
      },
      "True",
    ],
    "says what the containers lack before it says what the gates do": [{ spec: gates }, `${unready} [main]`],
  },
  PodScheduled: {
    "is true of every pod that is here": [{ sandbox: "none" }, "True"],
    "stays true of one that has failed": [{ spec: { restartPolicy: "Never" }, has: { main: "ended 1" } }, "True"],
  },
  AllContainersRestarting: {
    "is not there without a rule that asks for it": [{ has: { main: "ended 88" } }, "absent"],
    "is false while nothing asks for it": [{ spec: restartAll, has: { main: "runs" } }, "False"],
    "is true from the end that asks for it": [
      { spec: restartAll, has: { main: "ended 88" } },
      "True | RestartAllContainersStarted | container exited with restart policy rule",
    ],
    "is false when the containers have been removed": [
      { spec: restartAll, has: {}, before: { spec: restartAll, has: { main: "ended 88" } } },
      "False",
    ],
    "is false in a pod that is being deleted: nothing is started again": [
      { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, spec: restartAll, has: { main: "ended 88" } },
      "False",
    ],
    "is false after an end that no rule names": [{ spec: restartAll, has: { main: "runs, ended 88" } }, "False"],
    "says that the pod has completed": [{ spec: restartAll, has: { main: "ended 0" } }, "False | PodCompleted"],
    "says that the pod has failed": [{ spec: restartAll, has: { main: "ended 1" } }, "False | PodFailed"],
  },
};

describe.each(Object.entries(TABLES))("%s", (type, rows) => {
  it.each(Object.entries(rows))("%s", (_sentence, [row, expected]) => {
    expect(textOf(statusOfRow(row), type)).toBe(expected);
  });
});

describe("the list of conditions", () => {
  const conditionsOf = (row: StatusRow) => (statusOfRow(row).conditions ?? []).map(({ type }) => type);
  const own = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
  it.each([
    ["has the kubelet's five in the reference's order", {}, own],
    ["begins with those of others", { api: { conditions: [condition("example.com/a", "True")] } }, ["example.com/a", ...own]],
    ["keeps one of its own no second time", { api: { conditions: [condition("Ready", "True")] } }, own],
    ["keeps a disruption that was told", { api: { conditions: [condition("DisruptionTarget", "True")] } }, ["DisruptionTarget", ...own]],
    ["ends with the restart of all containers", { spec: restartAll }, [...own, "AllContainersRestarting"]],
  ] as const)("%s", (_sentence, row, expected) => {
    expect(conditionsOf(row)).toEqual(expected);
  });

  it.each([
    ["keeps the time of a condition that stays", { has: { main: "runs" } }, "2025-01-01T00:00:00Z"],
    ["takes the present for one that changes", {}, "1970-01-01T00:00:10Z"],
  ] as const)("%s", (_sentence, row, time) => {
    const before: PodStatus = { conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2025-01-01T00:00:00Z" }] };
    const ready = statusOfRow({ ...row, before }).conditions?.find(({ type }) => type === "Ready");
    expect(ready?.lastTransitionTime).toBe(time);
  });

  it("says of which generation of the pod each condition of the kubelet speaks", () => {
    const { conditions = [] } = statusOfRow({ metadata: { generation: 3 } });
    expect(conditions.map(({ observedGeneration }) => observedGeneration)).toEqual([3, 3, 3, 3, 3]);
  });

  it("says of no generation that all containers are restarted, as in the reference", () => {
    const { conditions = [] } = statusOfRow({ spec: restartAll, metadata: { generation: 3 } });
    expect(conditions.find(({ type }) => type === "AllContainersRestarting")).not.toHaveProperty("observedGeneration");
  });
});
