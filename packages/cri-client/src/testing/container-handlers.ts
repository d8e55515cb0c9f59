import { ContainerEventType, ContainerState } from "@nk/cri-api";
import type { ContainerConfig, ContainerFilter } from "@nk/cri-api";
import { createLogFile, joinLogPath } from "./container-log.ts";
import { beginContainer, endContainer, removeContainer, stopContainer } from "./life.ts";
import { notFound, StatusError } from "./status-error.ts";
import { findImage } from "./store.ts";
import type { FakeContainer } from "./store.ts";
import { toContainer, toContainerStatus } from "./to-messages.ts";
import { hasLabels } from "./world.ts";
import type { FakeHandlers, FakeWorld } from "./world.ts";

const STATES: { readonly [state: number]: FakeContainer["state"] } = {
  [ContainerState.CONTAINER_CREATED]: "created",
  [ContainerState.CONTAINER_RUNNING]: "running",
  [ContainerState.CONTAINER_EXITED]: "exited",
};

const matches = (container: FakeContainer, filter: ContainerFilter | undefined): boolean =>
  filter === undefined ||
  ((filter.id === "" || container.id.startsWith(filter.id)) &&
    (filter.podSandboxId === "" || container.sandboxId === filter.podSandboxId) &&
    (filter.state === undefined || container.state === STATES[filter.state.state]) &&
    hasLabels(container.config.labels, filter.labelSelector));

const checkName = (world: FakeWorld, sandboxId: string, config: ContainerConfig): void => {
  const { metadata } = config;
  if (metadata === undefined) throw new StatusError("unknown", "container config must include metadata");
  for (const other of world.store.containers.values()) {
    const theirs = other.config.metadata;
    if (other.sandboxId !== sandboxId || theirs?.name !== metadata.name || theirs.attempt !== metadata.attempt) continue;
    throw new StatusError(
      world.quirks.reservedNameCode,
      `failed to reserve container name "${metadata.name}": name is reserved for "${other.id}"`,
    );
  }
};

const createContainer = (world: FakeWorld, sandboxId: string, config: ContainerConfig): FakeContainer => {
  const { store, hub } = world;
  const sandbox = store.sandboxes.get(sandboxId);
  if (sandbox === undefined) throw notFound("failed to find sandbox id", sandboxId);
  if (sandbox.state !== "ready" && !world.quirks.createsInStopped) throw notFound("failed to get sandbox container task", sandboxId);
  checkName(world, sandboxId, config);
  const image = findImage(store, config.image?.image ?? "");
  if (image === undefined) throw notFound("failed to resolve image", config.image?.image ?? "");
  const container: FakeContainer = {
    id: store.nextId("container"),
    sandboxId,
    config,
    imageId: world.quirks.givesImageId ? image.id : "",
    imageRef: image.id,
    createdAtNanos: store.nowNanos(),
    givesUser: world.quirks.givesUser,
    state: "created",
    startedAtNanos: 0n,
    finishedAtNanos: 0n,
    exitCode: 0,
    reason: "",
    message: "",
    resources: config.linux?.resources,
  };
  store.containers.set(container.id, container);
  hub.emit(ContainerEventType.CONTAINER_CREATED_EVENT, sandbox, container.id);
  return container;
};

/** The containers' RPCs apart from exec and statistics. */
export const containerHandlers = (world: FakeWorld): FakeHandlers => {
  const { store } = world;
  const get = (id: string): FakeContainer => {
    const container = store.containers.get(id);
    if (container === undefined) throw notFound("an error occurred when try to find container", id);
    return container;
  };
  const list = (filter: ContainerFilter | undefined): readonly FakeContainer[] =>
    [...store.containers.values()].filter((container) => matches(container, filter));
  return {
    createContainer: ({ podSandboxId, config }) => {
      if (config === undefined) throw new StatusError("unknown", "container config must be given");
      return { containerId: createContainer(world, podSandboxId, config).id };
    },
    startContainer: ({ containerId }) => {
      beginContainer(world, get(containerId));
      return {};
    },
    stopContainer: async ({ containerId, timeout }) => {
      const container = store.containers.get(containerId);
      if (container !== undefined) await stopContainer(world, container, timeout);
      else if (!world.quirks.stopsUnknown) throw notFound("an error occurred when try to find container", containerId);
      return {};
    },
    removeContainer: ({ containerId }) => {
      const container = store.containers.get(containerId);
      if (container !== undefined) removeContainer(world, container);
      return {};
    },
    listContainers: ({ filter }) => ({ containers: list(filter).map(toContainer) }),
    streamContainers: ({ filter }) => list(filter).map((container) => ({ containers: [toContainer(container)] })),
    containerStatus: ({ containerId, verbose }) => ({
      status: toContainerStatus(store, get(containerId)),
      info: verbose ? { info: "{}" } : {},
    }),
    updateContainerResources: ({ containerId, linux }) => {
      // containerd takes it for an exited container too, and shows the new values.
      get(containerId).resources = linux;
      return {};
    },
    reopenContainerLog: ({ containerId }) => {
      const container = get(containerId);
      if (container.state !== "running") throw new StatusError("unknown", `container "${containerId}" is not running`);
      const path = joinLogPath(store.sandboxes.get(container.sandboxId), container);
      if (world.logs && path !== "") createLogFile(path);
      return {};
    },
    checkpointContainer: ({ containerId }) => {
      get(containerId);
      return {};
    },
  };
};

/** Ends a container from outside: what a crash or the OOM killer does. */
export const crashContainer = (world: FakeWorld, id: string, exit: { readonly exitCode: number; readonly reason?: string }): void => {
  const container = world.store.containers.get(id);
  if (container === undefined) throw new Error(`the fake runtime has no container ${id}`);
  endContainer(world, container, exit);
};
