import { ContainerEventType, NamespaceMode, PodSandboxState } from "@nk/cri-api";
import type { PodSandboxConfig, PodSandboxFilter } from "@nk/cri-api";
import { removeContainer, stopSandbox } from "./life.ts";
import { notFound, StatusError } from "./status-error.ts";
import type { FakeSandbox } from "./store.ts";
import { toContainerStatus, toPodSandbox, toPodSandboxStatus } from "./to-messages.ts";
import { hasLabels } from "./world.ts";
import type { FakeHandlers, FakeWorld } from "./world.ts";

const nameOf = (config: PodSandboxConfig): string => {
  const { name, namespace, uid, attempt } = config.metadata ?? { name: "", namespace: "", uid: "", attempt: 0 };
  return [name, namespace, uid, String(attempt)].join("_");
};

const runSandbox = (world: FakeWorld, config: PodSandboxConfig, runtimeHandler: string): FakeSandbox => {
  const { store, hub } = world;
  if (config.metadata === undefined) throw new StatusError("unknown", "sandbox config must include metadata");
  const name = nameOf(config);
  const owner = [...store.sandboxes.values()].find((sandbox) => nameOf(sandbox.config) === name);
  if (owner !== undefined) {
    throw new StatusError(
      world.quirks.reservedNameCode,
      `failed to reserve sandbox name "${name}": name "${name}" is reserved for "${owner.id}"`,
    );
  }
  const onNode = config.linux?.securityContext?.namespaceOptions?.network === NamespaceMode.NODE;
  const sandbox: FakeSandbox = {
    id: store.nextId("sandbox"),
    config,
    runtimeHandler,
    createdAtNanos: store.nowNanos(),
    state: "ready",
    ips: onNode ? [] : [store.nextIp()],
  };
  store.sandboxes.set(sandbox.id, sandbox);
  hub.emit(ContainerEventType.CONTAINER_CREATED_EVENT, sandbox, sandbox.id);
  hub.emit(ContainerEventType.CONTAINER_STARTED_EVENT, sandbox, sandbox.id);
  return sandbox;
};

const matches = (sandbox: FakeSandbox, filter: PodSandboxFilter | undefined): boolean => {
  if (filter === undefined) return true;
  const wantReady = filter.state === undefined ? undefined : filter.state.state === PodSandboxState.SANDBOX_READY;
  return (
    (filter.id === "" || sandbox.id.startsWith(filter.id)) &&
    (wantReady === undefined || (sandbox.state === "ready") === wantReady) &&
    hasLabels(sandbox.config.labels, filter.labelSelector)
  );
};

/** The sandboxes' RPCs. */
export const sandboxHandlers = (world: FakeWorld): FakeHandlers => {
  const { store } = world;
  const list = (filter: PodSandboxFilter | undefined): readonly FakeSandbox[] =>
    [...store.sandboxes.values()].filter((one) => matches(one, filter));
  return {
    runPodSandbox: ({ config, runtimeHandler }) => {
      if (config === undefined) throw new StatusError("unknown", "sandbox config must be given");
      return { podSandboxId: runSandbox(world, config, runtimeHandler).id };
    },
    stopPodSandbox: ({ podSandboxId }) => {
      const sandbox = store.sandboxes.get(podSandboxId);
      if (sandbox !== undefined) stopSandbox(world, sandbox);
      else if (!world.quirks.stopsUnknown) throw notFound("an error occurred when try to find sandbox", podSandboxId);
      return {};
    },
    removePodSandbox: ({ podSandboxId }) => {
      const sandbox = store.sandboxes.get(podSandboxId);
      if (sandbox === undefined) return {};
      stopSandbox(world, sandbox);
      for (const container of store.containers.values()) if (container.sandboxId === sandbox.id) removeContainer(world, container);
      store.sandboxes.delete(sandbox.id);
      world.hub.emit(ContainerEventType.CONTAINER_DELETED_EVENT, sandbox, sandbox.id);
      return {};
    },
    podSandboxStatus: ({ podSandboxId, verbose }) => {
      const sandbox = store.sandboxes.get(podSandboxId);
      if (sandbox === undefined) throw notFound("sandbox", podSandboxId);
      const containers = [...store.containers.values()].filter(({ sandboxId }) => sandboxId === sandbox.id);
      return {
        status: toPodSandboxStatus(sandbox),
        info: verbose ? { info: "{}" } : {},
        ...(world.containersInSandboxStatus
          ? { containersStatuses: containers.map((container) => toContainerStatus(store, container)), timestamp: store.nowNanos() }
          : {}),
      };
    },
    listPodSandbox: ({ filter }) => ({ items: list(filter).map(toPodSandbox) }),
    streamPodSandboxes: ({ filter }) => list(filter).map((sandbox) => ({ podSandboxes: [toPodSandbox(sandbox)] })),
    updatePodSandboxResources: ({ podSandboxId }) => {
      if (!store.sandboxes.has(podSandboxId)) throw notFound("sandbox", podSandboxId);
      return {};
    },
    portForward: ({ podSandboxId }) => {
      if (store.sandboxes.get(podSandboxId)?.state !== "ready") throw notFound("sandbox", podSandboxId);
      return { url: `http://127.0.0.1:1/portforward/${podSandboxId.slice(0, 8)}` };
    },
  };
};
