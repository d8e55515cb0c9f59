import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PodUid } from "@nk/pod-model";
import { promptFiles } from "@nk/stdx";
import { orIfMissing } from "./file-errors.ts";
import { podDirPath } from "./pod-paths.ts";
import type { PodFileRoots } from "./pod-paths.ts";
import { removeTree } from "./remove-tree.ts";

/** Lists the host's mount points as absolute paths; those below a directory suffice. */
export type ListMountPoints = (options: {
  readonly below: string;
  readonly signal?: AbortSignal | undefined;
}) => Promise<readonly string[]>;

/** Whether a pod's directories are gone, and if not, what holds them: paths with the reason. */
export type PodDirRemoval = { readonly status: "removed" } | { readonly status: "refused"; readonly reasons: readonly string[] };

/** Left to the volume plugins: a file in there is somebody's data until its volume was torn down. */
const VOLUME_DIRS: ReadonlySet<string> = new Set(["volumes", "volumeDevices", "volume-subpaths"]);

/** Makes `<root>/pods/<uid>` with `volumes` and `plugins` in it, each 0750. */
export const makePodDirs = async (roots: PodFileRoots, uid: PodUid): Promise<void> => {
  const podDir = podDirPath(roots, uid);
  for (const name of ["volumes", "plugins"]) await mkdir(join(podDir, name), { recursive: true, mode: 0o750 });
};

const findMounts = async (
  podDir: string,
  listMountPoints: ListMountPoints,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> => {
  // The kernel names the real path, and the kubelet's root may be a symbolic link.
  const realDir = await orIfMissing(promptFiles.realpath(podDir), undefined);
  if (realDir === undefined) return [];
  const mountPoints = await listMountPoints({ below: realDir, signal });
  return mountPoints.filter((path) => path === realDir || path.startsWith(`${realDir}/`)).map((path) => `${path} is mounted`);
};

/** What the removal of a pod's directories takes. */
export interface RemovePodDirsInput {
  readonly roots: PodFileRoots;
  readonly uid: PodUid;
  readonly listMountPoints: ListMountPoints;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes a pod's data directory, unless something is mounted in it or a volume still holds files; then what can go is gone and the rest
 * stays for the next attempt (cleanupOrphanedPodDirs in the reference). Never follows a symbolic link, never enters another filesystem.
 */
export const removePodDataDir = async (input: RemovePodDirsInput): Promise<PodDirRemoval> => {
  const { signal } = input;
  const podDir = podDirPath(input.roots, input.uid);
  const mounts = await findMounts(podDir, input.listMountPoints, signal);
  if (mounts.length > 0) return { status: "refused", reasons: mounts };
  const reasons: string[] = [];
  for (const name of await orIfMissing(promptFiles.readdir(podDir), [])) {
    if (VOLUME_DIRS.has(name)) reasons.push(...(await removeTree(join(podDir, name), { what: "empty-directories", signal })));
  }
  // The pod's directory itself is what later shows that volumes remain: it goes last.
  if (reasons.length === 0) reasons.push(...(await removeTree(podDir, { what: "all", signal })));
  return reasons.length === 0 ? { status: "removed" } : { status: "refused", reasons };
};
