import { readNumber, readText } from "./machine/files.ts";
import { parseCount, splitWords } from "./parse.ts";

/** Tasks of the whole machine. */
export interface TaskLimits {
  readonly timeMs: number;
  /** The lower of kernel.pid_max and kernel.threads-max. */
  readonly maxTasks?: number;
  readonly tasks?: number;
}

/** Reads how many tasks there are and can be (reference: pkg/kubelet/stats/pidlimit). Never throws. */
export const readTaskLimits = (options: { readonly procRoot?: string; readonly nowMs: number }): TaskLimits => {
  const { procRoot = "/proc", nowMs } = options;
  const limits = ["pid_max", "threads-max"].flatMap((name) => readNumber(`${procRoot}/sys/kernel/${name}`) ?? []);
  // E.g. `1.36 3.49 4.53 2/3518 3715089`.
  const tasks = parseCount(splitWords(readText(`${procRoot}/loadavg`) ?? "")[3]?.split("/")[1]);
  return { timeMs: nowMs, ...(limits.length === 0 ? {} : { maxTasks: Math.min(...limits) }), ...(tasks === undefined ? {} : { tasks }) };
};

/** The soft limit of open files of a process, by default the first: what `container_ulimits_soft` tells of `/`. -1 is no limit. */
export const readOpenFileLimit = (options: { readonly procRoot?: string; readonly pid?: number | "self" } = {}): number | undefined => {
  const { procRoot = "/proc", pid = 1 } = options;
  const word = /^Max open files\s+(\S+)/m.exec(readText(`${procRoot}/${pid}/limits`) ?? "")?.[1];
  return word === "unlimited" ? -1 : parseCount(word);
};
