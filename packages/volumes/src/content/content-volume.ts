import { computePodLimits, hasLimitOnEveryContainer, parseQuantity, quantityValue } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { promptFiles } from "@nk/stdx";
import { join } from "node:path";
import { VolumesError } from "../errors.ts";
import { makeNestedMountPoints } from "../nested-mount-points.ts";
import type { PluginTools, VolumeOutcome, VolumeTask } from "../plugins/plugin.ts";
import { podPaths } from "../pod-paths.ts";
import { ensureScratchDirectory } from "../scratch-directory.ts";
import { checkPayload, digestPayload } from "./payload.ts";
import type { Payload } from "./payload.ts";
import { DATA_LINK, writePayload } from "./write-payload.ts";

/** The bits that a group gets on files it only reads. */
const GROUP_READS = 0o440;

const isThere = async (path: string): Promise<boolean> => {
  try {
    await promptFiles.lstat(path);
    return true;
  } catch {
    // Whatever it is, writing anew will tell.
    return false;
  }
};

/**
 * The size of a volume in memory: what the volume says, the pod's memory limit or what the node can allocate, whichever is least
 * (calculateEmptyDirMemorySize in the reference). 0 when none is known.
 */
export const computeMemoryVolumeSize = (
  pod: Pod,
  limits: { readonly sizeLimit?: string | undefined; readonly allocatable: string | undefined },
): bigint => {
  const podLimit = hasLimitOnEveryContainer(pod, "memory") ? computePodLimits(pod)["memory"] : undefined;
  const sizes = [limits.allocatable, limits.sizeLimit].flatMap((text) => (text === undefined ? [] : [quantityValue(parseQuantity(text))]));
  const all = [...sizes, ...(podLimit === undefined ? [] : [quantityValue(podLimit)])].filter((size) => size > 0n);
  return all.reduce((least, size) => (least === 0n || size < least ? size : least), 0n);
};

/** What the node can allocate of memory; undefined when nobody knows. */
export const readAllocatableMemory = async (tools: PluginTools, signal: AbortSignal): Promise<string | undefined> =>
  (await tools.ports.node?.allocatable({ signal }))?.["memory"];

/** Files to show, and when they are to be looked at again. */
export interface GatheredContent {
  readonly payload: Payload;
  readonly refreshAtMs?: number;
}

const requireMounts = (tools: PluginTools): NonNullable<PluginTools["ports"]["mounts"]> => {
  const { mounts } = tools.ports;
  if (mounts === undefined) throw new VolumesError("unsupported-source", "nothing can be mounted here");
  return mounts;
};

/**
 * Shows files in a volume of their own, which is a directory on disk or in memory like an emptyDir's ("wrapped", as the reference says).
 * Does nothing when they are what was written last.
 */
export const setUpContentVolume = async (
  task: VolumeTask,
  tools: PluginTools,
  volume: { readonly plugin: string; readonly inMemory: boolean; readonly content: GatheredContent },
): Promise<VolumeOutcome> => {
  const { pod, ref, signal } = task;
  const { name } = task.volume;
  const paths = podPaths(tools.rootDir, ref.uid);
  const path = paths.volume(volume.plugin, name);
  const payload = checkPayload(volume.content.payload, tools.maxPayloadBytes);
  const gid = pod.spec?.securityContext?.fsGroup;
  const digest = digestPayload(payload);
  const outcome: VolumeOutcome = {
    ready: { hostPath: path, readOnly: true, selinuxRelabel: true },
    digest,
    ...(volume.content.refreshAtMs !== undefined && { refreshAtMs: volume.content.refreshAtMs }),
  };
  if (task.lastDigest === digest && (await isThere(join(path, DATA_LINK)))) return outcome;
  const memory = volume.inMemory
    ? { mounts: requireMounts(tools), sizeBytes: computeMemoryVolumeSize(pod, { allocatable: await readAllocatableMemory(tools, signal) }) }
    : undefined;
  // What is in memory is there or not: whether it is mounted tells.
  await ensureScratchDirectory({ path, marker: memory === undefined ? paths.marker(`wrapped_${name}`) : undefined, memory, gid, signal });
  await makeNestedMountPoints(path, pod, name);
  await writePayload(path, payload, {
    clock: tools.clock,
    random: tools.random,
    inMemory: volume.inMemory,
    ...(gid !== undefined && {
      effectiveMode: (mode) => mode | GROUP_READS,
      setOwnership: () => tools.setOwnership({ plugin: volume.plugin, path, gid, readOnly: true, ref, signal }),
    }),
  });
  return outcome;
};
