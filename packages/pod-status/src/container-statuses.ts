import { formatContainerId, isSidecar, resolveRecursiveReadOnly } from "@nk/pod-model";
import type { Container, ContainerState, ContainerStatus, Pod, RuntimeContainerStatus, VolumeMount } from "@nk/pod-model";
import { computeResourceStatus } from "./container-resources.ts";
import { computeContainerState, restartCountOf, UNKNOWN_EXIT } from "./container-state.ts";
import type { PodStatusInput, WaitingReason } from "./input.ts";
import { mayRestart } from "./may-restart.ts";
import { haveBeenRemoved, removedForRestart } from "./restart-all.ts";

type Kind = "init" | "sidecar" | "app" | "ephemeral";

interface Instances {
  readonly newest: RuntimeContainerStatus;
  readonly before: RuntimeContainerStatus | undefined;
}

const instancesByName = (input: PodStatusInput): ReadonlyMap<string, Instances> => {
  const found = new Map<string, Instances>();
  for (const container of input.observed?.containers ?? []) {
    const known = found.get(container.name);
    if (known === undefined) found.set(container.name, { newest: container, before: undefined });
    else if (known.before === undefined) found.set(container.name, { ...known, before: container });
  }
  return found;
};

/** Why the container could not be run; nothing is to be run of a pod that is being deleted. */
const waitingReason = (input: PodStatusInput, name: string): WaitingReason | undefined =>
  input.pod.metadata?.deletionTimestamp === undefined ? input.waiting.get(name) : undefined;

const previousStatus = ({ previous }: PodStatusInput, name: string): ContainerStatus | undefined => {
  const isIt = (status: ContainerStatus): boolean => status.name === name;
  return (
    previous?.containerStatuses?.find(isIt) ??
    previous?.initContainerStatuses?.find(isIt) ??
    previous?.ephemeralContainerStatuses?.find(isIt)
  );
};

/** `Enabled` or `Disabled`: what IfPossible came to. What cannot be is not, and keeps the container from being made. */
const recursiveReadOnlyOf = (mount: VolumeMount, { supportsRecursiveReadOnly = false }: PodStatusInput): string => {
  const resolved = resolveRecursiveReadOnly(mount, supportsRecursiveReadOnly);
  return "isRecursive" in resolved && resolved.isRecursive ? "Enabled" : "Disabled";
};

const volumeMountStatuses = (container: Container, input: PodStatusInput): Pick<ContainerStatus, "volumeMounts"> => {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly === true ? { readOnly: true, recursiveReadOnly: recursiveReadOnlyOf(mount, input) } : {}),
    })),
  };
};

