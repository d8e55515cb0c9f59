/** Pressure stall information of one resource (PSI, Documentation/accounting/psi.rst). */
export interface PressureLine {
  /** Percent of the last 10, 60 and 300 seconds. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalMicros: number;
}

/** `some`: at least one task waited. `full`: all of them did. */
export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine;
}

/** CPU time since the cgroup was made. */
export interface CpuUsage {
  readonly usageNanos: bigint;
  readonly userNanos: bigint;
  readonly systemNanos: bigint;
  /** Periods of the quota, those in which it was used up, and for how long tasks waited then. Zero without a quota. */
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledNanos: bigint;
  readonly burstPeriods: number;
  readonly burstNanos: bigint;
  readonly pressure?: Pressure;
}

/** Memory of a cgroup and all below it, in bytes. */
export interface MemoryUsage {
  /** All that is charged to it, page cache included. */
  readonly usageBytes: number;
  /** The most there ever was; zero where the kernel does not know. */
  readonly maxUsageBytes: number;
  /** `usageBytes` less file pages that were not used lately (`inactive_file`), never below zero: what cannot be taken back at once. */
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly cacheBytes: number;
  readonly mappedFileBytes: number;
  readonly activeFileBytes: number;
  readonly inactiveFileBytes: number;
  readonly kernelBytes: number;
  readonly swapBytes: number;
  /** How often the limit was hit. */
  readonly limitHits: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly oomKills: number;
  readonly pressure?: Pressure;
}

/** Bytes or operations by kind; a v2 host tells reads and writes only. */
export interface IoCounts {
  readonly read: bigint;
  readonly write: bigint;
  readonly sync?: bigint;
  readonly async?: bigint;
  readonly discard?: bigint;
  readonly total?: bigint;
}

export interface DeviceIo {
  readonly major: number;
  readonly minor: number;
  /** E.g. `/dev/sda`; empty when the machine lists no such device. */
  readonly device: string;
  readonly bytes: IoCounts;
  readonly operations: IoCounts;
}

export interface IoUsage {
  readonly devices: readonly DeviceIo[];
  readonly pressure?: Pressure;
}

/** Processes of the cgroup itself, those below it not counted. */
export interface ProcessCounts {
  readonly processes: number;
  /** Open files, and sockets among them; zero when they were not asked for. */
  readonly fileDescriptors: number;
  readonly sockets: number;
}

export interface InterfaceCounts {
  readonly name: string;
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrors: bigint;
  readonly rxDropped: bigint;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly txDropped: bigint;
}

/** One network namespace. */
export interface NetworkUsage {
  /** The inode of the namespace; empty when it cannot be told. */
  readonly namespace: string;
  /** Without loopback and the host's ends of pods. */
  readonly interfaces: readonly InterfaceCounts[];
}

/** What a cgroup may use; a limit that is absent is none. */
export interface CgroupLimits {
  /** 2 to 262144; a v2 weight is converted. */
  readonly cpuShares?: number;
  readonly cpuPeriodMicros?: number;
  readonly cpuQuotaMicros?: number;
  readonly memoryBytes?: number;
  /** v1: memory and swap together; v2: swap alone. */
  readonly swapBytes?: number;
  readonly memoryReservationBytes?: number;
  readonly tasks?: number;
}

/** One cgroup at one moment. What its controllers do not tell is absent. */
export interface CgroupStats {
  /** Below the mount point; `/` is the machine. */
  readonly path: string;
  readonly timeMs: number;
  /** Of the same moment on a clock that never goes back; for rates. */
  readonly monotonicMs: number;
  /** Not before the machine was started; absent when unknown. */
  readonly createdAtMs?: number;
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly io?: IoUsage;
  /** Tasks (threads) now. */
  readonly tasks?: number;
  readonly processes?: ProcessCounts;
  readonly network?: NetworkUsage;
  readonly limits: CgroupLimits;
}

/** Everything one collection found. */
export interface Snapshot {
  readonly timeMs: number;
  readonly cgroupVersion: 1 | 2;
  /** By path. */
  readonly cgroups: ReadonlyMap<string, CgroupStats>;
}
