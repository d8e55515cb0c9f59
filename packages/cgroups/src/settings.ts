import * as threadFiles from "node:fs/promises";
import { join } from "node:path";
import type { FileCalls } from "@nk/stdx";
import { checkResources } from "./check-resources.ts";
import { CONTROLLERS } from "./controllers/index.ts";
import { CgroupsError, errnoOf } from "./errors.ts";
import type { Hierarchy } from "./layout.ts";
import { parseNumber } from "./resources.ts";
import type { CgroupResources, FileWrite, ReadFile } from "./resources.ts";

/** One tree's directory of a cgroup. */
export interface Place {
  readonly hierarchy: Hierarchy;
  readonly directory: string;
}

/** How files are reached: in a thread, where the kernel may have to take memory back first, or on the spot for a cgroup that is empty. */
type Files = Pick<FileCalls, "readFile" | "writeFile">;

/** No setting is longer; a device list of a thousand disks has 40 KiB. */
const MAX_FILE_CHARS = 1024 * 1024;

/** The text of a file; undefined when it is not there, or tells nothing, as some files of the root. */
const readIfPresent = async (files: Files, path: string): Promise<string | undefined> => {
  try {
    return (await files.readFile(path, "utf8")).slice(0, MAX_FILE_CHARS);
  } catch (error) {
    if (["ENOENT", "ENODEV", "ENOTDIR", "EOPNOTSUPP", "EINVAL"].includes(errnoOf(error))) return undefined;
    throw error;
  }
};

/** Reads what a controller may ask for at once. */
const readFiles = async (files: Files, directory: string, names: readonly string[]): Promise<ReadFile> => {
  const texts = new Map(await Promise.all(names.map(async (file) => [file, await readIfPresent(files, join(directory, file))] as const)));
  return (file) => texts.get(file);
};

/** A controller is in one tree: v1's own, else it can only be in the v2 tree, which a hybrid host has for those that no v1 tree has. */
export const findPlace = (places: readonly Place[], controller: string): Place | undefined =>
  places.find(({ hierarchy }) => hierarchy.controllers.includes(controller)) ?? places.find(({ hierarchy }) => hierarchy.version === 2);

const writeSetting = async (path: string, { directory, files }: Place & { readonly files: Files }, write: FileWrite): Promise<void> => {
  const { file, value, isOptional } = write;
  try {
    // Not created: in a directory that is no cgroup, or lacks the controller, there is no such file.
    await files.writeFile(join(directory, file), value, { flag: "r+" });
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
export const applyResources = async (
  path: string,
  { places, files = threadFiles }: { readonly places: readonly Place[]; readonly files?: Files },
  resources: CgroupResources,
): Promise<void> => {
  checkResources(path, resources);
  for (const controller of CONTROLLERS) {
    if (controller.settings.every((name) => resources[name] === undefined)) continue;
    const place = findPlace(places, controller.name);
    if (place === undefined)
      throw new CgroupsError("controller-missing", `apply to cgroup ${path}: the controller ${controller.name} is not mounted`, { path });
    const { version } = place.hierarchy;
    const read = await readFiles(files, place.directory, controller.files[version]);
    for (const write of controller.computeWrites(version, resources, read)) await writeSetting(path, { ...place, files }, write);
  }
};

/** Reads the settings of a cgroup; empty when there is none, or no controller for it. */
export const readResources = async (places: readonly Place[]): Promise<CgroupResources> => {
  const parts = await Promise.all(
    CONTROLLERS.map(async (controller) => {
      const place = findPlace(places, controller.name);
      if (place === undefined) return {};
      const { version } = place.hierarchy;
      return controller.parse(version, await readFiles(threadFiles, place.directory, controller.files[version]));
    }),
  );
  return Object.assign({}, ...parts) as CgroupResources;
};

/** Bytes of memory in use, page cache included; undefined when it is not told. */
export const readMemoryUsage = async (places: readonly Place[]): Promise<number | undefined> => {
  const place = findPlace(places, "memory");
  if (place === undefined) return undefined;
  const file = place.hierarchy.version === 2 ? "memory.current" : "memory.usage_in_bytes";
  return parseNumber(await readIfPresent(threadFiles, join(place.directory, file)));
};
