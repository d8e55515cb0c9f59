import { CgroupDriver } from "@nk/cri-api";
import type { ContainerStats, DeepPartial, PodSandboxStats } from "@nk/cri-api";
import { notFound } from "./status-error.ts";
import type { FakeContainer, FakeSandbox } from "./store.ts";
import { hasLabels } from "./world.ts";
import type { FakeHandlers, FakeWorld } from "./world.ts";

/** What the runtime says about itself. */
export interface FakeRuntimeInfo {
  readonly name: string;
  readonly version: string;
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** Conditions by type; mutable through `setCondition`. */
  readonly conditions: Map<string, { readonly status: boolean; readonly reason: string; readonly message: string }>;
}

/** The runtime's own RPCs, and statistics, which are all zero. */
export const nodeHandlers = (world: FakeWorld, info: FakeRuntimeInfo): FakeHandlers => {
  const { store } = world;
  const zero = { value: 0n };
  const containerStats = (container: FakeContainer): DeepPartial<ContainerStats> => ({
    attributes: {
      id: container.id,
      metadata: container.config.metadata,
      labels: container.config.labels,
      annotations: container.config.annotations,
    },
    cpu: { timestamp: store.nowNanos(), usageCoreNanoSeconds: zero },
    memory: { timestamp: store.nowNanos(), workingSetBytes: zero, usageBytes: zero },
    writableLayer: { timestamp: store.nowNanos(), fsId: { mountpoint: "/var/lib/fake/containers" }, usedBytes: zero, inodesUsed: zero },
  });
  const sandboxStats = (sandbox: FakeSandbox): DeepPartial<PodSandboxStats> => ({
    attributes: {
      id: sandbox.id,
      metadata: sandbox.config.metadata,
      labels: sandbox.config.labels,
      annotations: sandbox.config.annotations,
    },
    linux: {
      containers: [...store.containers.values()]
        .filter((one) => one.sandboxId === sandbox.id && one.state === "running")
        .map(containerStats),
    },
  });
  const running = (
    filter: { readonly id: string; readonly podSandboxId: string; readonly labelSelector: { [key: string]: string } } | undefined,
  ) =>
    [...store.containers.values()].filter(
      (one) =>
        one.state === "running" &&
        (filter === undefined || filter.id === "" || one.id === filter.id) &&
        (filter === undefined || filter.podSandboxId === "" || one.sandboxId === filter.podSandboxId) &&
        hasLabels(one.config.labels, filter?.labelSelector),
    );
  const sandboxes = (filter: { readonly id: string; readonly labelSelector: { [key: string]: string } } | undefined) =>
    [...store.sandboxes.values()].filter(
      (one) => (filter === undefined || filter.id === "" || one.id === filter.id) && hasLabels(one.config.labels, filter?.labelSelector),
    );
  return {
    version: () => ({ version: "0.1.0", runtimeName: info.name, runtimeVersion: info.version, runtimeApiVersion: "v1" }),
    status: ({ verbose }) => ({
      status: { conditions: [...info.conditions].map(([type, condition]) => ({ type, ...condition })) },
      info: verbose ? { config: "{}" } : {},
      ...(world.quirks.givesHandlers
        ? {
            runtimeHandlers: ["", "runc"].map((name) => ({ name, features: { recursiveReadOnlyMounts: true, userNamespaces: false } })),
            features: { supplementalGroupsPolicy: true },
          }
        : {}),
    }),
    updateRuntimeConfig: () => ({}),
    runtimeConfig: () => ({ linux: { cgroupDriver: info.cgroupDriver === "systemd" ? CgroupDriver.SYSTEMD : CgroupDriver.CGROUPFS } }),
    containerStats: ({ containerId }) => {
      const container = store.containers.get(containerId);
      if (container === undefined) throw notFound("failed to find container", containerId);
      return { stats: containerStats(container) };
    },
    listContainerStats: ({ filter }) => ({ stats: running(filter).map(containerStats) }),
    streamContainerStats: ({ filter }) => running(filter).map((one) => ({ containerStats: [containerStats(one)] })),
    podSandboxStats: ({ podSandboxId }) => {
      const sandbox = store.sandboxes.get(podSandboxId);
      if (sandbox === undefined) throw notFound("sandbox", podSandboxId);
      return { stats: sandboxStats(sandbox) };
    },
    listPodSandboxStats: ({ filter }) => ({ stats: sandboxes(filter).map(sandboxStats) }),
    streamPodSandboxStats: ({ filter }) => sandboxes(filter).map((one) => ({ podSandboxStats: [sandboxStats(one)] })),
    listMetricDescriptors: () => ({}),
    listPodSandboxMetrics: () => ({}),
    streamPodSandboxMetrics: () => [],
  };
};
