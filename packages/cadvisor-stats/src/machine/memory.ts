import type { KeptFiles } from "../kept-files.ts";
import { parseCount, splitWords } from "../parse.ts";

/** What of the machine as a whole changes, or every cgroup is measured by. What cannot be read is absent. */
export interface Machine {
  readonly memoryBytes?: number;
  readonly swapBytes?: number;
  readonly swapUsedBytes?: number;
  /** Tasks of the whole machine. */
  readonly tasks?: number;
  readonly bootTimeMs?: number;
}

/** One line of /proc/meminfo, in bytes. */
export const parseMeminfo = (text: string | undefined, key: string): number | undefined => {
  const match = new RegExp(`^${key}:\\s*(\\d+) kB$`, "m").exec(text ?? "");
  return match ? Number(match[1]) * 1024 : undefined;
};

/** Tasks that exist: the fourth word of /proc/loadavg, e.g. `2/317`. */
const parseTasks = (text: string | undefined): number | undefined => parseCount(splitWords(text ?? "")[3]?.split("/")[1]);

/** Reads the few lines of /proc that describe the whole machine. */
export const readMachine = (files: KeptFiles, procRoot: string): Machine => {
  const meminfo = files.read(`${procRoot}/meminfo`);
  const memoryBytes = parseMeminfo(meminfo, "MemTotal");
  const swapBytes = parseMeminfo(meminfo, "SwapTotal");
  const swapFreeBytes = parseMeminfo(meminfo, "SwapFree");
  const tasks = parseTasks(files.read(`${procRoot}/loadavg`));
  const bootTime = /^btime (\d+)$/m.exec(files.read(`${procRoot}/stat`) ?? "")?.[1];
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(swapBytes === undefined ? {} : { swapBytes }),
    ...(swapBytes === undefined || swapFreeBytes === undefined ? {} : { swapUsedBytes: swapBytes - swapFreeBytes }),
    ...(tasks === undefined ? {} : { tasks }),
    ...(bootTime === undefined ? {} : { bootTimeMs: Number(bootTime) * 1000 }),
  };
};
