import { readdirSync, readlinkSync } from "node:fs";
import type { ProcessCounts } from "../model.ts";
import type { CgroupSource } from "./source.ts";

/** What to count: descriptors cost a directory listing a process and a link for each open file. */
export type ProcessDetail = "none" | "count" | "descriptors";

/** The processes of a cgroup itself; undefined when it is gone. */
export const readPids = (source: CgroupSource): readonly string[] | undefined =>
  source
    .read("cpu", "cgroup.procs")
    ?.split("\n")
    .filter((pid) => /^\d+$/.test(pid));

const isSocket = (link: string): boolean => {
  try {
    return readlinkSync(link).startsWith("socket:");
  } catch {
    return false;
  }
};

/** Counts the processes of a cgroup and, if asked, their open files. A process that ends meanwhile, or belongs to somebody else, has none. */
export const readProcesses = (source: CgroupSource, procRoot: string, detail: ProcessDetail): ProcessCounts | undefined => {
  if (detail === "none") return undefined;
  const pids = readPids(source);
  if (pids === undefined) return undefined;
  let fileDescriptors = 0;
  let sockets = 0;
  for (const pid of detail === "descriptors" ? pids : []) {
    const directory = `${procRoot}/${pid}/fd`;
    try {
      for (const name of readdirSync(directory)) {
        fileDescriptors += 1;
        if (isSocket(`${directory}/${name}`)) sockets += 1;
      }
    } catch {
      // It has ended.
    }
  }
  return { processes: pids.length, fileDescriptors, sockets };
};
