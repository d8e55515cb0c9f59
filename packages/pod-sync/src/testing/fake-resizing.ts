import type { LinuxContainerResources } from "@nk/cri-api";
import { computePodCgroupLimits } from "../config/pod-cgroup.ts";
import type { PodCgroupLimits } from "../config/pod-cgroup.ts";
import type { PodSyncPorts } from "../ports.ts";
import { FAKE_NODE } from "./fake-ports.ts";
import type { FakePorts } from "./fake-ports.ts";

/** {@link FakePorts} with a pod cgroup that has limits and a runtime that changes containers while they run. */
export interface FakeResizing {
  readonly ports: PodSyncPorts;
  /** What was told to the runtime and written to the pod's cgroup, e.g. `main memory=64 quota=20000 shares=102`. */
  readonly calls: string[];
  /** What the pod's cgroup has. */
  limits: PodCgroupLimits;
  /** Bytes in use, by container name; `pod` for the pod. Default 0. */
  readonly usage: Map<string, bigint>;
  /** Makes a call fail; it is asked with the line that goes to `calls`. */
  failure: (call: string) => Error | undefined;
}

const describeResources = ({ memoryLimitInBytes, cpuQuota, cpuShares }: LinuxContainerResources): string =>
  `memory=${memoryLimitInBytes} quota=${cpuQuota} shares=${cpuShares}`;

const describeLimits = ({ memoryLimitBytes, cpuQuotaMicros, cpuShares }: PodCgroupLimits): string =>
  [
    ...(memoryLimitBytes === undefined ? [] : [`memory=${memoryLimitBytes}`]),
    ...(cpuQuotaMicros === undefined ? [] : [`quota=${cpuQuotaMicros}`]),
    ...(cpuShares === undefined ? [] : [`shares=${cpuShares}`]),
  ].join(" ");

/** Adds both to ports on a fake runtime. */
export const createFakeResizing = (fake: FakePorts): FakeResizing => {
  const nameOf = (id: string): string => fake.runtime.inspect("uid-web")?.containers.find((container) => container.id === id)?.name ?? "";
  const call = (line: string): void => {
    resizing.calls.push(line);
    const failure = resizing.failure(line);
    if (failure !== undefined) throw failure;
  };
  const resizing: FakeResizing = {
    calls: [],
    limits: {},
    usage: new Map(),
    failure: () => undefined,
    ports: {
      ...fake.ports,
      cgroups: {
        ...fake.ports.cgroups,
        ensure: async (pod, options) => {
          if (!fake.held.has("cgroup")) resizing.limits = computePodCgroupLimits(pod, FAKE_NODE);
          return fake.ports.cgroups.ensure(pod, options);
        },
        readState: async () => ({ limits: resizing.limits, memoryUsageBytes: resizing.usage.get("pod") ?? 0n }),
        setLimits: async (_pod, limits) => {
          call(`pod ${describeLimits(limits)}`);
          resizing.limits = { ...resizing.limits, ...limits };
        },
      },
      resizing: {
        updateContainerResources: async ({ containerId, linux }) => {
          if (linux === undefined) return;
          const name = nameOf(containerId);
          call(`${name} ${describeResources(linux)}`);
          const { cpuShares, cpuQuota, cpuPeriod, memoryLimitInBytes } = linux;
          const resources = { cpuShares, cpuQuotaMicros: cpuQuota, cpuPeriodMicros: cpuPeriod, memoryLimitBytes: memoryLimitInBytes };
          fake.runtime.patch(name, { resources });
        },
        containerStats: async ({ containerId }) => ({
          stats: {
            attributes: undefined,
            cpu: undefined,
            writableLayer: undefined,
            swap: undefined,
            io: undefined,
            memory: {
              timestamp: 0n,
              workingSetBytes: undefined,
              availableBytes: undefined,
              usageBytes: { value: resizing.usage.get(nameOf(containerId)) ?? 0n },
              rssBytes: undefined,
              pageFaults: undefined,
              majorPageFaults: undefined,
              psi: undefined,
            },
          },
        }),
        updatePodSandboxResources: async () => {
          const failure = resizing.failure("sandbox");
          if (failure !== undefined) throw failure;
        },
      },
    },
  };
  return resizing;
};
