import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CgroupsError, errnoOf } from "./errors.ts";

/** Puts a process into the cgroup of one tree. */
export const attachProcess = async (path: string, directory: string, pid: number): Promise<void> => {
  try {
    await writeFile(join(directory, "cgroup.procs"), String(pid), { flag: "r+" });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && errno !== "ESRCH") throw error;
    const what = errno === "ESRCH" ? `there is no process ${pid}` : "it does not exist";
    throw new CgroupsError("not-found", `attach process ${pid} to cgroup ${path}: ${what}`, { path, cause: error });
  }
};