/** A container the runtime has nothing of: it waits, or it is remembered from the status before. */
const statusWithoutInstance = (container: Container, kind: Kind, input: PodStatusInput): ContainerStatus => {
  const waitingFor = (input.pod.spec?.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating";
  const before = previousStatus(input, container.name);
  const base = {
    name: container.name,
    image: container.image ?? "",
    imageID: "",
    ready: false,
    ...startedOf(kind, false),
    restartCount: 0,
    ...volumeMountStatuses(container, input),
  };
  if (kind !== "ephemeral" && before !== undefined && before.state?.waiting === undefined && haveBeenRemoved(input)) {
    return removedForRestart(before, base);
  }
  if (before?.state?.terminated !== undefined) {
    // The runtime forgot a container that had ended: its end stays the truth.
    return { ...before, ready: kind === "init" && before.state.terminated.exitCode === 0, ...startedOf(kind, false) };
  }
  const kept = before === undefined ? {} : { restartCount: before.restartCount, lastState: before.lastState ?? {} };
  const appStarted = (input.observed?.containers ?? []).some((seen) =>
    (input.pod.spec?.containers ?? []).some((app) => app.name === seen.name),
  );
  if (kind === "init" && appStarted) {
    // An init container that was pruned after the pod had initialised: it must have ended well.
    const message = "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally";
    return { ...base, ready: true, state: { terminated: { exitCode: 0, reason: "Completed", message } }, lastState: {}, ...kept };
  }
  if (before?.state?.running !== undefined) return vanishedStatus(before, input, waitingFor);
  return {
    ...base,
    state: { waiting: { reason: waitingFor } },
    lastState: {},
    ...kept,
  };
};

/** It ran when last seen and is gone: reported as ended with 137, because its exit code is lost with it. */
const vanishedStatus = (before: ContainerStatus, input: PodStatusInput, waitingFor: string): ContainerStatus => {
  const terminated = {
    ...UNKNOWN_EXIT,
    message: "The container could not be located when the pod was deleted.  The container used to be Running",
  };
  const { started: _started, ready: _ready, containerID: _id, user: _user, ...rest } = before;
  if (input.stoppedForGood) return { ...rest, ready: false, started: false, state: { terminated }, lastState: before.lastState ?? {} };
  const deleting = input.pod.metadata?.deletionTimestamp !== undefined;
  return {
    ...rest,
    ready: false,
    started: false,
    state: { waiting: { reason: waitingFor } },
    lastState: { terminated },
    restartCount: before.restartCount + (deleting ? 0 : 1),
  };
};

const readiness = (options: {
  readonly container: RuntimeContainerStatus;
  readonly spec: Container;
  readonly kind: Kind;
  readonly input: PodStatusInput;
}): Pick<ContainerStatus, "ready" | "started"> => {
  const { container, spec, kind, input } = options;
  if (kind === "ephemeral") return { ready: false };
  if (container.state !== "running")
    return { ready: kind === "init" && container.state === "exited" && container.exitCode === 0, started: false };
  if (kind === "init") return { ready: false, started: true };
  const verdict = input.probes.get(container.id);
  // An earlier kubelet may have seen more of this very instance: what has started stays started, and without a verdict it is as ready as
  // it was, so that a restart of the kubelet does not take a pod out of its services.
  const before = previousStatus(input, container.name);
  const known = before?.containerID === formatContainerId({ runtimeName: input.runtimeName, id: container.id }) ? before : undefined;
  const started = known?.started === true || (verdict?.started ?? spec.startupProbe === undefined);
  const unasked = spec.readinessProbe === undefined ? true : (known?.ready ?? true);
  return { started, ready: started && (verdict?.ready ?? unasked) };
};

const statusOfInstances = (options: {
  readonly container: Container;
  readonly kind: Kind;
  readonly instances: Instances;
  readonly input: PodStatusInput;
}): ContainerStatus => {
  const { container, kind, instances, input } = options;
  const { newest, before } = instances;
  const known = previousStatus(input, container.name);
  const waitingFor = (input.pod.spec?.initContainers ?? []).length > 0 && kind !== "init" ? "PodInitializing" : "ContainerCreating";
  let state: ContainerState = computeContainerState(newest, input) ?? { waiting: { reason: waitingFor } };
  let lastState: ContainerState =
    (before === undefined ? undefined : computeContainerState(before, input)) ?? rememberedLastState(container.name, newest, input);
  const waiting = waitingReason(input, container.name);
  // What could not be started and is not started again does not wait: it has ended (reference: ShouldContainerBeRestarted).
  // Nor does a sidecar that exited with 0, although it is: the reference takes it for an init container that is done.
  const isDone = kind === "ephemeral" || ((kind === "init" || kind === "sidecar") && newest.exitCode === 0);
  const hasEnded = newest.state === "exited" && (isDone || !mayRestart(input.pod, container, newest.exitCode));
  if (waiting !== undefined && newest.state !== "running" && !hasEnded) {
    if (state.terminated !== undefined) lastState = state;
    state = { waiting: { reason: waiting.reason, ...(waiting.message === "" ? {} : { message: waiting.message }) } };
  }
  const user = newest.user;
  const containerID = formatContainerId({ runtimeName: input.runtimeName, id: newest.id });
  const isResizing = input.resize?.inProgress !== undefined && known?.containerID === containerID;
  return {
    name: container.name,
    state,
    lastState,
    ...readiness({ container: newest, spec: container, kind, input }),
    // It never goes down: instances that the runtime has forgotten are counted, too.
    restartCount: Math.max(restartCountOf(newest), known?.restartCount ?? 0),
    image: newest.image,
    imageID: newest.imageRef,
    containerID,
    ...computeResourceStatus(container, newest, isResizing ? { memoryRequest: known.resources?.requests?.["memory"] } : undefined),
    ...volumeMountStatuses(container, input),
    ...(user === undefined
      ? {}
      : { user: { linux: { uid: Number(user.uid), gid: Number(user.gid), supplementalGroups: user.supplementalGroups.map(Number) } } }),
    // The runtime may know the image's; only a pod that names one is told.
    ...(newest.stopSignal === undefined || container.lifecycle?.stopSignal === undefined ? {} : { stopSignal: newest.stopSignal }),
  };
};

/** The end of the instance before is kept after the runtime has removed that instance. */
const rememberedLastState = (name: string, newest: RuntimeContainerStatus, input: PodStatusInput): ContainerState => {
  const status = previousStatus(input, name);
  if (status === undefined) return {};
  const id = formatContainerId({ runtimeName: input.runtimeName, id: newest.id });
  // Of a container that waited for its restart that is its own end, told twice once it waits no more, as in the reference.
  if (status.containerID === id) return status.lastState ?? {};
  return status.state?.terminated === undefined ? (status.lastState ?? {}) : { terminated: status.state.terminated };
};

/** Nobody asks whether an ephemeral container has started. */
const startedOf = (kind: Kind, started: boolean): Pick<ContainerStatus, "started"> => (kind === "ephemeral" ? {} : { started });

const statusOf = (options: {
  readonly container: Container;
  readonly kind: Kind;
  readonly found: ReadonlyMap<string, Instances>;
  readonly input: PodStatusInput;
}): ContainerStatus => {
  const { container, kind, found, input } = options;
  const instances = found.get(container.name);
  if (instances !== undefined) return statusOfInstances({ container, kind, instances, input });
  const status = statusWithoutInstance(container, kind, input);
  const waiting = waitingReason(input, container.name);
  if (waiting === undefined || status.state?.terminated !== undefined) return status;
  return { ...status, state: { waiting: { reason: waiting.reason, ...(waiting.message === "" ? {} : { message: waiting.message }) } } };
};

const kindOf = (container: Container): Kind => (isSidecar(container) ? "sidecar" : "init");

/** Statuses of all containers of a pod. */
export interface ContainerStatuses {
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  readonly ephemeralContainers: readonly ContainerStatus[];
}

const byName = (statuses: readonly ContainerStatus[]): readonly ContainerStatus[] =>
  statuses.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

/** Statuses of init containers in spec order, and of app and ephemeral containers sorted by name, as the reference lists them. */
export const computeContainerStatuses = (input: PodStatusInput): ContainerStatuses => {
  const found = instancesByName(input);
  const spec: Pod["spec"] = input.pod.spec;
  const initContainers = (spec?.initContainers ?? []).map((container) => statusOf({ container, kind: kindOf(container), found, input }));
  const containers = (spec?.containers ?? []).map((container) => statusOf({ container, kind: "app", found, input }));
  const ephemeral = (spec?.ephemeralContainers ?? []).map((container) => statusOf({ container, kind: "ephemeral", found, input }));
  return { initContainers, containers: byName(containers), ephemeralContainers: byName(ephemeral) };
};
