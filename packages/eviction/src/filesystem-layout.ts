import { isSignal } from "./signals.ts";
import type { Signal } from "./signals.ts";
import type { Threshold } from "./thresholds.ts";
import type { NodeStats } from "./summary.ts";

/**
 * Which file systems the runtime has: `shared`, everything is on the node's; `image`, image layers and writable layers are on one of their
 * own; `split`, only image layers are, and writable layers are on the node's.
 */
export type FilesystemLayout = "shared" | "image" | "split";

/** What of a pod is counted: writable layers, logs, local volumes. Image layers are nobody's own and count for nothing. */
export type DiskShare = "rootfs" | "logs" | "volumes";

/** What frees space before a pod has to go, in the order in which it is done. */
export type ReclaimStep = "delete-dead-containers" | "delete-unused-images";

type Disk = "nodefs" | "imagefs" | "containerfs";

interface DiskFacts {
  readonly shares: readonly DiskShare[];
  readonly reclaim: readonly ReclaimStep[];
}

const EVERYTHING: DiskFacts = { shares: ["rootfs", "logs", "volumes"], reclaim: ["delete-dead-containers", "delete-unused-images"] };
const IMAGE: DiskFacts = { shares: ["rootfs"], reclaim: ["delete-dead-containers", "delete-unused-images"] };
const SPLIT_NODE: DiskFacts = { shares: ["rootfs", "logs", "volumes"], reclaim: ["delete-dead-containers"] };

/** buildSignalToRankFunc and buildSignalToNodeReclaimFuncs of the reference in one table. */
const DISKS: { readonly [layout in FilesystemLayout]: { readonly [disk in Disk]: DiskFacts } } = {
  shared: { nodefs: EVERYTHING, imagefs: EVERYTHING, containerfs: EVERYTHING },
  image: { nodefs: { shares: ["logs", "volumes"], reclaim: [] }, imagefs: IMAGE, containerfs: IMAGE },
  split: { nodefs: SPLIT_NODE, imagefs: { shares: [], reclaim: ["delete-unused-images"] }, containerfs: SPLIT_NODE },
};

const isDisk = (name: string): name is Disk => Object.hasOwn(DISKS.shared, name);

const diskFacts = (signal: Signal, layout: FilesystemLayout): DiskFacts => {
  const [disk = ""] = signal.split(".");
  return isDisk(disk) ? DISKS[layout][disk] : { shares: [], reclaim: [] };
};

/** What of a pod counts when pods are ranked for the signal; empty for memory and pids. */
export const sharesOf = (signal: Signal, layout: FilesystemLayout): readonly DiskShare[] => diskFacts(signal, layout).shares;

/** What is freed before a pod is evicted for the signal; empty for memory and pids. */
export const reclaimStepsOf = (signal: Signal, layout: FilesystemLayout): readonly ReclaimStep[] => diskFacts(signal, layout).reclaim;

/**
 * The thresholds that count on a node of this layout: those on containerfs are replaced by what holds for the file system that writable layers
 * are on (UpdateContainerFsThresholds in the reference), whatever was stated for them.
 */
export const computeThresholds = (thresholds: readonly Threshold[], layout: FilesystemLayout): readonly Threshold[] => {
  const model = layout === "image" ? "imagefs." : "nodefs.";
  const derived = thresholds
    .filter(({ signal }) => signal.startsWith(model))
    .flatMap((threshold): Threshold[] => {
      const signal = `containerfs.${threshold.signal.slice(model.length)}`;
      return isSignal(signal) ? [{ ...threshold, signal }] : [];
    });
  const own = thresholds.filter(({ signal }) => !signal.startsWith("containerfs."));
  const pids = own.filter(({ signal }) => signal === "pid.available");
  return [...own.filter(({ signal }) => signal !== "pid.available"), ...derived, ...pids];
};

/**
 * Guesses the layout from a summary: file systems of the same size and the same number of inodes count as one. Two disks of one model look
 * alike to it; whoever knows the devices should state the layout.
 */
export const guessFilesystemLayout = ({ fs, runtime }: NodeStats): FilesystemLayout => {
  const isNodeFs = (other: { readonly capacityBytes?: unknown; readonly inodes?: unknown } | null | undefined): boolean =>
    other === undefined || other === null || (other.capacityBytes === fs?.capacityBytes && other.inodes === fs?.inodes);
  if (isNodeFs(runtime?.imageFs)) return "shared";
  return runtime?.containerFs !== undefined && isNodeFs(runtime.containerFs) ? "split" : "image";
};
