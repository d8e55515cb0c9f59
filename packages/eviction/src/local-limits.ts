import { computePodLimits, formatQuantity, isCriticalPod, parseQuantity, podRef } from "@nk/pod-model";
import type { Pod, Quantity } from "@nk/pod-model";
import type { FilesystemLayout } from "./filesystem-layout.ts";
import { amountOf } from "./observations.ts";
import type { PodStats } from "./summary.ts";
import { addUsedBytes, usedBytes } from "./usage.ts";
import type { StatsByUid } from "./usage.ts";
import { EVICTION_REASON, IMMEDIATE_GRACE_SECONDS } from "./victim.ts";
import type { LimitSignal, Victim } from "./victim.ts";

const STORAGE = "ephemeral-storage";

interface Excess {
  readonly signal: LimitSignal;
  readonly message: string;
}

/** An amount of a pod that cannot be read limits nothing. */
const readLimit = (text: string | undefined): Quantity | undefined => {
  try {
    return text === undefined ? undefined : parseQuantity(text);
  } catch {
    return undefined;
  }
};

const findEmptyDirExcess = (pod: Pod, stats: PodStats): Excess | undefined => {
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const limit = readLimit(emptyDir?.sizeLimit);
    const volume = (stats.volume ?? []).find((one) => one.name === name);
    if (limit === undefined || limit.nanos <= 0n || amountOf(volume?.usedBytes) === undefined) continue;
    if (usedBytes(volume).nanos > limit.nanos)
      return {
        signal: "emptydirfs.limit",
        message: `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(formatQuantity(limit))}. `,
      };
  }
  return undefined;
};

const podLimit = (pod: Pod): Quantity | undefined => {
  try {
    return computePodLimits(pod)[STORAGE];
  } catch {
    return undefined;
  }
};

const findPodExcess = (pod: Pod, stats: PodStats): Excess | undefined => {
  const limit = podLimit(pod);
  if (limit === undefined || usedBytes(stats[STORAGE]).nanos <= limit.nanos) return undefined;
  return {
    signal: "ephemeralpodfs.limit",
    message: `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(limit)}. `,
  };
};

/** Writable layers count where they are on the node's own disk, or seem so: with any dedicated image file system only logs do, as there. */
const findContainerExcess = (pod: Pod, stats: PodStats, layout: FilesystemLayout): Excess | undefined => {
  for (const { name, logs, rootfs } of stats.containers ?? []) {
    const container = pod.spec?.containers.find((one) => one.name === name);
    const limit = readLimit(container?.resources?.limits?.[STORAGE]);
    if (limit === undefined || limit.nanos === 0n) continue;
    const used = layout === "shared" ? addUsedBytes(logs, rootfs) : usedBytes(logs);
    if (used.nanos > limit.nanos)
      return {
        signal: "ephemeralcontainerfs.limit",
        message: `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(formatQuantity(limit))}. `,
      };
  }
  return undefined;
};

export interface LocalLimitOptions {
  readonly stats: StatsByUid;
  readonly layout: FilesystemLayout;
}

/**
 * The pods that use more local storage than they may: an emptyDir over its sizeLimit, the pod over the sum of its containers' limits, a
 * container over its own, in this order (localStorageEviction in the reference). All of them go at once. Critical pods stay.
 */
export const computeLimitVictims = (pods: readonly Pod[], { stats, layout }: LocalLimitOptions): readonly Victim[] =>
  pods.flatMap((pod): Victim[] => {
    const found = stats.get(podRef(pod).uid);
    if (found === undefined || isCriticalPod(pod)) return [];
    const excess = findEmptyDirExcess(pod, found) ?? findPodExcess(pod, found) ?? findContainerExcess(pod, found, layout);
    return excess === undefined
      ? []
      : [{ pod, ...excess, reason: EVICTION_REASON, annotations: {}, gracePeriodSeconds: IMMEDIATE_GRACE_SECONDS }];
  });
