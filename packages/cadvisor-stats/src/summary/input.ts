import type { Snapshot } from "../model.ts";
import type { TaskLimits } from "../task-limits.ts";
import type { SummaryFs, SummaryVolume } from "./model.ts";

/** A container of a pod, and what is known of it beside its cgroup. */
export interface ContainerInput {
  readonly name: string;
  /** Its cgroup. */
  readonly path: string;
  /** Default: when the cgroup was made. */
  readonly startedAtMs?: number;
  readonly rootfs?: SummaryFs;
  readonly logs?: SummaryFs;
}

export interface PodInput {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** Its cgroup. */
  readonly path: string;
  readonly startedAtMs?: number;
  readonly containers: readonly ContainerInput[];
  readonly volumes?: readonly SummaryVolume[];
  readonly ephemeralStorage?: SummaryFs;
}

/** What a Summary, and the page /metrics/resource, are made of. */
export interface SummaryInput {
  readonly nodeName: string;
  readonly snapshot: Snapshot;
  /** An earlier snapshot, some ten seconds old, for `usageNanoCores`; without it they are zero. */
  readonly previous?: Snapshot;
  readonly bootTimeMs?: number;
  readonly pods: readonly PodInput[];
  /** Cgroups of the node's own, by their name in the Summary, e.g. `pods` for /kubepods. */
  readonly systemContainers?: readonly ContainerInput[];
  /** The filesystem of the kubelet's directory, and of the runtime's images and containers. */
  readonly fs?: SummaryFs;
  readonly imageFs?: SummaryFs;
  readonly containerFs?: SummaryFs;
  readonly tasks?: TaskLimits;
}
