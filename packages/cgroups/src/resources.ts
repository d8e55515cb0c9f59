/** A limit, or none. */
export type Limit = number | "max";

/** What a cgroup may do to one device, per second. */
export interface DeviceLimit {
  /** `major:minor`, e.g. `8:0`. */
  readonly device: string;
  readonly readBytes?: Limit;
  readonly writeBytes?: Limit;
  readonly readOperations?: Limit;
  readonly writeOperations?: Limit;
}

/** Settings of a cgroup; what is absent stays as it is. The same under v1 and v2, whatever the kernel calls it there. */
export interface CgroupResources {
  /** Weight of the CPU when there is not enough: 2 to 262144, 1024 by default; under v2 converted to a weight. */
  readonly cpuShares?: number;
  /** CPU time in each period: at least 1000. */
  readonly cpuQuotaMicros?: Limit;
  /** 1000 to 1000000; the kernel's default is 100000. */
  readonly cpuPeriodMicros?: number;
  /** CPUs and memory nodes it may use, e.g. `0-3,8`. */
  readonly cpus?: string;
  readonly memoryNodes?: string;
  readonly memoryBytes?: Limit;
  /** Swap alone. v1 counts memory and swap together, so that it needs `memoryBytes` beside it there. */
  readonly swapBytes?: Limit;
  /** v2: below this nothing is taken back, come what may. v1 has no such thing and ignores it. */
  readonly memoryMinBytes?: Limit;
  /** Below this little is taken back (v1: the soft limit). */
  readonly memoryLowBytes?: Limit;
  /** v2: above this it is slowed down. v1 has no such thing and ignores it. */
  readonly memoryHighBytes?: Limit;
  /** Tasks: processes and threads. */
  readonly tasks?: Limit;
  /** Bytes by page size as the kernel names it, e.g. `{ "2MB": 0 }`. */
  readonly hugePageBytes?: { readonly [pageSize: string]: Limit };
  /** Weight of the disks when they are busy: 1 to 10000, 100 by default. */
  readonly ioWeight?: number;
  readonly deviceLimits?: readonly DeviceLimit[];
}

/** One file to write. */
export interface FileWrite {
  readonly file: string;
  readonly value: string;
  /** A file that is not there is no error: the value is what there is without it. */
  readonly isOptional?: boolean;
}

/** The text of a file of the cgroup; undefined when there is none. */
export type ReadFile = (file: string) => string | undefined;

/** One controller: what to write for settings, and settings from what is read. Neither touches a file. */
export interface Controller {
  /** As v1 names its tree. */
  readonly name: string;
  /** What it sets. */
  readonly settings: readonly (keyof CgroupResources)[];
  /** The files that `parse` and `computeWrites` may ask for. */
  readonly files: { readonly 1: readonly string[]; readonly 2: readonly string[] };
  /** In the order of writing; `read` tells what is set now. */
  readonly computeWrites: (version: 1 | 2, resources: CgroupResources, read: ReadFile) => readonly FileWrite[];
  readonly parse: (version: 1 | 2, read: ReadFile) => CgroupResources;
}

/** A whole number as the kernel takes it. */
export const formatLimit = (limit: Limit, none = "max"): string => (limit === "max" ? none : String(limit));

/** v1 writes no limit as the largest multiple of a page, or -1. */
const UNLIMITED = 2 ** 62;

/** A limit as the kernel shows it; undefined for anything else. */
export const parseLimit = (text: string | undefined): Limit | undefined => {
  const word = text?.trim();
  if (word === "max" || word === "-1") return "max";
  if (word === undefined || !/^\d+$/.test(word)) return undefined;
  return Number(word) > UNLIMITED ? "max" : Number(word);
};

/** A plain number as the kernel shows it. */
export const parseNumber = (text: string | undefined): number | undefined => {
  const limit = parseLimit(text);
  return limit === "max" ? undefined : limit;
};

/** One property, or none when its value is undefined: settings that cannot be told are absent. */
export const setting = <K extends keyof CgroupResources>(name: K, value: CgroupResources[K] | undefined): CgroupResources =>
  value === undefined ? {} : { [name]: value };
