import { constants } from "node:fs";
import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, readlink, realpath } from "node:fs/promises";
import { joinWithin } from "@nk/stdx";
import { KubeletApiError } from "../errors.ts";

/** A file or directory below a root, open. */
export interface OpenEntry extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly stats: Stats;
  /** Where it really is. */
  readonly path: string;
}

/** The directories that {@link openWithin} needs. */
export interface Roots {
  readonly root: string;
  /** Where procfs is mounted. */
  readonly proc: string;
}

const notFound = (cause: unknown): KubeletApiError => new KubeletApiError("not-found", "404 page not found\n", { cause });
const forbidden = (cause?: unknown): KubeletApiError => new KubeletApiError("forbidden", "403 Forbidden\n", { cause });

const mapError = (error: unknown): KubeletApiError => {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES" || code === "EPERM" || code === "path-escape") return forbidden(error);
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENAMETOOLONG" || code === "ENXIO") return notFound(error);
  return new KubeletApiError("internal", "500 Internal Server Error\n", { cause: error });
};

const isBelow = (root: string, path: string): boolean => path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);

/**
 * Opens what lies below a root, symbolic links followed, and refuses what really lies elsewhere. Where it lies is asked of the open file:
 * no link that is changed meanwhile can lead out. Only files and directories; nothing that blocks or acts when it is opened.
 * @throws KubeletApiError "not-found", "forbidden", "internal"
 */
export const openWithin = async ({ root, proc }: Roots, parts: readonly string[]): Promise<OpenEntry> => {
  try {
    const realRoot = await realpath(root);
    const handle = await open(joinWithin(realRoot, ...parts), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const [path, stats] = await Promise.all([readlink(`${proc}/self/fd/${handle.fd}`), handle.stat()]);
      if (!isBelow(realRoot, path)) throw forbidden();
      if (!stats.isFile() && !stats.isDirectory()) throw notFound(undefined);
      return { handle, stats, path, [Symbol.asyncDispose]: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof KubeletApiError ? error : mapError(error);
  }
};
