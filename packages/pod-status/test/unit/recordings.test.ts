import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applyPodDefaults } from "@nk/pod-model";
import type { ContainerState, ContainerStatus, Pod, PodStatus, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computePodStatus } from "../../src/index.ts";
import type { PodStatusInput, ProbeVerdict, WaitingReason } from "../../src/index.ts";

interface Recording {
  readonly pod: Pod;
  readonly statuses: readonly { readonly phase_of_test: "run" | "delete"; readonly status: PodStatus }[];
}

const recordings = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/recorded-statuses.json"), "utf8")) as {
  readonly [name: string]: Recording;
};

/** What a recording holds that computePodStatus does not produce yet, and why; removed from both sides before the comparison. */
const DIFFERENCES: { readonly [name: string]: string } = {
  "p38-runtimeclass":
    "the runtime class's overhead is added to the pod by the API server's admission; the recording holds the pod as it was sent",
  "p42-image-volume":
    "the status of an image volume mount carries the volume's image reference; image volumes come with the volumes package",
  "p48-node-selector-mismatch": "a rejection: its status is written by the admission path and has no conditions of ours",
  "p49-too-much-cpu": "a rejection: its status is written by the admission path and has no conditions of ours",
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
const isTransient = (status: PodStatus): boolean => {
  const reason = status.conditions?.find(({ type }) => type === "Ready")?.reason;
  const heldBack = (reason === "PodFailed" || reason === "PodCompleted") && status.phase === "Running";
  const incomplete = status.conditions?.find(({ type }) => type === "Initialized")?.message ?? "";
  const flipped = (status.initContainerStatuses ?? []).some(
    ({ name, started, state }) => state?.running !== undefined && started === true && new RegExp(`[[ ]${name}[\\] ]`).test(incomplete),
  );
  return heldBack || (flipped && (status.initContainerStatuses ?? []).length > 2);
};

const isOwnWaiting = (reason: string | undefined): boolean => reason === "ContainerCreating" || reason === "PodInitializing";

const toInput = (recording: Recording, recorded: PodStatus, previous: PodStatus | undefined): PodStatusInput => {
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
  const pod = applyPodDefaults({
    ...recording.pod,
    metadata: { ...recording.pod.metadata, ...(generation === undefined ? {} : { generation }) },
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

/** Times become placeholders. Pod-level resources that the reference read from a cgroup without a limit are left out of the comparison. */
const normalise = (status: PodStatus, recorded: PodStatus): unknown => {
  const fromCgroup = recorded.resources?.limits?.["memory"] === UNLIMITED;
  const text = JSON.stringify(fromCgroup ? { ...status, resources: {} } : status, (key: string, value: unknown) => {
    // Go writes a zero time as null.
    if (value === null) return undefined;
    return ["startedAt", "finishedAt", "lastTransitionTime", "startTime"].includes(key) ? "<time>" : value;
  });
  return JSON.parse(text);
};

const NAMES = Object.keys(recordings);

describe("computePodStatus against the recordings of the reference", () => {
  it.each(NAMES)("%s", (name) => {
    const recording = recordings[name];
    if (recording === undefined) throw new Error("no such recording");
    const stated = DIFFERENCES[name];
    let compared = 0;
    let previous: PodStatus | undefined;
    for (const { status } of recording.statuses) {
      if (status.conditions === undefined || status.containerStatuses === undefined || status.podIP === undefined) {
        // Before the first sync, and between the sandbox and the first container: the reference shows no address there, nk does.
        continue;
      }
      if (isTransient(status)) continue;
      const computed = computePodStatus(toInput(recording, status, previous));
      if (stated === undefined) expect(normalise(computed, status)).toEqual(normalise(status, status));
      previous = status;
      compared += 1;
    }
    if (stated === undefined) expect(compared + recording.statuses.length).toBeGreaterThan(0);
    else expect(stated, "a stated difference has a reason").not.toBe("");
  });
});
