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
  /** Where it really was when it was opened. */
  readonly path: string;
  /** Leads to what is open, whatever has its name now. */
  readonly fdPath: string;
}

/** The directories that {@link openWithin} needs. */
export interface Roots {
  readonly root: string;
  /** Where procfs is mounted. */
  readonly proc: string;
}

/** Not among Node's constants: a handle on the file as a name in the tree, which opens nothing yet (open(2)). */
const O_PATH = 0o10000000;

const notFound = (cause: unknown): KubeletApiError => new KubeletApiError("not-found", "404 page not found\n", { cause });
const forbidden = (cause?: unknown): KubeletApiError => new KubeletApiError("forbidden", "403 Forbidden\n", { cause });

const mapError = (error: unknown): KubeletApiError => {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES" || code === "EPERM" || code === "path-escape") return forbidden(error);
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENAMETOOLONG" || code === "ENXIO") return notFound(error);
  return new KubeletApiError("internal", "500 Internal Server Error\n", { cause: error });
};

const isBelow = (root: string, path: string): boolean => path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);

const openChecked = async (
  pinned: FileHandle,
  { proc, realRoot }: { readonly proc: string; readonly realRoot: string },
): Promise<OpenEntry> => {
  const pinnedPath = `${proc}/self/fd/${pinned.fd}`;
  const [path, stats] = await Promise.all([readlink(pinnedPath), pinned.stat()]);
  if (!isBelow(realRoot, path)) throw forbidden();
  if (!stats.isFile() && !stats.isDirectory()) throw notFound(undefined);
  const handle = await open(pinnedPath, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  return { handle, stats, path, fdPath: `${proc}/self/fd/${handle.fd}`, [Symbol.asyncDispose]: () => handle.close() };
};

/**
 * Opens what lies below a root, symbolic links followed, and refuses what really lies elsewhere. Where it lies and what it is, is asked
 * of a handle that opens nothing yet: no link that is changed meanwhile can lead out, and no device or pipe that a pod's link leads to
 * learns of it, such as a watchdog, which starts when it is opened. Only files and directories.
 * @throws KubeletApiError "not-found", "forbidden", "internal"
 */
export const openWithin = async ({ root, proc }: Roots, parts: readonly string[]): Promise<OpenEntry> => {
  try {
    const realRoot = await realpath(root);
    await using pinned = await open(joinWithin(realRoot, ...parts), O_PATH);
    return await openChecked(pinned, { proc, realRoot });
  } catch (error) {
    throw error instanceof KubeletApiError ? error : mapError(error);
  }
};
