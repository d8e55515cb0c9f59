import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** One process as the lab sees it in /proc. */
export interface ProcessFacts {
  readonly pid: number;
  readonly argv: readonly string[];
  /** The lines of /proc/PID/cgroup, joined. */
  readonly cgroups: string;
}

const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** The start time of a process in clock ticks since boot (field 22 of /proc/PID/stat); undefined when there is no such process. */
export const readStartTicks = (pid: number): number | undefined => {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the command in brackets and may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === undefined || fields[0] === "" || fields[0] === "Z") return undefined;
  return Number(fields[19]);
};

/** All processes with a command line; kernel threads and zombies have none. */
export const listProcesses = (): ProcessFacts[] => {
  const found: ProcessFacts[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const argv = readText(`/proc/${name}/cmdline`).split("\0");
    argv.pop();
    if (argv.length > 0) found.push({ pid: Number(name), argv, cgroups: readText(`/proc/${name}/cgroup`) });
  }
  return found;
};

/** True if the process lives in another mount namespace and its root file system is made of something below `dir`. */
export const hasRootBelow = (pid: number, dir: string): boolean => {
  try {
    if (readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync("/proc/self/ns/mnt")) return false;
  } catch {
    return false;
  }
  for (const line of readText(`/proc/${pid}/mountinfo`).split("\n")) {
    const [, , , root, mountPoint] = line.split(" ");
    // Overlay names its folders in the options, a bind mount names its source as root.
    if (mountPoint === "/") return line.includes(`=${dir}/`) || line.includes(`:${dir}/`) || (root ?? "").startsWith(`${dir}/`);
  }
  return false;
};
