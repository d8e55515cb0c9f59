import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readMountTable } from "./mount-table.ts";

/** Where the cgroup hierarchies are mounted: one for each v1 controller, and that of v2. */
export const listHierarchies = (): string[] =>
  readMountTable()
    .filter((line) => line.fsType === "cgroup" || line.fsType === "cgroup2")
    .map((line) => line.mountPoint);

/** Makes a cgroup in every hierarchy, so that all that runs below it can be found and removed by its name. */
export const createCgroup = (path: string): void => {
  for (const hierarchy of listHierarchies()) {
    const dir = join(hierarchy, path);
    mkdirSync(dir, { recursive: true });
    // A v1 cpuset accepts no process before its two lists are filled.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      try {
        const own = readFileSync(join(dir, file), "utf8").trim();
        if (own === "") writeFileSync(join(dir, file), readFileSync(join(hierarchy, file), "utf8").trim());
      } catch {
        // Not this controller, or v2, where an empty list means "as the parent".
      }
    }
  }
};

const listChildren = (dir: string): string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(dir, entry.name));
  } catch {
    return [];
  }
};

const walk = (dir: string, visit: (dir: string) => boolean): void => {
  if (!visit(dir)) return;
  for (const child of listChildren(dir)) walk(child, visit);
};

/** Folders in all hierarchies that are the given cgroup or bear one of the names (a container's id, or `parent/id`); topmost only. */
export const findCgroups = (path: string, names: ReadonlySet<string>): string[] => {
  const found: string[] = [];
  for (const hierarchy of listHierarchies()) {
    const own = join(hierarchy, path);
    walk(hierarchy, (dir) => {
      const isOurs = dir === own || names.has(basename(dir)) || names.has(dir.split("/").slice(-2).join("/"));
      if (isOurs) found.push(dir);
      return !isOurs;
    });
  }
  return found;
};

const removeTree = (dir: string): void => {
  for (const child of listChildren(dir)) removeTree(child);
  try {
    rmdirSync(dir);
  } catch {
    // Still busy or gone already: findCgroups tells.
  }
};

/** Removes cgroups with all below them, and parents that only held containers of the lab (`k8s.io`, a pod's own). */
export const removeCgroups = (dirs: readonly string[]): void => {
  for (const dir of dirs) {
    removeTree(dir);
    const parent = join(dir, "..");
    if (/^(k8s\.io|default|pod[0-9a-f-]{32,36})$/.test(basename(parent)) && listChildren(parent).length === 0) {
      try {
        rmdirSync(parent);
      } catch {
        // Somebody else's processes are in it.
      }
    }
  }
};

/** A frozen v1 cgroup does not take a SIGKILL before it is thawed. */
export const thawCgroups = (dirs: readonly string[]): void => {
  for (const top of dirs) {
    walk(top, (dir) => {
      for (const [file, value] of [
        ["freezer.state", "THAWED"],
        ["cgroup.freeze", "0"],
      ] as const) {
        try {
          if (readFileSync(join(dir, file), "utf8").trim() !== value) writeFileSync(join(dir, file), value);
        } catch {
          // Not the freezer's hierarchy.
        }
      }
      return true;
    });
  }
};
