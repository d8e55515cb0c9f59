import type { Pod, PodRef, Volume } from "@nk/pod-model";
import type { Clock, RandomSource } from "@nk/stdx";
import type { OwnershipRequest } from "../ownership.ts";
import type { VolumesPorts } from "../ports.ts";
import type { HostPathLooks } from "./host-path-looks.ts";

/** Where a volume lies on the host. */
export interface ReadyVolume {
  /** Absolute path to bind into containers; empty for an image volume, which the runtime mounts itself. */
  readonly hostPath: string;
  /** Whether it can only be read, whatever the mount says; default false. */
  readonly readOnly?: boolean;
  /** Whether the runtime is to relabel the files for SELinux; default false. */
  readonly selinuxRelabel?: boolean;
}

/** One volume of one pod that is to be made ready. */
export interface VolumeTask {
  readonly pod: Pod;
  readonly ref: PodRef;
  readonly volume: Volume;
  /** What was written the last time, if that is known. */
  readonly lastDigest?: string | undefined;
  readonly signal: AbortSignal;
}

/** A volume that is ready. */
export interface VolumeOutcome {
  readonly ready: ReadyVolume;
  /** Of what was written, for volumes with content. */
  readonly digest?: string;
  /** When the content must be looked at again by itself (`Clock.nowMs`). */
  readonly refreshAtMs?: number;
}

/** What plugins work with. */
export interface PluginTools {
  readonly rootDir: string;
  readonly ports: VolumesPorts;
  readonly hostPaths: HostPathLooks;
  readonly maxPayloadBytes: number;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly setOwnership: (request: OwnershipRequest & { readonly plugin: string }) => Promise<void>;
}

/** One kind of volume. */
export interface VolumePlugin {
  /** As in metrics and directories: `kubernetes.io/secret`. */
  readonly name: string;
  /** The field of the volume that asks for it. */
  readonly source: keyof Volume;
  /** Whether what is in it can change while it is mounted. */
  readonly hasContent: boolean;
  /** Why this volume cannot be made here, with the field it is about; undefined when it can. Pure. */
  refusal?(volume: Volume, ports: VolumesPorts): Refusal | undefined;
  /** Makes the volume ready. Idempotent; takes up whatever a kubelet that died left. Rejects with a `VolumesError`. */
  setUp(task: VolumeTask, tools: PluginTools): Promise<VolumeOutcome>;
}

/** A field of a volume that is not supported. */
export interface Refusal {
  /** Below the volume, e.g. `emptyDir.medium`. */
  readonly field: string;
  /** A sentence without a full stop. */
  readonly why: string;
}
