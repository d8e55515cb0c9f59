import { dirname, join, relative } from "node:path";
import { promptFiles } from "@nk/stdx";
import { errnoOf } from "./errors.ts";
import type { Hierarchy } from "./layout.ts";

const { mkdir, readFile, writeFile } = promptFiles;

/** What containers may need limits of; only those the parent has are asked for. */
const V2_CONTROLLERS = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"];

const readWords = async (path: string): Promise<readonly string[]> =>
  (await readFile(path, "utf8")).split(/\s+/).filter((word) => word !== "");

/** Each directory from the mount point down to the cgroup, the mount point left out. */
const listLevels = (mountPoint: string, directory: string): readonly string[] => {
  const parts = relative(mountPoint, directory).split("/");
  return parts.map((_part, index) => join(mountPoint, ...parts.slice(0, index + 1)));
};

const makeDirectory = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
};

/** A new v1 cpuset allows nothing, and no process can enter it: it gets what its parent has. */
const inheritCpuset = async (directory: string, parent: string): Promise<void> => {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const path = join(directory, file);
    if ((await readWords(path)).length > 0) continue;
    await writeFile(path, await readFile(join(parent, file), "utf8"));
  }
};

/** Lets the children of a v2 cgroup be limited. A controller that is refused, e.g. for real-time processes, is done without. */
const enableControllers = async (directory: string): Promise<void> => {
  const available = await readWords(join(directory, "cgroup.controllers"));
  const enabled = new Set(await readWords(join(directory, "cgroup.subtree_control")));
  for (const controller of V2_CONTROLLERS) {
    if (!available.includes(controller) || enabled.has(controller)) continue;
    await writeFile(join(directory, "cgroup.subtree_control"), `+${controller}`).catch((error: unknown) => {
      if (!["EBUSY", "EINVAL", "EOPNOTSUPP"].includes(errnoOf(error))) throw error;
    });
  }
};

/** Parents are the few cgroups of a node that pods lie in; when somebody makes pods in ever new places, they are prepared anew. */
const MAX_PREPARED_PARENTS = 256;

const makeLevels = async (hierarchy: Hierarchy, cgroup: string): Promise<void> => {
  let parent = hierarchy.mountPoint;
  const isCpuset = hierarchy.controllers.includes("cpuset");
  for (const directory of listLevels(hierarchy.mountPoint, cgroup)) {
    if (hierarchy.version === 2) await enableControllers(parent);
    await makeDirectory(directory);
    if (isCpuset) await inheritCpuset(directory, parent);
    parent = directory;
  }
};

/**
 * Makes a cgroup and what is above it in one tree; what is there stays as it is. `prepared` holds the parents that this process made or
 * found once: below them only the cgroup itself is made, unless the parent is gone.
 */
export const ensureInHierarchy = async (hierarchy: Hierarchy, cgroup: string, prepared: Set<string>): Promise<void> => {
  const parent = dirname(cgroup);
  if (prepared.has(parent)) {
    try {
      await makeDirectory(cgroup);
      if (hierarchy.controllers.includes("cpuset")) await inheritCpuset(cgroup, parent);
      return;
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      prepared.delete(parent);
    }
  }
  await makeLevels(hierarchy, cgroup);
  if (prepared.size >= MAX_PREPARED_PARENTS) prepared.clear();
  prepared.add(parent);
};
