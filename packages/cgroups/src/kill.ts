import { join } from "node:path";
import { promptFiles } from "@nk/stdx";
import { errnoOf } from "./errors.ts";
import type { Hierarchy } from "./layout.ts";
import { listTree, readProcesses } from "./tree.ts";

const { writeFile } = promptFiles;

/** Sends SIGKILL to what is in one tree of cgroups: all at once where the kernel can, else one by one. */
export const killTree = async (hierarchy: Hierarchy, directory: string, killProcess: (pid: number) => void): Promise<void> => {
  if (hierarchy.version === 2) {
    try {
      await writeFile(join(directory, "cgroup.kill"), "1", { flag: "r+" });
      return;
    } catch (error) {
      // Linux before 5.14 has no such file.
      if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENODEV") throw error;
    }
  }
  const tree = await listTree(directory);
  for (const pid of new Set((await Promise.all(tree.map(readProcesses))).flat())) {
    // Whoever put this process or pid 1 into a pod's cgroup did not mean that.
    if (pid > 1 && pid !== process.pid) killProcess(pid);
  }
};

/** Sends SIGKILL to one process; one that is gone already is no error. */
export const sendKill = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error;
  }
};
