/** RFC 3339 in whole seconds, UTC. */
type Time = string;

/** Pressure as the Summary has it; `total` in microseconds. */
export interface SummaryPressureLine {
  readonly total: number;
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
}

export interface SummaryPressure {
  readonly full: SummaryPressureLine;
  readonly some: SummaryPressureLine;
}

export interface SummaryCpu {
  readonly time: Time;
  readonly usageNanoCores: number;
  readonly usageCoreNanoSeconds: bigint;
  readonly psi?: SummaryPressure;
}

export interface SummaryMemory {
  readonly time: Time;
  /** Up to the limit; absent without one. */
  readonly availableBytes?: number;
  readonly usageBytes: number;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly psi?: SummaryPressure;
}

export interface SummaryIo {
  readonly time: Time;
  readonly psi?: SummaryPressure;
}

export interface SummarySwap {
  readonly time: Time;
  readonly swapAvailableBytes?: number;
  readonly swapUsageBytes: number;
}

export interface SummaryInterface {
  readonly name: string;
  readonly rxBytes: bigint;
  readonly rxErrors: bigint;
  readonly txBytes: bigint;
  readonly txErrors: bigint;
}

/** The members of `eth0` stand at the top, too, if there is one. */
export interface SummaryNetwork extends Partial<SummaryInterface> {
  readonly time: Time;
  readonly interfaces: readonly SummaryInterface[];
}

export interface SummaryFs {
  readonly time: Time;
  readonly availableBytes?: number;
  readonly capacityBytes?: number;
  readonly usedBytes?: number;
  readonly inodesFree?: number;
  readonly inodes?: number;
  readonly inodesUsed?: number;
}

export interface SummaryVolume extends SummaryFs {
  readonly name: string;
  readonly pvcRef?: { readonly name: string; readonly namespace: string };
}

interface SummaryUsage {
  readonly startTime?: Time;
  readonly cpu?: SummaryCpu;
  readonly memory?: SummaryMemory;
  readonly io?: SummaryIo;
  readonly swap?: SummarySwap;
}

export interface SummaryContainer extends SummaryUsage {
  readonly name: string;
  readonly rootfs?: SummaryFs;
  readonly logs?: SummaryFs;
}

export interface SummaryPod extends SummaryUsage {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly containers: readonly SummaryContainer[];
  readonly network?: SummaryNetwork;
  readonly volume?: readonly SummaryVolume[];
  readonly "ephemeral-storage"?: SummaryFs;
}

export interface SummaryNode extends SummaryUsage {
  readonly nodeName: string;
  /** `kubelet`, `runtime`, `misc`, `pods`. */
  readonly systemContainers: readonly SummaryContainer[];
  readonly network?: SummaryNetwork;
  readonly fs?: SummaryFs;
  readonly runtime?: { readonly imageFs?: SummaryFs; readonly containerFs?: SummaryFs };
  readonly rlimit?: { readonly time: Time; readonly maxpid?: number; readonly curproc?: number };
}

/** What /stats/summary answers (k8s.io/kubelet/pkg/apis/stats/v1alpha1). */
export interface Summary {
  readonly node: SummaryNode;
  readonly pods: readonly SummaryPod[];
}
