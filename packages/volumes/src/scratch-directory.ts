import { chmod, chown, mkdir, realpath, rename, unlink, writeFile } from "node:fs/promises";
import type { Stats } from "node:fs";
import { dirname, join } from "node:path";
import { promptFiles } from "@nk/stdx";
import { orIfMissing, toVolumesError, VolumesError } from "./errors.ts";
import type { MountPort } from "./ports.ts";

/** What {@link ensureScratchDirectory} takes. */
export interface ScratchRequest {
  readonly path: string;
  /** The directory whose file `ready` says that the directory was made to the end; absent where making it anew does no harm. */
  readonly marker?: string | undefined;
  /** Present: a tmpfs of this size (0: of the kernel's default size) is mounted on it. */
  readonly memory?: { readonly mounts: MountPort; readonly sizeBytes: bigint } | undefined;
  /** The group that owns it; default: the kubelet's. */
  readonly gid?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const READY = "ready";
const OPEN = 0o777;
/** What a group needs to write, enter and pass itself on. */
const GROUP = 0o2770;

const giveToGroup = async (path: string, gid: number | undefined): Promise<void> => {
  if (gid === undefined) return;
  const { mode } = await promptFiles.lstat(path);
  await chown(path, -1, gid);
  // Second, because a change of owner clears setgid.
  await chmod(path, (mode & 0o7777) | GROUP);
};

const makeOpenDirectory = async (path: string, gid: number | undefined): Promise<void> => {
  // A volume's name has no dot, so this is nobody else's. A kubelet that died in here left it, and it is taken up again.
  const unready = `${path}.new`;
  await mkdir(unready, { recursive: true });
  // After mkdir, because the umask cuts the mode that mkdir is given.
  await chmod(unready, OPEN);
  await giveToGroup(unready, gid);
  await rename(unready, path);
};

const isTmpfs = async (mounts: MountPort, path: string, signal: AbortSignal | undefined): Promise<boolean> => {
  // The kernel names the real path, and the kubelet's root may be a symbolic link.
  const real = await realpath(path);
  return (await mounts.list({ below: path, signal })).some(({ mountPoint, fsType }) => mountPoint === real && fsType === "tmpfs");
};

const mountMemory = async ({ memory, path, signal }: ScratchRequest): Promise<void> => {
  if (memory === undefined) return;
  try {
    await memory.mounts.mountTmpfs({ target: path, ...(memory.sizeBytes > 0n && { sizeBytes: memory.sizeBytes }) }, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw toVolumesError(error, "mount-failed");
  }
};

/**
 * Makes a directory, on disk or in memory, open to every user of the pod's containers. One that is there stays as it is, its mode too: the
 * kubelet may have restarted, and programs such as PostgreSQL refuse a data directory that others may read. Returns whether it was ready
 * before. Rejects with `unsafe-path`, `mount-failed` or `empty-dir`.
 */
export const ensureScratchDirectory = async (request: ScratchRequest): Promise<void> => {
  const { path, marker, gid, signal } = request;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    const found: Stats | undefined = await orIfMissing(promptFiles.lstat(path));
    // What is mounted on it has a mode of its own.
    if (found === undefined) await (request.memory === undefined ? makeOpenDirectory(path, gid) : mkdir(path, { mode: 0o750 }));
    else if (!found.isDirectory()) throw new VolumesError("unsafe-path", `${path} is not a directory`);
    const { memory } = request;
    const isMounted = memory === undefined || (found !== undefined && (await isTmpfs(memory.mounts, path, signal)));
    const isMarked = marker !== undefined && (await orIfMissing(promptFiles.lstat(join(marker, READY)))) !== undefined;
    // After a reboot the marker is there and the mount is not: it comes off first, or a death in here would pass for the end.
    if (isMarked && !isMounted) await unlink(join(marker, READY));
    if (!isMounted) await mountMemory(request);
    if (isMarked && isMounted) return;
    if (memory !== undefined) await giveToGroup(path, gid);
    if (marker === undefined) return;
    await mkdir(marker, { recursive: true, mode: 0o750 });
    await writeFile(join(marker, READY), "");
  } catch (error) {
    signal?.throwIfAborted();
    throw toVolumesError(error, "empty-dir", `creating ${path} failed`);
  }
};
