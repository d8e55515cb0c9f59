import { constants } from "node:fs";
import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import { ContainerLogsError, errnoOf, isContainerLogsError, mapFileError } from "./errors.ts";

/** An open log file and how far it has been read. */
export interface LogFile extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** Bytes after the last read; empty at the end. The answer is a view that the next read overwrites. */
  read(): Promise<Uint8Array>;
  seek(position: number): void;
  /** What has become of the file under this name. */
  compareWithPath(): Promise<"same" | "replaced" | "missing" | "truncated">;
}

/** Not among Node's constants: a handle on the file as a name in the tree, which opens nothing yet (open(2)). */
const O_PATH = 0o10000000;

interface OpenedFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/**
 * Looks at the file before it opens it. A pod that may write to the log directory can put a link there: a device might act when it is
 * opened (a watchdog starts), and a pipe would let go whoever waits at its other end.
 */
const openRegularFile = async (path: string): Promise<OpenedFile> => {
  try {
    await using pinned = await open(path, O_PATH);
    const stats = await pinned.stat();
    if (!stats.isFile()) throw new ContainerLogsError("unreadable", `read log ${path}: not a regular file`, { path });
    return { handle: await open(`/proc/self/fd/${pinned.fd}`, constants.O_RDONLY | constants.O_NONBLOCK), stats };
  } catch (error) {
    throw isContainerLogsError(error) ? error : mapFileError(error, path);
  }
};

/** Opens a log for reading. Throws ContainerLogsError. */
export const openLogFile = async (path: string, blockBytes: number): Promise<LogFile> => {
  const { handle, stats: opened } = await openRegularFile(path);
  const buffer = Buffer.allocUnsafe(blockBytes);
  let position = 0;
  return {
    handle,
    sizeBytes: opened.size,
    read: async () => {
      try {
        const { bytesRead } = await handle.read(buffer, 0, blockBytes, position);
        position += bytesRead;
        return buffer.subarray(0, bytesRead);
      } catch (error) {
        throw mapFileError(error, path);
      }
    },
    seek: (to) => {
      position = to;
    },
    compareWithPath: async () => {
      try {
        const now = await stat(path);
        if (now.ino !== opened.ino || now.dev !== opened.dev) return "replaced";
        return now.size < position ? "truncated" : "same";
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return "missing";
        throw mapFileError(error, path);
      }
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
};
