import { applyPodDefaults } from "@nk/pod-model";
import type { Pod, PodStatus, RuntimeContainerStatus, RuntimePodStatus, RuntimeSandboxStatus } from "@nk/pod-model";
import { computePodStatus } from "../compute-pod-status.ts";
import type { PodStatusInput } from "../input.ts";

/** Pod `p` with UID `u`, defaulted; with one container `main` unless the spec says otherwise. */
export const sketchPod = (spec: Partial<NonNullable<Pod["spec"]>> = {}, more: Partial<Pod> = {}): Pod =>
  applyPodDefaults({
    spec: { containers: [{ name: "main", image: "busybox" }], ...spec },
    ...more,
    metadata: { name: "p", namespace: "default", uid: "u", ...more.metadata },
  });

/** A container `main` of the runtime, running since second 1 unless said otherwise; one that ended did so in second 2. Its id is `NAME-id`. */
export const sketchInstance = (more: Partial<RuntimeContainerStatus> = {}): RuntimeContainerStatus => {
  const { name = "main", state = "running", exitCode = 0 } = more;
  const hasEnded = state === "exited";
  return {
    id: `${name}-id`,
    sandboxId: "s",
    name,
    attempt: 0,
    state,
    createdAtNanos: 1n,
    image: "busybox",
    imageId: "sha256:1",
    labels: {},
    annotations: {},
    startedAtNanos: state === "created" ? 0n : 1_000_000_000n,
    finishedAtNanos: hasEnded ? 2_000_000_000n : 0n,
    exitCode,
    reason: hasEnded ? (exitCode === 0 ? "Completed" : "Error") : "",
    message: "",
    imageRef: "sha256:1",
    logPath: "",
    mounts: [],
    ...more,
  };
};

/** A ready sandbox with an address. */
export const sketchSandbox = (more: Partial<RuntimeSandboxStatus> = {}): RuntimeSandboxStatus => ({
  id: "s",
  attempt: 0,
  state: "ready",
  createdAtNanos: 1n,
  labels: {},
  annotations: {},
  runtimeHandler: "",
  ips: ["10.0.0.1"],
  network: "pod",
  ...more,
});

/** What the runtime has of pod `p`; newest first, as given. */
export const sketchObserved = (
  containers: readonly RuntimeContainerStatus[],
  sandboxes: readonly RuntimeSandboxStatus[] = [sketchSandbox()],
): RuntimePodStatus => ({
  uid: "u",
  name: "p",
  namespace: "default",
  ips: sandboxes[0]?.ips ?? [],
  sandboxes,
  containers,
  observedAtMs: 0,
});

/** The status of a pod in second 10, on a node with one address, of which nothing else is known. */
export const statusOf = (pod: Pod, observed: RuntimePodStatus | undefined, more: Partial<PodStatusInput> = {}): PodStatus =>
  computePodStatus({
    pod,
    observed,
    previous: undefined,
    nowMs: 10_000,
    stoppedForGood: false,
    runtimeName: "containerd",
    nodeIps: ["192.0.2.1"],
    waiting: new Map(),
    probes: new Map(),
    terminationMessages: new Map(),
    ...more,
  });
