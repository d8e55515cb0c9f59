import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CgroupsError, errnoOf } from "./errors.ts";
import type { Hierarchy } from "./layout.ts";
import type { Place } from "./settings.ts";
import { findPlace } from "./settings.ts";
import { listTree } from "./tree.ts";

/** Where a cgroup is frozen: v1 has a controller for it, v2 a file of every cgroup. */
const findFreezer = (path: string, places: readonly Place[]): Place => {
  const found = findPlace(places, "freezer");
  if (found === undefined)
    throw new CgroupsError("controller-missing", `freeze cgroup ${path}: the controller freezer is not mounted`, { path });
  return found;
};

const isFrozenV1 = async (directory: string): Promise<boolean> =>
  (await readFile(join(directory, "freezer.state"), "utf8")).trim() === "FROZEN";

const isFrozenV2 = async (directory: string): Promise<boolean> =>
  /^frozen 1$/m.test(await readFile(join(directory, "cgroup.events"), "utf8"));

/**
 * One attempt to freeze or thaw; whether it has come to pass. A v1 cgroup in which processes are being made may stay at FREEZING until
 * it is asked again (runc: fs/freezer.go).
 */
export const attemptFreeze = async (path: string, places: readonly Place[], isFrozen: boolean): Promise<boolean> => {
  const { hierarchy, directory } = findFreezer(path, places);
  const isV1 = hierarchy.version === 1;
  const [file, value] = isV1 ? ["freezer.state", isFrozen ? "FROZEN" : "THAWED"] : ["cgroup.freeze", isFrozen ? "1" : "0"];
  try {
    await writeFile(join(directory, file), value, { flag: "r+" });
    return (await (isV1 ? isFrozenV1 : isFrozenV2)(directory)) === isFrozen;
  } catch (error) {
    if (errnoOf(error) === "ENOENT")
      throw new CgroupsError("not-found", `${isFrozen ? "freeze" : "thaw"} cgroup ${path}: it does not exist`, { path, cause: error });
    throw error;
  }
};

/** Lets all that is in one tree of cgroups go on: under v1 a frozen process does not even end. */
export const thawTree = async (hierarchy: Hierarchy, directory: string): Promise<void> => {
  if (!hierarchy.controllers.includes("freezer")) return;
  for (const path of await listTree(directory)) {
    await writeFile(join(path, "freezer.state"), "THAWED", { flag: "r+" }).catch((error: unknown) => {
      if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENODEV") throw error;
    });
  }
};
