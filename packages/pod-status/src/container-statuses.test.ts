import type { ContainerState, ContainerStatus, PodSpec } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { named, statusOfRow } from "./testing/sketch-rows.ts";
import type { StatusRow } from "./testing/sketch-rows.ts";

/** `waits REASON`, `runs`, `ended REASON CODE`; empty for a state that says nothing. */
const stateText = (state: ContainerState | undefined): string => {
  if (state?.running !== undefined) return "runs";
  if (state?.waiting !== undefined) return `waits ${state.waiting.reason}`;
  return state?.terminated === undefined ? "" : `ended ${state.terminated.reason} ${state.terminated.exitCode}`;
};

const textOf = ({ state, lastState, restartCount, ready, started }: ContainerStatus): string => {
  const before = stateText(lastState);
  return [
    stateText(state),
    ...(started === true ? ["started"] : []),
    ...(ready ? ["ready"] : []),
    ...(restartCount === 0 ? [] : [`restarts ${restartCount}`]),
    ...(before === "" ? [] : [`before: ${before}`]),
  ].join(", ");
};

const find = (row: StatusRow, name: string): ContainerStatus => {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = statusOfRow(row);
  const found = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].find((status) => status.name === name);
  if (found === undefined) throw new Error(`the status does not tell of ${name}`);
  return found;
};

const init = { initContainers: [named("i1")] };
const sidecar = { initContainers: [named("side", { restartPolicy: "Always" })] };
const debug: Partial<PodSpec> = { ephemeralContainers: [named("dbg")] };
const probed = (probe: "startupProbe" | "readinessProbe") => ({
  containers: [named("main", { [probe]: { exec: { command: ["true"] } } })],
});
const deleted = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const restartAll = {
  restartPolicy: "Never",
  containers: [
    named("main", { restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [88] } }] }),
    named("other"),
  ],
};

/** By sentence: what is given, whose status is looked at, and what it says. */
type Rows = { readonly [sentence: string]: readonly [StatusRow, string, string] };

const states: Rows = {
  "waits to be created when there is nothing of it": [{}, "main", "waits ContainerCreating"],
  "waits for init containers where there are some": [{ spec: init }, "main", "waits PodInitializing"],
  "waits like the others when it is an init container": [{ spec: init }, "i1", "waits PodInitializing"],
  "waits for what keeps it from being started": [{ waiting: { main: "ErrImagePull" } }, "main", "waits ErrImagePull"],
  "does not wait when it is a sidecar that exited with 0, as in the reference": [
    { spec: sidecar, has: { side: "ended 0" }, waiting: { side: "CrashLoopBackOff" } },
    "side",
    "ended Completed 0",
  ],
  "waits when it is a sidecar that failed": [
    { spec: sidecar, has: { side: "ended 1" }, waiting: { side: "CrashLoopBackOff" } },
    "side",
    "waits CrashLoopBackOff, before: ended Error 1",
  ],
  "waits when it was created and not started": [{ has: { main: "created" } }, "main", "waits ContainerCreating"],
  "waits for what kept it from being started after it was created": [
    { has: { main: "created" }, waiting: { main: "RunContainerError" } },
    "main",
    "waits RunContainerError",
  ],
  runs: [{ has: { main: "runs" } }, "main", "runs, started, ready"],
  "has ended well": [{ spec: { restartPolicy: "Never" }, has: { main: "ended 0" } }, "main", "ended Completed 0"],
  "has ended with an error": [{ spec: { restartPolicy: "Never" }, has: { main: "ended 2" } }, "main", "ended Error 2"],
  "has been killed by the kernel": [
    { has: { main: "ended 137" }, instances: { main: { reason: "OOMKilled" } } },
    "main",
    "ended OOMKilled 137",
  ],
  "has ended when the runtime gives no reason": [
    { has: { main: "ended 1" }, instances: { main: { reason: "" } } },
    "main",
    "ended Error 1",
  ],
  "has ended in a way nobody knows when its state is unknown": [{ has: { main: "unknown" } }, "main", "ended ContainerStatusUnknown 137"],
  "is in its back-off, and says how it ended": [
    { has: { main: "ended 1" }, waiting: { main: "CrashLoopBackOff" } },
    "main",
    "waits CrashLoopBackOff, before: ended Error 1",
  ],
  "does not wait for a start that never comes": [
    { spec: { restartPolicy: "Never" }, has: { main: "ended 128" }, waiting: { main: "RunContainerError" } },
    "main",
    "ended Error 128",
  ],
  "does not wait for anything in a pod that is being deleted": [
    { metadata: deleted, has: { main: "ended 1" }, waiting: { main: "CrashLoopBackOff" } },
    "main",
    "ended Error 1",
  ],
  "does not wait while it runs, whatever failed before": [
    { has: { main: "runs" }, waiting: { main: "ErrImagePull" } },
    "main",
    "runs, started, ready",
  ],
};

