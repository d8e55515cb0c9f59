import { mkdir } from "node:fs/promises";
import { normalize } from "node:path";
import type { Pod } from "@nk/pod-model";
import { joinWithin } from "@nk/stdx";
import { toVolumesError, VolumesError } from "./errors.ts";
import { allContainers } from "./pod-containers.ts";

const cleanPath = (path: string): string => normalize(path).replace(/(.)\/+$/, "$1");

/**
 * The directories that a volume must have because containers mount other volumes below it, relative to the volume: the runtime cannot make
 * them in a volume that is mounted read-only. Of two below one another only the upper one. Throws `unsafe-path`.
 */
export const computeNestedMountPoints = (pod: Pod, volumeName: string): readonly string[] => {
  const found = new Set<string>();
  for (const { volumeMounts = [] } of allContainers(pod)) {
    const all = volumeMounts.map(({ mountPath }) => cleanPath(mountPath)).toSorted((a, b) => a.length - b.length);
    for (const { name, mountPath } of volumeMounts) {
      if (name !== volumeName) continue;
      const own = cleanPath(mountPath);
      if (own.startsWith("../")) throw new VolumesError("unsafe-path", `invalid container mount point ${own}`);
      const upper: string[] = [];
      for (const path of all) {
        if (!path.startsWith(`${own}/`) || upper.some((other) => path === other || path.startsWith(`${other}/`))) continue;
        upper.push(path);
        found.add(path.slice(own.length + 1));
      }
    }
  }
  // Names that begin so belong to the writer of the volume's files.
  return [...found].filter((path) => !path.startsWith("..")).toSorted();
};

/** Makes the {@link computeNestedMountPoints} of a volume. */
export const makeNestedMountPoints = async (directory: string, pod: Pod, volumeName: string): Promise<void> => {
  for (const path of computeNestedMountPoints(pod, volumeName)) {
    try {
      await mkdir(joinWithin(directory, path), { recursive: true, mode: 0o755 });
    } catch (error) {
      throw toVolumesError(error, "write-failed", "unable to create nested volume mountpoints");
    }
  }
};
