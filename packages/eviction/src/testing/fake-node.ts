import { formatTimestamp, podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import type { FilesystemLayout, ReclaimStep } from "../filesystem-layout.ts";
import type { ContainerStats, FsStats, PodStats, Summary } from "../summary.ts";

/** What one pod uses. */
export interface FakeUsage {
  readonly memoryBytes?: number;
  readonly rootfsBytes?: number;
  readonly logsBytes?: number;
  readonly inodes?: number;
  readonly pids?: number;
  /** By name of the volume. */
  readonly volumeBytes?: { readonly [name: string]: number };
}

/** The size of the node; what is not stated is plenty. */
export interface FakeNodeOptions {
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  readonly diskInodes?: number;
  /** The second disk, where the layout has one. */
  readonly imageDiskBytes?: number;
  readonly maxPids?: number;
  readonly layout?: FilesystemLayout;
}

/** Used by nobody's pod. */
export interface FakeRest {
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  readonly pids?: number;
  readonly deadContainerBytes?: number;
  readonly unusedImageBytes?: number;
}

/** A node that can be filled, looked at, and relieved. */
export interface FakeNode {
  readonly layout: FilesystemLayout;
  /** Starts the pod, or changes what it uses. */
  readonly run: (pod: Pod, usage: FakeUsage) => void;
  /** What the node's daemons, dead containers and unused images use; merged with what was said before. */
  readonly fill: (rest: FakeRest) => void;
  readonly remove: (uid: string) => void;
  readonly reclaim: (step: ReclaimStep) => void;
  readonly pods: () => readonly Pod[];
  /** As GET /stats/summary would answer at that time. */
  readonly summary: (nowMs: number) => Summary;
}

const PLENTY = 2 ** 40;

const sum = (numbers: readonly (number | undefined)[]): number => numbers.reduce<number>((total, one) => total + (one ?? 0), 0);

const podStats = (pod: Pod, usage: FakeUsage): PodStats => {
  const volumes = Object.entries(usage.volumeBytes ?? {});
  // What a pod uses is used by its first container.
  const containers = (pod.spec?.containers ?? []).slice(0, 1).map(({ name }): ContainerStats => ({
    name,
    memory: { workingSetBytes: usage.memoryBytes ?? 0 },
    rootfs: { usedBytes: usage.rootfsBytes ?? 0, inodesUsed: usage.inodes ?? 0 },
    logs: { usedBytes: usage.logsBytes ?? 0, inodesUsed: 0 },
  }));
  return {
    podRef: podRef(pod),
    containers,
    memory: { workingSetBytes: usage.memoryBytes ?? 0 },
    volume: volumes.map(([name, usedBytes]) => ({ name, usedBytes })),
    "ephemeral-storage": { usedBytes: sum([usage.rootfsBytes, usage.logsBytes, ...volumes.map(([, bytes]) => bytes)]) },
    process_stats: { process_count: usage.pids ?? 1 },
  };
};

/** A node in memory, for trying thresholds over time and for tests: real figures in, as a kubelet would tell them. */
export const createFakeNode = (options: FakeNodeOptions = {}): FakeNode => {
  const {
    memoryBytes = PLENTY,
    diskBytes = PLENTY,
    diskInodes = 1e9,
    imageDiskBytes = PLENTY / 2,
    maxPids = 32_768,
    layout = "shared",
  } = options;
  const running = new Map<string, { readonly pod: Pod; readonly usage: FakeUsage }>();
  let rest: FakeRest = {};
  const usages = (): readonly FakeUsage[] => [...running.values()].map(({ usage }) => usage);
  const total = (pick: (usage: FakeUsage) => number | undefined): number => sum(usages().map(pick));

  const fs = (capacityBytes: number, used: number, time: string): FsStats => ({
    time,
    capacityBytes,
    availableBytes: Math.max(0, capacityBytes - used),
    usedBytes: used,
    // Disks of different sizes have different numbers of inodes.
    inodes: capacityBytes === diskBytes ? diskInodes : diskInodes + 1,
    inodesFree: diskInodes - total(({ inodes }) => inodes),
  });

  const disks = (time: string): { readonly nodefs: FsStats; readonly imagefs: FsStats; readonly containerfs: FsStats } => {
    const logs = total(({ logsBytes, volumeBytes = {} }) => sum([logsBytes, ...Object.values(volumeBytes)])) + (rest.diskBytes ?? 0);
    const layers = total(({ rootfsBytes }) => rootfsBytes) + (rest.deadContainerBytes ?? 0);
    const images = rest.unusedImageBytes ?? 0;
    if (layout === "shared") {
      const all = fs(diskBytes, logs + layers + images, time);
      return { nodefs: all, imagefs: all, containerfs: all };
    }
    const own = fs(diskBytes, layout === "split" ? logs + layers : logs, time);
    const second = fs(imageDiskBytes, layout === "split" ? images : images + layers, time);
    return { nodefs: own, imagefs: second, containerfs: layout === "split" ? own : second };
  };

  return {
    layout,
    run: (pod, usage) => void running.set(podRef(pod).uid, { pod, usage }),
    fill: (more) => void (rest = { ...rest, ...more }),
    remove: (uid) => void running.delete(uid),
    reclaim: (step) => void (rest = { ...rest, [step === "delete-dead-containers" ? "deadContainerBytes" : "unusedImageBytes"]: 0 }),
    pods: () => [...running.values()].map(({ pod }) => pod),
    summary: (nowMs) => {
      const time = formatTimestamp(nowMs);
      const podMemory = total(({ memoryBytes: bytes }) => bytes);
      const workingSetBytes = podMemory + (rest.memoryBytes ?? 0);
      const { nodefs, imagefs, containerfs } = disks(time);
      return {
        node: {
          nodeName: "fake",
          memory: {
            time,
            availableBytes: Math.max(0, memoryBytes - workingSetBytes),
            workingSetBytes: Math.min(memoryBytes, workingSetBytes),
          },
          systemContainers: [
            {
              name: "pods",
              memory: { time, availableBytes: Math.max(0, memoryBytes - podMemory), workingSetBytes: Math.min(memoryBytes, podMemory) },
            },
          ],
          fs: nodefs,
          runtime: { imageFs: imagefs, containerFs: containerfs },
          rlimit: { time, maxpid: maxPids, curproc: total(({ pids }) => pids ?? 1) + (rest.pids ?? 0) },
        },
        pods: [...running.values()].map(({ pod, usage }) => podStats(pod, usage)),
      };
    },
  };
};
