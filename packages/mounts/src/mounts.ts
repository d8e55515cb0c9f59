import { constants } from "node:fs";
import { lstat, mkdir, open, rmdir, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { pid } from "node:process";
import { raceSignal } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { changeGroup } from "./change-group.ts";
import type { ChangeGroupRequest } from "./change-group.ts";
import { hasErrorCode, MountsError } from "./errors.ts";
import { createMountCommands } from "./mount-commands.ts";
import { createMountTableReader } from "./mount-table.ts";
import type { MountEntry } from "./mount-table.ts";
import { openWithin } from "./open-within.ts";
import type { HeldFile } from "./open-within.ts";
import { realPathOf, resolveTarget } from "./targets.ts";
import { createTmpfsMount } from "./tmpfs.ts";

/** What {@link createMounts} takes. */
export interface MountsOptions {
  /** Nothing is mounted or unmounted outside this directory, however a path is spelled; itself included. */
  readonly rootDir: string;
  /** Default /proc/self/mountinfo. */
  readonly mountInfoPath?: string;
  /** Milliseconds for one mount(8) or umount(8); default 30,000. */
  readonly timeoutMs?: number;
  /** Default `mount`, looked up in `searchPath`; must be util-linux's. */
  readonly mountCommand?: string;
  /** Default `umount`. */
  readonly umountCommand?: string;
  /** PATH of the two programs; default the usual directories of a Linux system. */
  readonly searchPath?: string;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

/** The last argument of every call that can wait. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A filesystem in memory. */
export interface TmpfsRequest {
  /** An existing directory. */
  readonly target: string;
  /** Default: the kernel's, half of the memory. */
  readonly sizeBytes?: bigint | undefined;
  /** Of its root directory; default the kernel's, 1777. */
  readonly mode?: number | undefined;
  /** Keep it out of swap where the kernel can (Linux 6.4); default true. */
  readonly noswap?: boolean | undefined;
}

/** A bind mount. */
export interface BindRequest {
  /** A trusted absolute path; use `bindSubPath` for one that others can change. */
  readonly source: string;
  /** An existing directory or file, as the source is one. */
  readonly target: string;
  /** With what is mounted below the source; default false. */
  readonly recursive?: boolean | undefined;
  /** Default false. */
  readonly readOnly?: boolean | undefined;
}

/** A bind mount of something inside a directory that others can write to. */
export interface BindSubPathRequest {
  /** The directory; trusted itself. */
  readonly root: string;
  /** Relative path below it; untrusted. */
  readonly subPath: string;
  /** Where it is to appear: a file or directory that is made, with its parents (0750). Others must not be able to write there. */
  readonly target: string;
  /** Mode of directories of the sub-path that are missing; default: the root's own. */
  readonly createMode?: number | undefined;
}

/** How mounts made below a mount spread; with `r` also for all mounts below it (mount(8), shared subtree operations). */
export type Propagation = "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" | "unbindable" | "runbindable";

/** Mounts below one directory. Calls for different targets may overlap. */
export interface Mounts {
  /** What is mounted, in the kernel's order; with `below` only there (itself included), whatever name it is given by. */
  list(options?: CallOptions & { readonly below?: string | undefined }): Promise<readonly MountEntry[]>;
  /** What is mounted at exactly this path, the topmost; undefined when nothing is. */
  find(path: string, options?: CallOptions): Promise<MountEntry | undefined>;
  /** Mounts a tmpfs, unless one is mounted there. */
  mountTmpfs(request: TmpfsRequest, options?: CallOptions): Promise<void>;
  /** Binds, on top of whatever is mounted there. */
  bind(request: BindRequest, options?: CallOptions): Promise<void>;
  /**
   * Binds a path that is found as `openWithin` finds it. Does nothing when the target shows that file already, and replaces what else is
   * mounted there.
   */
  bindSubPath(request: BindSubPathRequest, options?: CallOptions): Promise<void>;
  /** Makes a mount read-only; its filesystem may stay writable elsewhere. */
  remountReadOnly(target: string, options?: CallOptions): Promise<void>;
  setPropagation(target: string, propagation: Propagation, options?: CallOptions): Promise<void>;
  /** Makes the root directory a mount of its own that is shared, so that mounts below it reach containers and come back from them. */
  ensureSharedRoot(options?: CallOptions): Promise<void>;
  /**
   * Unmounts everything that is stacked at this path; fine when nothing is. With `detach` a mount that is in use goes out of sight at once
   * and ends with its last user.
   */
  unmount(target: string, options?: CallOptions & { readonly detach?: boolean | undefined }): Promise<void>;
  /** See {@link changeGroup}. */
  changeGroup(request: ChangeGroupRequest, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

const SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Mounts that were stacked on one path by accident are few. */
const MAX_STACKED = 32;

const isSameFile = async (path: string, held: HeldFile): Promise<boolean> => {
  const stats = await lstat(path, { bigint: true });
  return stats.dev === held.stats.dev && stats.ino === held.stats.ino;
};

/** A place to mount on: a directory for a directory, an empty file for everything else. */
const makePlace = async (path: string, isDirectory: boolean): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  try {
    if (isDirectory) await mkdir(path, { mode: 0o750 });
    else await (await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o640)).close();
    return;
  } catch (error) {
    if (!hasErrorCode(error, "EEXIST")) throw error;
  }
  const found = await lstat(path);
  if (found.isDirectory() === isDirectory && !found.isSymbolicLink()) return;
  await (found.isDirectory() ? rmdir(path) : unlink(path));
  await makePlace(path, isDirectory);
};

/** What the methods share. */
interface Parts {
  readonly rootDir: string;
  readonly list: Mounts["list"];
  readonly find: Mounts["find"];
  /** The same for a path that is real already. */
  readonly findReal: Mounts["find"];
  readonly unmount: Mounts["unmount"];
  readonly run: ReturnType<typeof createMountCommands>;
}

const createSubPathBind =
  (parts: Parts): Mounts["bindSubPath"] =>
  async ({ root, subPath, target, createMode }, options) => {
    const mode = createMode ?? (await stat(root)).mode & 0o7777;
    const held = await openWithin({ root, path: subPath, createMode: mode });
    try {
      const what = `binding ${JSON.stringify(subPath)} of ${root} to ${target}`;
      const isMounted = (await parts.find(target, options)) !== undefined;
      if (isMounted && (await isSameFile(target, held))) return;
      if (isMounted) await parts.unmount(target, { ...options, detach: true });
      await makePlace(target, held.stats.isDirectory());
      const place = await resolveTarget(parts.rootDir, target);
      // The descriptor cannot be led astray between the look and the mount, as a path can.
      await parts.run("mount", ["-o", "bind", `/proc/${pid}/fd/${held.descriptor}`, place], { what, signal: options?.signal });
      if (await isSameFile(place, held)) return;
      await parts.unmount(place, { detach: true });
      throw new MountsError("mount-failed", `${what} failed: something else is mounted there`);
    } finally {
      await held.close();
    }
  };

const createUnmount = (parts: Omit<Parts, "unmount">): Mounts["unmount"] => {
  const once = async (target: string, options: CallOptions & { readonly detach?: boolean | undefined }): Promise<void> => {
    const what = `unmounting ${target}`;
    try {
      await parts.run("umount", [target], { what, signal: options.signal });
    } catch (error) {
      options.signal?.throwIfAborted();
      // Somebody else may have been faster.
      if ((await parts.findReal(target, options)) === undefined) return;
      if (options.detach !== true) throw error;
      await parts.run("umount", ["-l", target], { what, signal: options.signal });
    }
  };
  return async (path, options = {}) => {
    if ((await realPathOf(path)) === undefined) return;
    const target = await resolveTarget(parts.rootDir, path);
    for (let stacked = 0; stacked < MAX_STACKED; stacked += 1) {
      if ((await parts.findReal(target, options)) === undefined) return;
      await once(target, options);
    }
    throw new MountsError("unmount-failed", `unmounting ${target} failed: more than ${MAX_STACKED} mounts are stacked there`);
  };
};

/** Who gives up does not wait for a table that the kernel keeps back; the read itself cannot be stopped, and changes nothing. */
const createTable = (mountInfoPath: string): Pick<Parts, "list" | "find" | "findReal"> => {
  const readTable = createMountTableReader(mountInfoPath);
  const findReal: Mounts["find"] = async (real, { signal } = {}) => {
    signal?.throwIfAborted();
    return (await raceSignal(readTable(real), signal)).findLast(({ mountPoint }) => mountPoint === real);
  };
  const list: Mounts["list"] = async ({ below, signal } = {}) => {
    signal?.throwIfAborted();
    const realBelow = below === undefined ? "/" : await realPathOf(below);
    if (realBelow === undefined) return [];
    return raceSignal(readTable(realBelow), signal);
  };
  return {
    list,
    findReal,
    find: async (path, options) => {
      const real = await realPathOf(path);
      return real === undefined ? undefined : findReal(real, options);
    },
  };
};

/** A relative one would be another directory after a chdir. */
const checkRoot = (rootDir: string | undefined): void => {
  if (rootDir === undefined || !rootDir.startsWith("/")) {
    throw new MountsError("invalid-path", `the root directory of mounts must be an absolute path, not ${JSON.stringify(rootDir ?? null)}`);
  }
};

/**
 * Mounts below `rootDir`, made through util-linux's mount(8) and umount(8). Needs CAP_SYS_ADMIN for everything but looking.
 * @throws MountsError "invalid-path" when the root is not absolute
 */
export const createMounts = (options: MountsOptions): Mounts => {
  const { rootDir, mountInfoPath = "/proc/self/mountinfo", clock } = options;
  checkRoot(rootDir);
  const run = createMountCommands({
    mountCommand: options.mountCommand ?? "mount",
    umountCommand: options.umountCommand ?? "umount",
    searchPath: options.searchPath ?? SEARCH_PATH,
    timeoutMs: options.timeoutMs ?? 30_000,
    clock,
  });
  const table = createTable(mountInfoPath);
  const unmount = createUnmount({ rootDir, run, ...table });
  const parts: Parts = { rootDir, run, unmount, ...table };
  const remountReadOnly: Mounts["remountReadOnly"] = async (path, callOptions) => {
    const target = await resolveTarget(rootDir, path);
    await run("mount", ["-o", "remount,bind,ro", target], { what: `making ${target} read-only`, signal: callOptions?.signal });
  };
  const bind: Mounts["bind"] = async ({ source, target: path, recursive = false, readOnly = false }, callOptions) => {
    const target = await resolveTarget(rootDir, path);
    if (!source.startsWith("/")) throw new MountsError("invalid-path", `${JSON.stringify(source)} is not an absolute path`);
    await run("mount", ["-o", recursive ? "rbind" : "bind", source, target], {
      what: `binding ${source} to ${target}`,
      signal: callOptions?.signal,
    });
    if (readOnly) await remountReadOnly(target, callOptions);
  };
  const setPropagation: Mounts["setPropagation"] = async (path, propagation, callOptions) => {
    const target = await resolveTarget(rootDir, path);
    await run("mount", [`--make-${propagation}`, target], { what: `making ${target} ${propagation}`, signal: callOptions?.signal });
  };
  return {
    list: table.list,
    find: table.find,
    unmount,
    bind,
    remountReadOnly,
    setPropagation,
    mountTmpfs: createTmpfsMount({ ...parts, clock }),
    bindSubPath: createSubPathBind(parts),
    ensureSharedRoot: async (callOptions) => {
      const found = await table.find(rootDir, callOptions);
      if (found?.propagation.startsWith("shared") === true) return;
      if (found === undefined) await bind({ source: rootDir, target: rootDir, recursive: true }, callOptions);
      await setPropagation(rootDir, "rshared", callOptions);
    },
    changeGroup,
  };
};
