import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { hasErrorCode, toVolumesError, VolumesError } from "../errors.ts";

const typeFailure = (text: string): VolumesError => new VolumesError("host-path-type", `hostPath type check failed: ${text}`);

const statOrUndefined = async (path: string): Promise<Stats | undefined> => {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw toVolumesError(error, "host-path", `reading ${path} failed`);
  }
};

/**
 * Node's own recursive form never ends where the kernel answers ENOENT below a directory that is there, as it does in /proc: it would spin in
 * a thread for good, which nothing can abort.
 */
const makeDirectories = async (path: string): Promise<void> => {
  const makeOne = async (): Promise<void> => {
    try {
      await mkdir(path, { mode: 0o755 });
    } catch (error) {
      // Also when somebody else made it meanwhile.
      if (!hasErrorCode(error, "EEXIST") || !(await stat(path)).isDirectory()) throw error;
    }
  };
  try {
    await makeOne();
  } catch (error) {
    if (!hasErrorCode(error, "ENOENT") || dirname(path) === path) throw error;
    await makeDirectories(dirname(path));
    await makeOne();
  }
};

const createDirectory = async (path: string): Promise<void> => {
  try {
    await makeDirectories(path);
  } catch (error) {
    throw toVolumesError(error, "host-path", `creating the directory ${path} failed`);
  }
};

const createFile = async (path: string): Promise<void> => {
  try {
    const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o644);
    await file.close();
  } catch (error) {
    // Somebody else made it between the look and this: as good as ours.
    if (hasErrorCode(error, "EEXIST")) return;
    if (hasErrorCode(error, "ENOENT")) throw new VolumesError("host-path", `open ${path}: no such file or directory`, { cause: error });
    throw toVolumesError(error, "host-path", `creating the file ${path} failed`);
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

/** Types of paths that are made when they are missing, or not looked at. */
export const MADE_HERE: ReadonlySet<string> = new Set(["", "DirectoryOrCreate", "FileOrCreate"]);

/** Whether the path is known not to be what its type says. */
export const isMissingHostPath = (error: unknown): boolean => error instanceof VolumesError && error.code === "host-path-type";