const histories: Rows = {
  "runs again after an end": [{ has: { main: "runs, ended 3" } }, "main", "runs, started, ready, restarts 1, before: ended Error 3"],
  "tells of the last end only": [
    { has: { main: "runs, ended 4, ended 3" } },
    "main",
    "runs, started, ready, restarts 2, before: ended Error 4",
  ],
  "has ended twice": [
    { spec: { restartPolicy: "OnFailure" }, has: { main: "ended 0, ended 3" } },
    "main",
    "ended Completed 0, restarts 1, before: ended Error 3",
  ],
  "keeps how it ended when the runtime has forgotten that instance": [
    { has: { main: "runs" }, instances: { main: { id: "new", attempt: 1 } }, before: { has: { main: "ended 3" } } },
    "main",
    "runs, started, ready, restarts 1, before: ended Error 3",
  ],
  "keeps its own end when the runtime has forgotten it": [
    { spec: { restartPolicy: "Never" }, before: { spec: { restartPolicy: "Never" }, has: { main: "ended 7" } } },
    "main",
    "ended Error 7",
  ],
  "has ended with 137 when it ran and is gone": [
    { before: { has: { main: "runs" } } },
    "main",
    "waits ContainerCreating, restarts 1, before: ended ContainerStatusUnknown 137",
  ],
  "counts no restart when it is gone from a pod that is being deleted": [
    { metadata: deleted, before: { has: { main: "runs" } } },
    "main",
    "waits ContainerCreating, before: ended ContainerStatusUnknown 137",
  ],
  "has ended with 137 when it is gone and the pod is stopped for good": [
    { before: { has: { main: "runs" } }, more: { stoppedForGood: true } },
    "main",
    "ended ContainerStatusUnknown 137",
  ],
  "keeps counting when the runtime has forgotten its instances": [
    { has: { main: "runs" }, before: { has: { main: "ended 1, ended 1, ended 1" } } },
    "main",
    "runs, started, ready, restarts 2, before: ended Error 1",
  ],
  "believes the count that was written into the container": [
    { has: { main: "runs" }, instances: { main: { annotations: { "io.kubernetes.container.restartCount": "5" } } } },
    "main",
    "runs, started, ready, restarts 5",
  ],
  "is removed to be started again with all others": [
    { spec: restartAll, before: { spec: restartAll, has: { main: "ended 88", other: "runs" } } },
    "other",
    "waits RestartingAllContainers, restarts 1, before: ended RestartingAllContainers 137",
  ],
  "keeps how it ended when it is the one that restarts all": [
    { spec: restartAll, before: { spec: restartAll, has: { main: "ended 88", other: "runs" } } },
    "main",
    "waits RestartingAllContainers, restarts 1, before: ended Error 88",
  ],
};

