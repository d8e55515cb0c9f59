import { ContainerState, NamespaceMode, PodSandboxState, Signal } from "@nk/cri-api";
import type { Container, ContainerStatus, LinuxContainerResources, PodSandbox, PodSandboxStatus } from "@nk/cri-api";
import type {
  RuntimeContainer,
  RuntimeContainerResources,
  RuntimeContainerState,
  RuntimeContainerStatus,
  RuntimeSandbox,
  RuntimeSandboxStatus,
  SandboxState,
} from "@nk/pod-model";

const sandboxState = (state: PodSandboxState): SandboxState => (state === PodSandboxState.SANDBOX_READY ? "ready" : "notready");

const containerState = (state: ContainerState): RuntimeContainerState => {
  switch (state) {
    case ContainerState.CONTAINER_CREATED:
      return "created";
    case ContainerState.CONTAINER_RUNNING:
      return "running";
    case ContainerState.CONTAINER_EXITED:
      return "exited";
    default:
      // CONTAINER_UNKNOWN, and whatever a newer runtime may send.
      return "unknown";
  }
};

const networkMode = (mode: NamespaceMode | undefined): RuntimeSandboxStatus["network"] => {
  switch (mode) {
    case NamespaceMode.NODE:
      return "node";
    case NamespaceMode.CONTAINER:
      return "container";
    case NamespaceMode.TARGET:
      return "target";
    default:
      return "pod";
  }
};

/** CRI spells `SIGRTMINPLUS1`; Kubernetes, `SIGRTMIN+1`. */
const stopSignal = (signal: Signal): string | undefined => {
  if (signal === Signal.RUNTIME_DEFAULT) return undefined;
  const name = Object.entries(Signal).find(([, value]) => value === signal)?.[0];
  return name?.replace("PLUS", "+").replace("MINUS", "-");
};

/** A sandbox as ListPodSandbox gives it. */
export const toRuntimeSandbox = (sandbox: PodSandbox | PodSandboxStatus): RuntimeSandbox => ({
  id: sandbox.id,
  attempt: sandbox.metadata?.attempt ?? 0,
  state: sandboxState(sandbox.state),
  createdAtNanos: sandbox.createdAt,
  labels: sandbox.labels,
  annotations: sandbox.annotations,
  runtimeHandler: sandbox.runtimeHandler,
});

/** A sandbox as PodSandboxStatus gives it. A sandbox on the node's network has no IPs of its own. */
export const toRuntimeSandboxStatus = (status: PodSandboxStatus): RuntimeSandboxStatus => {
  const network = networkMode(status.linux?.namespaces?.options?.network);
  const ips = [status.network?.ip ?? "", ...(status.network?.additionalIps ?? []).map(({ ip }) => ip)];
  return { ...toRuntimeSandbox(status), network, ips: network === "node" ? [] : ips.filter((ip) => ip !== "") };
};

/** A container as ListContainers gives it. */
export const toRuntimeContainer = (container: Container): RuntimeContainer => ({
  id: container.id,
  sandboxId: container.podSandboxId,
  name: container.metadata?.name ?? "",
  attempt: container.metadata?.attempt ?? 0,
  state: containerState(container.state),
  createdAtNanos: container.createdAt,
  image: container.image?.image ?? "",
  imageId: container.imageId,
  labels: container.labels,
  annotations: container.annotations,
});

const toResources = (linux: LinuxContainerResources): RuntimeContainerResources => ({
  ...(linux.cpuShares === 0n ? {} : { cpuShares: linux.cpuShares }),
  ...(linux.cpuQuota === 0n ? {} : { cpuQuotaMicros: linux.cpuQuota }),
  ...(linux.cpuPeriod === 0n ? {} : { cpuPeriodMicros: linux.cpuPeriod }),
  ...(linux.memoryLimitInBytes === 0n ? {} : { memoryLimitBytes: linux.memoryLimitInBytes }),
});

/** A container as ContainerStatus gives it; the status does not say in which sandbox the container is. */
export const toRuntimeContainerStatus = (status: ContainerStatus, sandboxId: string): RuntimeContainerStatus => {
  const signal = stopSignal(status.stopSignal);
  const user = status.user?.linux;
  const resources = status.resources?.linux;
  return {
    id: status.id,
    sandboxId,
    name: status.metadata?.name ?? "",
    attempt: status.metadata?.attempt ?? 0,
    state: containerState(status.state),
    createdAtNanos: status.createdAt,
    startedAtNanos: status.startedAt,
    finishedAtNanos: status.finishedAt,
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: status.image?.image ?? "",
    imageId: status.imageId,
    imageRef: status.imageRef,
    logPath: status.logPath,
    labels: status.labels,
    annotations: status.annotations,
    mounts: status.mounts.map(({ containerPath, hostPath }) => ({ containerPath, hostPath })),
    ...(resources === undefined ? {} : { resources: toResources(resources) }),
    ...(user === undefined ? {} : { user: { uid: user.uid, gid: user.gid, supplementalGroups: user.supplementalGroups } }),
    ...(signal === undefined ? {} : { stopSignal: signal }),
  };
};
