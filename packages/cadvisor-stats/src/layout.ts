import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CadvisorStatsError } from "./errors.ts";

/** A v1 controller whose files are read. */
export type Controller = "cpu" | "cpuacct" | "memory" | "blkio" | "pids";

const CONTROLLERS: readonly Controller[] = ["cpu", "cpuacct", "memory", "blkio", "pids"];

/** Where the trees of cgroups are. */
export type StatsLayout =
  | { readonly version: 2; readonly root: string }
  | {
      readonly version: 1;
      /** The tree of each controller; a controller that is not mounted has none. */
      readonly roots: { readonly [controller in Controller]?: string };
      /** The v2 tree beside them of a hybrid host: it has no controllers, but it knows pressure. */
      readonly unified?: string;
    };

const isCgroupDirectory = (path: string): boolean => existsSync(join(path, "cgroup.procs"));

const errnoOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "failed");

const listNames = (root: string): readonly string[] => {
  try {
    return readdirSync(root).toSorted();
  } catch (cause) {
    throw new CadvisorStatsError("not-mounted", `list cgroup hierarchies in ${root}: ${errnoOf(cause)}; are cgroups mounted there?`, {
      path: root,
      cause,
    });
  }
};

/** The directories of a v1 root by controller: `memory`, or one for several such as `cpu,cpuacct`, by whatever name or link. */
const findRoots = (root: string): { readonly [controller in Controller]?: string } => {
  const found: { [controller in Controller]?: string } = {};
  for (const name of listNames(root)) {
    const path = join(root, name);
    if (!isCgroupDirectory(path)) continue;
    for (const controller of CONTROLLERS) if (name.split(",").includes(controller)) found[controller] ??= path;
  }
  return found;
};

/**
 * Finds the trees under a directory such as /sys/fs/cgroup by what lies in them, so that a copy in a temporary directory does as well.
 * Throws CadvisorStatsError `not-mounted`.
 */
export const findLayout = (root: string): StatsLayout => {
  if (existsSync(join(root, "cgroup.controllers"))) return { version: 2, root };
  const roots = findRoots(root);
  const unified = join(root, "unified");
  const hasUnified = existsSync(join(unified, "cgroup.controllers"));
  // A host on its way from v1 to v2: the trees are those of v1, but the controllers have all gone over.
  if (Object.keys(roots).length === 0 && hasUnified) return { version: 2, root: unified };
  if (Object.keys(roots).length === 0)
    throw new CadvisorStatsError("not-mounted", `find cgroup hierarchies in ${root}: there is none with a controller to read`, {
      path: root,
    });
  return { version: 1, roots, ...(hasUnified ? { unified } : {}) };
};

/** The trees that together hold every cgroup worth listing: a v1 host may have one in a single controller's tree only. */
const listedTrees = (layout: StatsLayout): readonly string[] => {
  if (layout.version === 2) return [layout.root];
  const { cpu, cpuacct, memory, pids } = layout.roots;
  return [...new Set([memory, cpu ?? cpuacct, pids].filter((path) => path !== undefined))];
};

/** Directories below one; a leaf is told by its link count, which saves listing its files. */
const listBelow = (directory: string, name: string, found: Set<string>): void => {
  try {
    // Two links: itself and its name. A filesystem that does not count says one.
    if (statSync(directory).nlink === 2) return;
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const child = `${name}/${entry.name}`;
      found.add(child);
      listBelow(join(directory, entry.name), child, found);
    }
  } catch {
    // It is gone: then nothing is below it.
  }
};

/** Every cgroup, as a path below the mount point, parents before children; `/` first. */
export const listCgroups = (layout: StatsLayout): readonly string[] => {
  const found = new Set<string>();
  for (const tree of listedTrees(layout)) listBelow(tree, "", found);
  return ["/", ...[...found].toSorted()];
};
