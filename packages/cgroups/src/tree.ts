import { join } from "node:path";
import { promptFiles } from "@nk/stdx";
import { errnoOf } from "./errors.ts";

const { readdir, readFile, rmdir } = promptFiles;

const isGone = (error: unknown): boolean => ["ENOENT", "ENODEV", "ENOTDIR"].includes(errnoOf(error));

/** The cgroups directly in a cgroup; none when it is gone. */
export const listChildren = async (directory: string): Promise<readonly string[]> => {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
};

/** A cgroup and all cgroups below it, children before their parents. */
export const listTree = async (directory: string): Promise<readonly string[]> => {
  const children = await listChildren(directory);
  const below = await Promise.all(children.map((name) => listTree(join(directory, name))));
  return [...below.flat(), directory];
};

/** The processes in one cgroup; none when it is gone. */
export const readProcesses = async (directory: string): Promise<readonly number[]> => {
  try {
    const text = await readFile(join(directory, "cgroup.procs"), "utf8");
    return text
      .split("\n")
      .map(Number)
      .filter((pid) => Number.isSafeInteger(pid) && pid > 0);
  } catch (error) {
    // A threaded v2 cgroup answers EOPNOTSUPP; its processes are listed by the domain above it.
    if (isGone(error) || errnoOf(error) === "EOPNOTSUPP") return [];
    throw error;
  }
};

/** What became of one cgroup: "gone" was removed by someone else, "in-use" holds processes or cgroups. */
export type Removal = "removed" | "gone" | "in-use";

/** Removes a cgroup that is empty, by rmdir alone; anything but an empty one is "in-use". */
export const removeEmpty = async (directory: string): Promise<Removal> => {
  try {
    await rmdir(directory);
    return "removed";
  } catch (error) {
    if (errnoOf(error) === "EBUSY" || errnoOf(error) === "ENOTEMPTY") return "in-use";
    if (isGone(error)) return "gone";
    throw error;
  }
};

/** Removes a cgroup and those below it, by rmdir alone: no file is ever removed. False when one is still in use. */
export const removeTree = async (directory: string): Promise<boolean> => {
  // What has no cgroups below it any more, which is the usual, need not be listed.
  if ((await removeEmpty(directory)) !== "in-use") return true;
  for (const path of await listTree(directory)) if ((await removeEmpty(path)) === "in-use") return false;
  return true;
};
