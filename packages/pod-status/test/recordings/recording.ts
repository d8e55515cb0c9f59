import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applyPodDefaults } from "@nk/pod-model";
import type { ContainerState, ContainerStatus, Pod, PodStatus, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import type { PodStatusInput, ProbeVerdict, WaitingReason } from "../../src/index.ts";

/** One scenario: the pod as it was created and the statuses the API showed. */
export interface Recording {
  readonly pod: Pod;
  readonly statuses: readonly { readonly phase_of_test: "run" | "delete"; readonly status: PodStatus }[];
}

/** Every scenario by its name. */
export const recordings = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/recorded-statuses.json"), "utf8")) as {
  readonly [name: string]: Recording;
};

const SECOND = 1_000_000_000n;

const attemptOf = (containerId: string): number => Number(/ (\d+)>$/.exec(containerId)?.[1] ?? 0);

/** The runtime's side of a recorded container state, read backwards. */
const toRuntime = (status: ContainerStatus, state: ContainerState, containerId: string): RuntimeContainerStatus => {
  const attempt = attemptOf(containerId);
  const ended = state.terminated;
  const user = status.user?.linux;
  return {
    id: containerId.replace("containerd://", ""),
    sandboxId: "sandbox",
    name: status.name,
    attempt,
    state: ended === undefined ? "running" : "exited",
    createdAtNanos: BigInt(attempt + 1) * SECOND,
    image: status.image,
    imageId: status.imageID,
    imageRef: status.imageID,
    labels: {},
    annotations: { "io.kubernetes.container.restartCount": String(attempt) },
    startedAtNanos: SECOND,
    finishedAtNanos: ended === undefined ? 0n : 2n * SECOND,
    exitCode: ended?.exitCode ?? 0,
    reason: ended?.reason ?? "",
    message: ended?.message ?? "",
    logPath: "",
    mounts: [],
    ...(user === undefined
      ? {}
      : { user: { uid: BigInt(user.uid), gid: BigInt(user.gid), supplementalGroups: (user.supplementalGroups ?? []).map(BigInt) } }),
  };
};

const containersOf = (status: ContainerStatus): readonly RuntimeContainerStatus[] => {
  const found: RuntimeContainerStatus[] = [];
  const { state, lastState, containerID } = status;
  if (state !== undefined && state.waiting === undefined && containerID !== undefined) found.push(toRuntime(status, state, containerID));
  if (lastState?.terminated?.containerID !== undefined) found.push(toRuntime(status, lastState, lastState.terminated.containerID));
  return found;
};

/**
 * Moments of the reference that nk does not have: its status manager holds a final phase back while containers could still run (the
 * status writer's work), and its prober flips `started` in a status whose conditions are computed later.
 */
export const isTransient = (status: PodStatus): boolean => {
  const reason = status.conditions?.find(({ type }) => type === "Ready")?.reason;
  const heldBack = (reason === "PodFailed" || reason === "PodCompleted") && status.phase === "Running";
  const incomplete = status.conditions?.find(({ type }) => type === "Initialized")?.message ?? "";
  const flipped = (status.initContainerStatuses ?? []).some(
    ({ name, started, state }) => state?.running !== undefined && started === true && new RegExp(`[[ ]${name}[\\] ]`).test(incomplete),
  );
  return heldBack || (flipped && (status.initContainerStatuses ?? []).length > 2);
};

const isOwnWaiting = (reason: string | undefined): boolean => reason === "ContainerCreating" || reason === "PodInitializing";

/** What the computation was told when the recorded status was shown. */
export const toInput = (recording: Recording, recorded: PodStatus, previous: PodStatus | undefined): PodStatusInput => {
  const all = [...(recorded.initContainerStatuses ?? []), ...(recorded.containerStatuses ?? [])];
  const sandboxReady = recorded.conditions?.find(({ type }) => type === "PodReadyToStartContainers")?.status === "True";
  const hostNetwork = recording.pod.spec?.hostNetwork === true;
  const observed: RuntimePodStatus = {
    uid: "uid",
    name: "pod",
    namespace: "rec",
    ips: sandboxReady && !hostNetwork ? ["<podIP>"] : [],
    sandboxes: sandboxReady
      ? [
          {
            id: "sandbox",
            attempt: 0,
            state: "ready",
            createdAtNanos: SECOND,
            labels: {},
            annotations: {},
            runtimeHandler: "",
            ips: hostNetwork ? [] : ["<podIP>"],
            network: hostNetwork ? "node" : "pod",
          },
        ]
      : [],
    containers: all.flatMap(containersOf).toSorted((a, b) => b.attempt - a.attempt),
    observedAtMs: 0,
  };
  const waiting = new Map<string, WaitingReason>();
  const probes = new Map<string, ProbeVerdict>();
  for (const status of all) {
    const { state } = status;
    if (state?.waiting?.reason !== undefined && !isOwnWaiting(state.waiting.reason))
      waiting.set(status.name, { reason: state.waiting.reason, message: state.waiting.message ?? "" });
    if (state?.running !== undefined)
      probes.set((status.containerID ?? "").replace("containerd://", ""), { started: status.started === true, ready: status.ready });
  }
  const generation = recorded.observedGeneration;
  const isDeleted = recording.statuses.some(({ status, phase_of_test }) => status === recorded && phase_of_test === "delete");
  const pod = applyPodDefaults({
    ...recording.pod,
    metadata: {
      ...recording.pod.metadata,
      ...(isDeleted ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
      ...(generation === undefined ? {} : { generation }),
    },
  });
  // The API server's admission adds a token volume to some pods; the recording holds the pod as it was sent.
  const containers = (pod.spec?.containers ?? []).map((container) => {
    const mounts = recorded.containerStatuses?.find(({ name }) => name === container.name)?.volumeMounts;
    return mounts === undefined ? container : { ...container, volumeMounts: mounts };
  });
  const overridden = recorded.conditions?.some(({ reason }) => reason === "PodFailed") === true && recorded.reason !== undefined;
  return {
    pod: { ...pod, spec: { ...pod.spec, containers } },
    ...(overridden ? { override: { phase: "Failed", reason: recorded.reason ?? "", message: recorded.message ?? "" } } : {}),
    observed,
    previous,
    nowMs: 0,
    stoppedForGood: recorded.phase === "Failed" || recorded.phase === "Succeeded",
    runtimeName: "containerd",
    nodeIps: ["<nodeIP>"],
    waiting,
    probes,
    terminationMessages: new Map(),
  };
};

/** The "no limit" of cgroup v1, which the reference reads from the pod's cgroup and shows as a limit. */
const UNLIMITED = "9007199254740988Ki";

/** Whether the pod's resources are those of a cgroup without a limit. */
export const isFromUnlimitedCgroup = (status: PodStatus): boolean => status.resources?.limits?.["memory"] === UNLIMITED;

/** Times become placeholders. Pod-level resources that the reference read from a cgroup without a limit are left out of the comparison. */
export const normalise = (status: PodStatus, recorded: PodStatus): unknown => {
  const text = JSON.stringify(isFromUnlimitedCgroup(recorded) ? { ...status, resources: {} } : status, (key: string, value: unknown) => {
    // Go writes a zero time as null.
    if (value === null) return undefined;
    return ["startedAt", "finishedAt", "lastTransitionTime", "startTime"].includes(key) ? "<time>" : value;
  });
  return JSON.parse(text);
};
