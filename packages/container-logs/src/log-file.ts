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

const statOrClose = async (handle: FileHandle, path: string): Promise<Stats> => {
  try {
    const stats = await handle.stat();
    if (stats.isFile()) return stats;
    throw new ContainerLogsError("unreadable", `read log ${path}: not a regular file`, { path });
  } catch (error) {
    await handle.close();
    throw isContainerLogsError(error) ? error : mapFileError(error, path);
  }
};

/** Opens a log for reading. Throws ContainerLogsError. */
export const openLogFile = async (path: string, blockBytes: number): Promise<LogFile> => {
  let handle: FileHandle;
  try {
    // A pipe in the log's place would otherwise hold one of Node's few file system threads until somebody writes to it.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw mapFileError(error, path);
  }
  const opened = await statOrClose(handle, path);
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
