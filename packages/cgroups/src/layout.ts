import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { CgroupsError, errnoOf } from "./errors.ts";

/** One tree of cgroups. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Where it is mounted. */
  readonly mountPoint: string;
  /** Controllers of a v1 tree, by the name of its directory; empty for v2. */
  readonly controllers: readonly string[];
}

/** `hybrid`: v1 trees with the controllers, and a v2 tree without any beside them. */
export interface CgroupLayout {
  readonly version: "v1" | "v2" | "hybrid";
  readonly hierarchies: readonly Hierarchy[];
}

const readIfPresent = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
};

const findHierarchy = async (path: string): Promise<Hierarchy | undefined> => {
  if ((await readIfPresent(join(path, "cgroup.controllers"))) !== undefined) return { version: 2, mountPoint: path, controllers: [] };
  const isV1 = (await readIfPresent(join(path, "cgroup.procs"))) !== undefined;
  return isV1 ? { version: 1, mountPoint: path, controllers: basename(path).split(",") } : undefined;
};

/** Where a link leads; nowhere when it dangles, which is no reason to do without all the other trees. */
const resolveLink = async (path: string): Promise<readonly string[]> => {
  try {
    return [await realpath(path)];
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
};

/**
 * Finds the trees mounted under a directory such as /sys/fs/cgroup by what lies in them, so that a copy in a temporary directory does
 * as well. Symbolic links, e.g. `cpu` for `cpu,cpuacct`, count once. Throws CgroupsError `not-mounted`.
 */
export const detectLayout = async (root: string): Promise<CgroupLayout> => {
  const unified = await findHierarchy(root);
  if (unified?.version === 2) return { version: "v2", hierarchies: [unified] };
  const names = await readdir(root).catch((cause: unknown) => {
    throw new CgroupsError("not-mounted", `list cgroup hierarchies in ${root}: ${errnoOf(cause) || "failed"}`, { path: root, cause });
  });
  const paths = new Set((await Promise.all(names.toSorted().map((name) => resolveLink(join(root, name))))).flat());
  const found = (await Promise.all([...paths].map(findHierarchy))).filter((hierarchy) => hierarchy !== undefined);
  const isMounted = found.some(({ version }) => version === 1);
  if (!isMounted) throw new CgroupsError("not-mounted", `find cgroup hierarchies in ${root}: there is none`, { path: root });
  return { version: found.some(({ version }) => version === 2) ? "hybrid" : "v1", hierarchies: found };
};
