/**
 * What this package reads of a kubelet's GET /stats/summary (k8s.io/kubelet stats/v1alpha1), with the names of its JSON: a parsed answer can be
 * given as it is. Go writes an empty list as null.
 */
export interface Summary {
  readonly node: NodeStats;
  readonly pods?: readonly PodStats[] | null;
}

/** A count or a number of bytes. Negative and broken numbers read as not stated. */
export type Amount = number | bigint;

export interface NodeStats {
  readonly nodeName?: string;
  readonly systemContainers?: readonly ContainerStats[] | null;
  readonly memory?: MemoryStats | null;
  /** The file system of the kubelet's directory. */
  readonly fs?: FsStats | null;
  readonly runtime?: { readonly imageFs?: FsStats | null; readonly containerFs?: FsStats | null } | null;
  readonly rlimit?: { readonly time?: string; readonly maxpid?: Amount; readonly curproc?: Amount } | null;
}

export interface MemoryStats {
  /** RFC 3339. */
  readonly time?: string;
  readonly availableBytes?: Amount;
  readonly workingSetBytes?: Amount;
}

export interface FsStats {
  /** RFC 3339. */
  readonly time?: string;
  readonly availableBytes?: Amount;
  readonly capacityBytes?: Amount;
  readonly usedBytes?: Amount;
  readonly inodesFree?: Amount;
  readonly inodes?: Amount;
  readonly inodesUsed?: Amount;
}

export interface ContainerStats {
  readonly name: string;
  readonly memory?: MemoryStats | null;
  readonly rootfs?: FsStats | null;
  readonly logs?: FsStats | null;
}

export interface PodStats {
  readonly podRef: { readonly name?: string; readonly namespace?: string; readonly uid: string };
  readonly containers?: readonly ContainerStats[] | null;
  readonly memory?: MemoryStats | null;
  readonly volume?: readonly (FsStats & { readonly name: string })[] | null;
  readonly "ephemeral-storage"?: FsStats | null;
  readonly process_stats?: { readonly process_count?: Amount } | null;
}
