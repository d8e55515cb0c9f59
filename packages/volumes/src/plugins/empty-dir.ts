import { computeMemoryVolumeSize, readAllocatableMemory } from "../content/content-volume.ts";
import { VolumesError } from "../errors.ts";
import { EMPTY_DIR_PLUGIN, podPaths } from "../pod-paths.ts";
import { ensureScratchDirectory } from "../scratch-directory.ts";
import type { PluginTools, VolumePlugin, VolumeTask } from "./plugin.ts";

const memoryOf = async (task: VolumeTask, tools: PluginTools): Promise<Parameters<typeof ensureScratchDirectory>[0]["memory"]> => {
  const { emptyDir } = task.volume;
  if (emptyDir?.medium !== "Memory") return undefined;
  const { mounts } = tools.ports;
  if (mounts === undefined) throw new VolumesError("unsupported-source", "nothing can be mounted here");
  const allocatable = await readAllocatableMemory(tools, task.signal);
  return { mounts, sizeBytes: computeMemoryVolumeSize(task.pod, { sizeLimit: emptyDir.sizeLimit, allocatable }) };
};

/** A directory that lives as long as the pod, on the node's disk or in memory. Its size on disk is the eviction manager's to watch. */
export const emptyDirPlugin: VolumePlugin = {
  name: EMPTY_DIR_PLUGIN,
  source: "emptyDir",
  hasContent: false,
  refusal: ({ emptyDir }, { mounts }) => {
    const medium = emptyDir?.medium ?? "";
    if (medium === "") return undefined;
    const field = "emptyDir.medium";
    if (medium === "Memory") return mounts === undefined ? { field, why: "nothing can be mounted here" } : undefined;
    return { field, why: `the medium ${JSON.stringify(medium)} is not supported by nk yet` };
  },
  setUp: async (task, tools) => {
    const { ref, volume, pod, signal } = task;
    const paths = podPaths(tools.rootDir, ref.uid);
    const path = paths.volume(EMPTY_DIR_PLUGIN, volume.name);
    const gid = pod.spec?.securityContext?.fsGroup;
    await ensureScratchDirectory({ path, marker: paths.marker(volume.name), memory: await memoryOf(task, tools), gid, signal });
    return { ready: { hostPath: path, selinuxRelabel: true } };
  },
};
