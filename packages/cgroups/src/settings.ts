import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkResources } from "./check-resources.ts";
import { CONTROLLERS } from "./controllers/index.ts";
import { CgroupsError, errnoOf } from "./errors.ts";
import type { Hierarchy } from "./layout.ts";
import type { CgroupResources, FileWrite, ReadFile } from "./resources.ts";

/** One tree's directory of a cgroup. */
export interface Place {
  readonly hierarchy: Hierarchy;
  readonly directory: string;
}

/** No setting is longer; a device list of a thousand disks has 40 KiB. */
const MAX_FILE_CHARS = 1024 * 1024;

/** The text of a file; undefined when it is not there, or tells nothing, as some files of the root. */
const readIfPresent = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, "utf8")).slice(0, MAX_FILE_CHARS);
  } catch (error) {
    if (["ENOENT", "ENODEV", "ENOTDIR", "EOPNOTSUPP", "EINVAL"].includes(errnoOf(error))) return undefined;
    throw error;
  }
};

/** Reads what a controller may ask for at once. */
const readFiles = async (directory: string, files: readonly string[]): Promise<ReadFile> => {
  const texts = new Map(await Promise.all(files.map(async (file) => [file, await readIfPresent(join(directory, file))] as const)));
  return (file) => texts.get(file);
};

/** A controller is in one tree: v1's own, else it can only be in the v2 tree, which a hybrid host has for those that no v1 tree has. */
export const findPlace = (places: readonly Place[], controller: string): Place | undefined =>
  places.find(({ hierarchy }) => hierarchy.controllers.includes(controller)) ?? places.find(({ hierarchy }) => hierarchy.version === 2);

const writeSetting = async (path: string, { directory }: Place, { file, value, isOptional }: FileWrite): Promise<void> => {
  try {
    // Not created: in a directory that is no cgroup, or lacks the controller, there is no such file.
    await writeFile(join(directory, file), value, { flag: "r+" });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "ENOENT")
      throw new CgroupsError("failed", `write ${value} to ${file} of cgroup ${path}: ${errno || "failed"}`, { path, cause: error });
    if (isOptional === true) return;
    throw new CgroupsError("controller-missing", `write ${file} of cgroup ${path}: it is not there; is the controller enabled above it?`, {
      path,
      cause: error,
    });
  }
};

/** Writes settings, one controller after the other. Throws `invalid-resources`, `controller-missing` or `failed`. */
export const applyResources = async (path: string, places: readonly Place[], resources: CgroupResources): Promise<void> => {
  checkResources(path, resources);
  for (const controller of CONTROLLERS) {
    if (controller.settings.every((name) => resources[name] === undefined)) continue;
    const place = findPlace(places, controller.name);
    if (place === undefined)
      throw new CgroupsError("controller-missing", `apply to cgroup ${path}: the controller ${controller.name} is not mounted`, { path });
    const { version } = place.hierarchy;
    const read = await readFiles(place.directory, controller.files[version]);
    for (const write of controller.computeWrites(version, resources, read)) await writeSetting(path, place, write);
  }
};

/** Reads the settings of a cgroup; empty when there is none, or no controller for it. */
export const readResources = async (places: readonly Place[]): Promise<CgroupResources> => {
  const parts = await Promise.all(
    CONTROLLERS.map(async (controller) => {
      const place = findPlace(places, controller.name);
      if (place === undefined) return {};
      const { version } = place.hierarchy;
      return controller.parse(version, await readFiles(place.directory, controller.files[version]));
    }),
  );
  return Object.assign({}, ...parts) as CgroupResources;
};
