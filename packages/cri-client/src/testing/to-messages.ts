import { Container, ContainerState, ContainerStatus, Image, PodSandbox, PodSandboxState, PodSandboxStatus } from "@nk/cri-api";
import { joinLogPath } from "./container-log.ts";
import type { FakeContainer, FakeImage, FakeSandbox, FakeStore } from "./store.ts";

const CONTAINER_STATES = {
  created: ContainerState.CONTAINER_CREATED,
  running: ContainerState.CONTAINER_RUNNING,
  exited: ContainerState.CONTAINER_EXITED,
} as const;

const sandboxState = (sandbox: FakeSandbox): PodSandboxState =>
  sandbox.state === "ready" ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;

/** What all messages about a sandbox have. */
const sandboxBase = (
  sandbox: FakeSandbox,
): Pick<PodSandbox, "id" | "metadata" | "state" | "createdAt" | "labels" | "annotations" | "runtimeHandler"> => ({
  id: sandbox.id,
  metadata: sandbox.config.metadata,
  state: sandboxState(sandbox),
  createdAt: sandbox.createdAtNanos,
  labels: sandbox.config.labels,
  annotations: sandbox.config.annotations,
  runtimeHandler: sandbox.runtimeHandler,
});

/** A sandbox in a list. */
export const toPodSandbox = (sandbox: FakeSandbox): PodSandbox => PodSandbox.fromPartial(sandboxBase(sandbox));

/** A sandbox's status. */
export const toPodSandboxStatus = (sandbox: FakeSandbox): PodSandboxStatus => {
  const [ip = "", ...others] = sandbox.ips;
  return PodSandboxStatus.fromPartial({
    ...sandboxBase(sandbox),
    network: { ip, additionalIps: others.map((other) => ({ ip: other })) },
    linux: { namespaces: { options: sandbox.config.linux?.securityContext?.namespaceOptions ?? {} } },
  });
};

/** A container in a list. */
export const toContainer = (container: FakeContainer): Container =>
  Container.fromPartial({
    id: container.id,
    podSandboxId: container.sandboxId,
    metadata: container.config.metadata,
    image: container.config.image,
    imageRef: container.imageRef,
    imageId: container.imageId,
    state: CONTAINER_STATES[container.state],
    createdAt: container.createdAtNanos,
    labels: container.config.labels,
    annotations: container.config.annotations,
  });

/** A container's status. */
export const toContainerStatus = (store: FakeStore, container: FakeContainer): ContainerStatus => {
  const { config } = container;
  const context = config.linux?.securityContext;
  return ContainerStatus.fromPartial({
    id: container.id,
    metadata: config.metadata,
    state: CONTAINER_STATES[container.state],
    createdAt: container.createdAtNanos,
    startedAt: container.startedAtNanos,
    finishedAt: container.finishedAtNanos,
    exitCode: container.exitCode,
    image: config.image,
    imageRef: container.imageRef,
    imageId: container.imageId,
    reason: container.reason,
    message: container.message,
    labels: config.labels,
    annotations: config.annotations,
    mounts: config.mounts,
    logPath: joinLogPath(store.sandboxes.get(container.sandboxId), container),
    ...(container.resources === undefined ? {} : { resources: { linux: container.resources } }),
    ...(container.givesUser
      ? {
          user: {
            linux: {
              uid: context?.runAsUser?.value ?? 0n,
              gid: context?.runAsGroup?.value ?? 0n,
              supplementalGroups: context?.supplementalGroups ?? [],
            },
          },
        }
      : {}),
    stopSignal: config.stopSignal,
  });
};

/** An image. */
export const toImage = (image: FakeImage): Image =>
  Image.fromPartial({
    id: image.id,
    repoTags: image.repoTags,
    repoDigests: image.repoDigests,
    size: image.sizeBytes,
    ...(image.uid === undefined ? {} : { uid: { value: image.uid } }),
    username: image.username ?? "",
    pinned: image.pinned ?? false,
    spec: { image: image.id },
  });