const readinessRows: Rows = {
  "is not ready before its startup probe has succeeded": [
    { spec: probed("startupProbe"), has: { main: "runs" }, probes: { main: { started: false } } },
    "main",
    "runs",
  ],
  "is ready once its startup probe has succeeded": [
    { spec: probed("startupProbe"), has: { main: "runs" }, probes: { main: { started: true } } },
    "main",
    "runs, started, ready",
  ],
  "is not ready while its readiness probe says no": [
    { spec: probed("readinessProbe"), has: { main: "runs" }, probes: { main: { ready: false } } },
    "main",
    "runs, started",
  ],
  "is as ready as it was when nobody has asked it yet": [
    {
      spec: probed("readinessProbe"),
      has: { main: "runs" },
      before: { spec: probed("readinessProbe"), has: { main: "runs" }, probes: { main: { ready: false } } },
    },
    "main",
    "runs, started",
  ],
  "is not as ready as the instance before it was": [
    {
      spec: probed("startupProbe"),
      has: { main: "runs, ended 1" },
      probes: { main: { started: false } },
      before: { spec: probed("startupProbe"), has: { main: "runs" }, probes: { main: { started: true } } },
    },
    "main",
    "runs, restarts 1, before: ended Error 1",
  ],
  "is ready when it is an init container that has succeeded": [{ spec: init, has: { i1: "ended 0" } }, "i1", "ended Completed 0, ready"],
  "is not ready when it is an init container that runs": [{ spec: init, has: { i1: "runs" } }, "i1", "runs, started"],
  "is not ready when it is an init container that has failed": [{ spec: init, has: { i1: "ended 1" } }, "i1", "ended Error 1"],
  "is ready when it is a sidecar that runs": [{ spec: sidecar, has: { side: "runs" } }, "side", "runs, started, ready"],
  "counts as done when it is an init container that was removed after the app had started": [
    { spec: init, has: { main: "runs" } },
    "i1",
    "ended Completed 0, ready",
  ],
};

const ephemeral: Rows = {
  "waits to be started": [{ spec: debug, has: { main: "runs" } }, "dbg", "waits ContainerCreating"],
  "runs, and is never ready": [{ spec: debug, has: { main: "runs", dbg: "runs" } }, "dbg", "runs"],
  "has ended": [{ spec: debug, has: { main: "runs", dbg: "ended 0" } }, "dbg", "ended Completed 0"],
  "has ended in a pod that restarts everything else": [{ spec: debug, has: { main: "runs", dbg: "ended 1" } }, "dbg", "ended Error 1"],
  "has ended when it could not be started: nobody tries again": [
    { spec: debug, has: { main: "runs", dbg: "ended 128" }, waiting: { dbg: "RunContainerError" } },
    "dbg",
    "ended Error 128",
  ],
  "waits for what keeps it from being made": [
    { spec: debug, has: { main: "runs" }, waiting: { dbg: "CreateContainerConfigError" } },
    "dbg",
    "waits CreateContainerConfigError",
  ],
  "keeps its end when the runtime has forgotten it": [
    { spec: debug, has: { main: "runs" }, before: { spec: debug, has: { main: "runs", dbg: "ended 9" } } },
    "dbg",
    "ended Error 9",
  ],
};

const TABLES: { readonly [what: string]: Rows } = {
  "a container": states,
  "a container with a past": histories,
  "a container and its probes": readinessRows,
  "an ephemeral container": ephemeral,
};

describe.each(Object.entries(TABLES))("%s", (_what, rows) => {
  it.each(Object.entries(rows))("%s", (_sentence, [row, name, expected]) => {
    expect(textOf(find(row, name))).toBe(expected);
  });
});

/** Fields that a status takes over from the pod or the runtime. */
const fields: { readonly [sentence: string]: readonly [StatusRow, Partial<ContainerStatus>] } = {
  "its id with the runtime's name": [{ has: { main: "runs" } }, { containerID: "containerd://main-0" }],
  "the image as the runtime knows it": [
    { has: { main: "runs" }, instances: { main: { image: "docker.io/library/busybox:latest", imageRef: "sha256:9" } } },
    { image: "docker.io/library/busybox:latest", imageID: "sha256:9" },
  ],
  "the image as the pod writes it while there is no instance": [{}, { image: "busybox", imageID: "" }],
  "who it runs as": [
    { has: { main: "runs" }, instances: { main: { user: { uid: 1000n, gid: 2000n, supplementalGroups: [2000n, 3000n] } } } },
    { user: { linux: { uid: 1000, gid: 2000, supplementalGroups: [2000, 3000] } } },
  ],
  "the stop signal that the pod names": [
    {
      spec: { containers: [named("main", { lifecycle: { stopSignal: "SIGUSR1" } })] },
      has: { main: "runs" },
      instances: { main: { stopSignal: "SIGUSR1" } },
    },
    { stopSignal: "SIGUSR1" },
  ],
  "its resources": [
    {
      spec: { containers: [named("main", { resources: { requests: { cpu: "100m" }, limits: { memory: "64Mi" } } })] },
      has: { main: "runs" },
    },
    {
      allocatedResources: { cpu: "100m", memory: "64Mi" },
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "64Mi" } },
    },
  ],
  "its volume mounts": [
    {
      spec: {
        volumes: [{ name: "v", emptyDir: {} }],
        containers: [
          named("main", {
            volumeMounts: [
              { name: "v", mountPath: "/rw" },
              { name: "v", mountPath: "/ro", readOnly: true },
            ],
          }),
        ],
      },
      has: { main: "runs" },
    },
    {
      volumeMounts: [
        { name: "v", mountPath: "/rw" },
        { name: "v", mountPath: "/ro", readOnly: true, recursiveReadOnly: "Disabled" },
      ],
    },
  ],
};

