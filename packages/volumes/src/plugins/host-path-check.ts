import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import { VolumesError } from "../errors.ts";

const typeFailure = (text: string): VolumesError => new VolumesError("host-path-type", `hostPath type check failed: ${text}`);

const statOrUndefined = async (path: string): Promise<Stats | undefined> => {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw new VolumesError("host-path", `reading ${path} failed`, { cause: error });
  }
};

const createDirectory = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new VolumesError("host-path", `creating the directory ${path} failed`, { cause: error });
  }
};

const createFile = async (path: string): Promise<void> => {
  try {
    const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o644);
    await file.close();
  } catch (error) {
    // Somebody else made it between the look and this: as good as ours.
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
    const isParentMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const what = isParentMissing ? `open ${path}: no such file or directory` : `creating the file ${path} failed`;
    throw new VolumesError("host-path", what, { cause: error });
  }
};

/**
 * Checks, and for the `…OrCreate` types makes, the host path of a volume, with the reference's rules and texts (pkg/volume/hostpath). The
 * parent of a file is not made. An unknown type fails.
 */
export const ensureHostPath = async (path: string, type: string): Promise<void> => {
  if (type === "") return;
  const found = await statOrUndefined(path);
  switch (type) {
    case "DirectoryOrCreate":
      if (found === undefined) return createDirectory(path);
      if (!found.isDirectory()) throw typeFailure(`${path} is not a directory`);
      return;
    case "Directory":
      if (found?.isDirectory() !== true) throw typeFailure(`${path} is not a directory`);
      return;
    case "FileOrCreate":
      if (found === undefined) return createFile(path);
      if (!found.isFile()) throw typeFailure(`${path} is not a file`);
      return;
    case "File":
      if (found?.isFile() !== true) throw typeFailure(`${path} is not a file`);
      return;
    case "Socket":
      if (found?.isSocket() !== true) throw typeFailure(`${path} is not a socket file`);
      return;
    case "CharDevice":
      if (found?.isCharacterDevice() !== true) throw typeFailure(`${path} is not a character device`);
      return;
    case "BlockDevice":
      if (found?.isBlockDevice() !== true) throw typeFailure(`${path} is not a block device`);
      return;
    default:
      throw typeFailure(`${type} is an invalid volume type`);
  }
};

const MADE_HERE: ReadonlySet<string> = new Set(["", "DirectoryOrCreate", "FileOrCreate"]);

/** Whether the host path is not what its type says now, without making anything; false when that cannot be told. */
export const lacksHostPath = async (path: string, type: string): Promise<boolean> => {
  if (MADE_HERE.has(type)) return false;
  return ensureHostPath(path, type).then(
    () => false,
    (error: unknown) => error instanceof VolumesError && error.code === "host-path-type",
  );
};
