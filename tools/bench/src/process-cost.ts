import { readFile } from "node:fs/promises";

/** What a process holds and has spent. */
export interface ProcessCost {
  /** User and system time since its start. */
  readonly cpuMs: number;
  /** The same of its children that have ended and were waited for: mount(8) and the like. */
  readonly childrenCpuMs: number;
  readonly rssMib: number;
  /** The part of it that is private memory, not pages of files. */
  readonly anonMib: number;
}

/** USER_HZ, in which /proc counts: 100 on every architecture that Linux runs Node on. */
const TICK_MS = 10;

/** Of the text of /proc/PID/stat. The command's name may hold blanks and brackets, so fields are counted behind the last one. */
export const parseCpu = (stat: string): Pick<ProcessCost, "cpuMs" | "childrenCpuMs"> => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // proc(5): the state is field 3, utime, stime, cutime and cstime 14 to 17.
  const [utime = 0, stime = 0, childrenUtime = 0, childrenStime = 0] = fields.slice(11, 15).map(Number);
  return { cpuMs: (utime + stime) * TICK_MS, childrenCpuMs: (childrenUtime + childrenStime) * TICK_MS };
};

/** A field of the text of /proc/PID/status that is given in kB. */
export const parseStatusMib = (status: string, field: string): number => {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "mu").exec(status);
  if (found === null) throw new Error(`/proc/PID/status has no ${field}`);
  return Number(found[1]) / 1024;
};

/** Reads it from /proc; rejects when the process is gone. */
export const readProcessCost = async (pid: number): Promise<ProcessCost> => {
  const [stat, status] = await Promise.all([readFile(`/proc/${pid}/stat`, "utf8"), readFile(`/proc/${pid}/status`, "utf8")]);
  return { ...parseCpu(stat), rssMib: parseStatusMib(status, "VmRSS"), anonMib: parseStatusMib(status, "RssAnon") };
};
