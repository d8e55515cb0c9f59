import { lstat, mkdir, open, realpath, rmdir, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CsiStatusError } from "@nk/csi-client/testing";
import type { DriverVolume, VolumeMounts } from "@nk/csi-client/testing";
import { isMountsError } from "@nk/mounts";
import type { Mounts } from "@nk/mounts";
import { detachLoops, ensureLoop } from "./commands.ts";
import { pathOfVolume } from "./storage.ts";

const invalid = (message: string): CsiStatusError => new CsiStatusError("invalid-argument", message);

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);

/** The path with the links of its parent resolved, which must exist; undefined when it does not. INVALID_ARGUMENT outside the root. */
const resolveWithin = async (targetRoot: string, path: string): Promise<string | undefined> => {
  const realRoot = await realpath(targetRoot);
  let realParent: string;
  try {
    realParent = await realpath(dirname(path));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  if (realParent !== realRoot && !realParent.startsWith(`${realRoot}/`)) throw invalid(`${path} does not lie below ${targetRoot}`);
  const real = join(realParent, basename(path));
  const isLink = await lstat(real).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
  if (isLink) throw invalid(`${path} is a symbolic link`);
  return real;
};

const makeDirectory = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o750 });
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
};

const makeFile = async (path: string): Promise<void> => (await open(path, "a", 0o600)).close();

const removePlace = async (path: string): Promise<void> => {
  try {
    const found = await lstat(path);
    await (found.isDirectory() ? rmdir(path) : unlink(path));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
};

/** Bind mounts below `targetRoot`, the kubelet's directory; nothing outside it is made, mounted or removed. */
export const createPublishing = (options: {
  readonly root: string;
  readonly targetRoot: string;
  readonly mounts: Mounts;
}): VolumeMounts => {
  const { root, targetRoot, mounts } = options;
  /** The parent is the caller's to make. */
  const placeOf = async (path: string): Promise<string> => {
    const place = await resolveWithin(targetRoot, path);
    if (place === undefined) throw new CsiStatusError("failed-precondition", `the directory of ${path} does not exist`);
    return place;
  };
  const sourceOf = (volume: DriverVolume): Promise<string> | string =>
    volume.isBlock ? ensureLoop(pathOfVolume(root, volume)) : pathOfVolume(root, volume);

  return {
    checkPath: async (path) => {
      if (!`${path}/`.startsWith(`${targetRoot}/`)) throw invalid(`${path} does not lie below ${targetRoot}`);
      await resolveWithin(targetRoot, path);
    },
    stage: async (volume, stagingPath) => {
      await placeOf(stagingPath);
      await sourceOf(volume);
    },
    unstage: async (volume) => {
      if (volume.isBlock) await detachLoops(pathOfVolume(root, volume));
    },
    publish: async (volume, { targetPath, isReadonly }) => {
      // A device node in a read-only mount can be written to all the same.
      if (volume.isBlock && isReadonly) throw invalid("block volumes are not published read-only");
      const place = await placeOf(targetPath);
      const source = await sourceOf(volume);
      // What a publication that was cut short left behind.
      await mounts.unmount(place);
      await (volume.isBlock ? makeFile(place) : makeDirectory(place));
      try {
        await mounts.bind({ source, target: place, readOnly: isReadonly });
      } catch (error) {
        await mounts.unmount(place).catch(() => undefined);
        await removePlace(place).catch(() => undefined);
        if (isMountsError(error) && (error.code === "invalid-path" || error.code === "outside-root")) throw invalid(error.message);
        throw error;
      }
    },
    unpublish: async (_volume, targetPath) => {
      const place = await resolveWithin(targetRoot, targetPath);
      if (place === undefined) return;
      await mounts.unmount(place);
      await removePlace(place);
    },
  };
};