describe("a container's status tells", () => {
  it.each(Object.entries(fields))("%s", (_sentence, [row, expected]) => {
    expect(find(row, "main")).toMatchObject(expected);
  });

  it("no stop signal that only its image names", () => {
    expect(find({ has: { main: "runs" }, instances: { main: { stopSignal: "SIGQUIT" } } }, "main")).not.toHaveProperty("stopSignal");
  });

  it("when it started and ended, and its last words", () => {
    const row: StatusRow = { spec: { restartPolicy: "Never" }, has: { main: "ended 1" }, messages: { main: "no space left" } };
    expect(find(row, "main").state?.terminated).toEqual({
      exitCode: 1,
      reason: "Error",
      message: "no space left",
      startedAt: "1970-01-01T00:00:01Z",
      finishedAt: "1970-01-01T00:00:02Z",
      containerID: "containerd://main-0",
    });
  });

  it("its place in the list: init containers as the spec has them, the others by name", () => {
    const spec = {
      initContainers: [named("z"), named("y")],
      containers: [named("b"), named("a")],
      ephemeralContainers: [named("f"), named("e")],
    };
    const status = statusOfRow({ spec });
    const names = [status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses];
    expect(names.map((list) => list?.map(({ name }) => name))).toEqual([
      ["z", "y"],
      ["a", "b"],
      ["e", "f"],
    ]);
  });
});

describe("a pod's addresses", () => {
  it.each([
    ["are the sandbox's", { sandbox: { ips: ["10.0.0.7"] } }, "192.0.2.1", ["10.0.0.7"]],
    [
      "are one of each family, the node's first",
      { sandbox: { ips: ["fd00::7", "10.0.0.7", "10.0.0.8"] } },
      "192.0.2.1",
      ["10.0.0.7", "fd00::7"],
    ],
    [
      "begin with the other family on a node that does",
      { sandbox: { ips: ["10.0.0.7", "fd00::7"] }, more: { nodeIps: ["fd00::1"] } },
      "fd00::1",
      ["fd00::7", "10.0.0.7"],
    ],
    [
      "stay what they were when the sandbox is gone",
      { sandbox: "none", before: { podIPs: [{ ip: "10.0.0.7" }] } },
      "192.0.2.1",
      ["10.0.0.7"],
    ],
    ["are the node's on its network", { spec: { hostNetwork: true }, sandbox: "none" }, "192.0.2.1", ["192.0.2.1"]],
    [
      "gain the second family of a node that got one",
      { spec: { hostNetwork: true }, before: { podIPs: [{ ip: "192.0.2.1" }] }, more: { nodeIps: ["192.0.2.1", "fd00::1"] } },
      "192.0.2.1",
      ["192.0.2.1", "fd00::1"],
    ],
    [
      "stay the node's when that has changed",
      { spec: { hostNetwork: true }, before: { podIPs: [{ ip: "192.0.2.9" }] } },
      "192.0.2.1",
      ["192.0.2.9"],
    ],
  ] as const)("%s", (_sentence, row, hostIP, podIps) => {
    const status = statusOfRow(row as StatusRow);
    expect([status.hostIP, status.podIP, status.podIPs?.map(({ ip }) => ip)]).toEqual([hostIP, podIps[0], podIps]);
  });
});
