import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import { promptFiles } from "@nk/stdx";
import { hasErrorCode, MountsError } from "./errors.ts";
import { isWithin } from "./mount-table.ts";

/** The real path, `undefined` when there is none. */
export const realPathOf = async (path: string, resolve: (path: string) => Promise<string> = realpath): Promise<string | undefined> => {
  try {
    return await resolve(path);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw new MountsError("tree-failed", `resolving ${path} failed`, { cause: error });
  }
};

/**
 * The real path of something to mount on or to unmount. It must lie below the root once all links on the way are resolved, and must not be
 * a link itself. Rejects with `invalid-path`, `outside-root` or `not-found`.
 */
export const resolveTarget = async (rootDir: string, target: string): Promise<string> => {
  if (!target.startsWith("/") || /[\0\n]/.test(target)) {
    throw new MountsError("invalid-path", `${JSON.stringify(target)} is not an absolute path`);
  }
  const path = join("/", normalize(target)).replace(/(.)\/$/, "$1");
  // Nothing foreign is mounted there, so nobody has to be waited for.
  const realRoot = await realPathOf(rootDir, promptFiles.realpath);
  const realParent = await realPathOf(dirname(path));
  if (realRoot === undefined || realParent === undefined) throw new MountsError("not-found", `${path} does not exist`);
  const real = path === "/" ? "/" : join(realParent, basename(path));
  // The root itself may be given by a name that is a link.
  if (!isWithin(real, realRoot) && (await realPathOf(path)) === realRoot) return realRoot;
  if (!isWithin(real, realRoot)) throw new MountsError("outside-root", `${path} does not lie in ${rootDir}`);
  try {
    if ((await lstat(real)).isSymbolicLink()) throw new MountsError("invalid-path", `${path} is a symbolic link`);
  } catch (error) {
    if (error instanceof MountsError) throw error;
    const code = hasErrorCode(error, "ENOENT", "ENOTDIR") ? "not-found" : "tree-failed";
    throw new MountsError(code, `looking at ${path} failed`, { cause: error });
  }
  return real;
};
