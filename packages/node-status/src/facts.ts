import type { NodeRuntimeHandler } from "@nk/pod-model";

/** Facts about the machine; they change with a reboot, hot-plug or a resized disk. */
export interface MachineFacts {
  readonly machineId: string;
  /** From DMI or the device tree; empty where the machine has none. */
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  /** `PRETTY_NAME` of os-release. */
  readonly osImage: string;
  /** As Go spells it, e.g. `linux`. */
  readonly operatingSystem: string;
  /** As Go spells it, e.g. `amd64`. */
  readonly architecture: string;
  /** CPUs that are online. */
  readonly cpus: number;
  readonly memoryBytes: bigint;
  readonly swapBytes: bigint;
  /** Every size the kernel has, ascending, also without a page. */
  readonly hugePages: readonly { readonly sizeBytes: bigint; readonly pages: bigint }[];
  /** Size of the filesystem of the kubelet's root directory. */
  readonly diskBytes: bigint;
  readonly diskInodes: bigint;
  /** When the machine was booted, epoch milliseconds; absent when the kernel does not tell. */
  readonly bootTimeMs?: number | undefined;
}

/** One of the conditions the runtime reports about itself. */
export interface RuntimeCondition {
  /** `RuntimeReady` or `NetworkReady`. */
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/**
 * unknown: it has not answered since the kubelet started. answered: what it said last; `outOfSyncSinceMs` (Clock.nowMs) is set while it no
 * longer answers, or says of itself that it is not ready, and counts from the last time it was well; the network does not count.
 */
export type RuntimeHealth =
  | { readonly kind: "unknown" }
  | {
      readonly kind: "answered";
      readonly runtime?: RuntimeCondition | undefined;
      readonly network?: RuntimeCondition | undefined;
      readonly outOfSyncSinceMs?: number | undefined;
    };

/** What the runtime says about itself. */
export interface RuntimeFacts {
  /** E.g. `containerd`. */
  readonly name: string;
  /** Absent while unknown. */
  readonly version?: string | undefined;
  readonly health: RuntimeHealth;
  /** In any order; absent while unknown. */
  readonly handlers?: readonly NodeRuntimeHandler[] | undefined;
  readonly features?: { readonly supplementalGroupsPolicy: boolean } | undefined;
}

/** An image the runtime has. */
export interface ImageFact {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
}

/** Extended resources, as the device plugins declare them. */
export interface DeviceFacts {
  readonly capacity: { readonly [name: string]: string };
  readonly allocatable: { readonly [name: string]: string };
  /** Resources whose plugin has gone: shown as 0, which tells them from resources that never were. */
  readonly removed: readonly string[];
}

/** Everything the node's status is made of, at one moment. Immutable. */
export interface NodeFacts {
  /** Absent when the machine can't be read; the node is then not ready. */
  readonly machine?: MachineFacts | undefined;
  readonly runtime: RuntimeFacts;
  /** Absent until they have been listed: the status keeps the ones it has. */
  readonly images?: readonly ImageFact[] | undefined;
  readonly pressure: { readonly memory: boolean; readonly disk: boolean; readonly pid: boolean };
  /** Unique names of volumes; absent until the volumes of a previous run are known. */
  readonly volumesInUse?: readonly string[] | undefined;
  readonly devices?: DeviceFacts | undefined;
  /** Problems of the kubelet's own parts, e.g. `PLEG is not healthy: ...`; each makes the node not ready. */
  readonly healthProblems?: readonly string[] | undefined;
  readonly storageProblem?: string | undefined;
  readonly isShuttingDown?: boolean | undefined;
  /** What is amiss but does not make the node unready, e.g. `CPU hardcapping unsupported`. */
  readonly softRequirements?: string | undefined;
}

/** A network interface that is up. */
export interface InterfaceFact {
  readonly name: string;
  readonly isLoopback: boolean;
  readonly addresses: readonly string[];
}

/** What the node's addresses are made of. */
export interface NetworkFacts {
  readonly interfaces: readonly InterfaceFact[];
  /** Names of interfaces with a default route, in the kernel's order; absent when the kernel shows no routes at all. */
  readonly defaultRoutes?: { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] } | undefined;
  /** What DNS says about the node's name; empty when it was not asked or does not know. */
  readonly resolved: readonly string[];
}
