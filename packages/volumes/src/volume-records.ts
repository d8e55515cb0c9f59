import { podRef } from "@nk/pod-model";
import type { Pod, PodRef, PodUid, Volume } from "@nk/pod-model";
import type { VolumesMetrics } from "./metrics.ts";
import { mountedVolumeNames, referenceKey, volumeReferences } from "./objects/references.ts";
import { findPlugin } from "./plugins/find-plugin.ts";
import type { VolumeOutcome, VolumePlugin } from "./plugins/plugin.ts";
import { checkSegment } from "./pod-paths.ts";
import type { ObjectChange, VolumesPorts } from "./ports.ts";
import { VolumesError } from "./errors.ts";

/** Where one volume of a pod stands. */
export type VolumeState =
  | { readonly type: "new" }
  /** `refreshFailures`: how often in a row its content could not be looked at again; what it shows is older then. */
  | { readonly type: "ready"; readonly outcome: VolumeOutcome; readonly refreshFailures: number }
  | { readonly type: "failed"; readonly failures: number; readonly retryAtMs: number; readonly error: VolumesError };

/** One volume of a pod that is wanted. Changed by the set-up alone. */
export interface VolumeRecord {
  readonly owner: PodRecord;
  readonly volume: Volume;
  readonly plugin: VolumePlugin;
  readonly wantedAtMs: number;
  state: VolumeState;
  /** Counts what was told about the volume's sources, so that nothing told during an attempt is missed. */
  generation: number;
  /** Lets an attempt that waits begin at once. */
  wake?: (() => void) | undefined;
  /** A refresh waits for its turn; another one would do the same. */
  isRefreshQueued: boolean;
}

/** One pod whose volumes are wanted. */
export interface PodRecord {
  readonly ref: PodRef;
  pod: Pod;
  readonly volumes: Map<string, VolumeRecord>;
  /** Ends what goes on for the pod when it is released. */
  readonly stop: AbortController;
}

/** The wanted volumes of all pods. */
export interface VolumeRecords {
  get(uid: PodUid): PodRecord | undefined;
  /**
   * Takes the pod as it is now; its volumes that containers mount are in the result, in the pod's order. Throws `unsupported-source` or
   * `unsafe-path`, with the volume's name in `volumeName` of the details, before anything is recorded.
   */
  update(pod: Pod): { readonly record: PodRecord; readonly volumes: readonly VolumeRecord[] };
  remove(uid: PodUid): PodRecord | undefined;
  setState(record: VolumeRecord, state: VolumeState): void;
  /** The volumes that show this object. */
  findByObject(change: ObjectChange): readonly VolumeRecord[];
  all(): readonly VolumeRecord[];
}

/** A volume that cannot be had here. */
export class RefusedVolumeError extends VolumesError {
  readonly volumeName: string;

  constructor(volumeName: string, cause: VolumesError) {
    super(cause.code, cause.message, { cause });
    this.volumeName = volumeName;
  }
}

const objectKey = ({ kind, namespace, name }: ObjectChange): string => `${namespace}/${referenceKey({ kind, name })}`;

const choosePlugins = (pod: Pod, ports: VolumesPorts): readonly (readonly [Volume, VolumePlugin])[] => {
  const mounted = mountedVolumeNames(pod);
  return (pod.spec?.volumes ?? []).flatMap((volume, index) => {
    if (!mounted.has(volume.name)) return [];
    try {
      checkSegment("volume name", volume.name);
      return [[volume, findPlugin(volume, index, ports)] as const];
    } catch (error) {
      throw error instanceof VolumesError ? new RefusedVolumeError(volume.name, error) : error;
    }
  });
};

/** No records. */
export const createVolumeRecords = (parts: {
  readonly ports: VolumesPorts;
  readonly metrics: VolumesMetrics;
  readonly nowMs: () => number;
}): VolumeRecords => {
  const { ports, metrics, nowMs } = parts;
  const pods = new Map<PodUid, PodRecord>();
  const byObject = new Map<string, Set<VolumeRecord>>();

  const keysOf = ({ owner, volume }: VolumeRecord): readonly string[] =>
    volumeReferences(volume).map(({ kind, name }) => objectKey({ kind, namespace: owner.ref.namespace, name }));
  const addVolume = (owner: PodRecord, volume: Volume, plugin: VolumePlugin): VolumeRecord => {
    const record: VolumeRecord = {
      owner,
      volume,
      plugin,
      wantedAtMs: nowMs(),
      state: { type: "new" },
      generation: 0,
      isRefreshQueued: false,
    };
    owner.volumes.set(volume.name, record);
    for (const key of keysOf(record)) byObject.set(key, (byObject.get(key) ?? new Set()).add(record));
    metrics.addVolumes({ plugin: plugin.name, state: "desired", change: 1 });
    return record;
  };
  const removeVolume = (record: VolumeRecord): void => {
    for (const key of keysOf(record)) {
      const users = byObject.get(key);
      users?.delete(record);
      if (users?.size === 0) byObject.delete(key);
    }
    metrics.addVolumes({ plugin: record.plugin.name, state: "desired", change: -1 });
    if (record.state.type === "ready") metrics.addVolumes({ plugin: record.plugin.name, state: "actual", change: -1 });
  };

  return {
    get: (uid) => pods.get(uid),
    update: (pod) => {
      const ref = podRef(pod);
      checkSegment("pod UID", ref.uid);
      const chosen = choosePlugins(pod, ports);
      const record = pods.get(ref.uid) ?? { ref, pod, volumes: new Map(), stop: new AbortController() };
      record.pod = pod;
      pods.set(ref.uid, record);
      // Volumes of a pod never change, but containers that mount more of them can be added.
      return { record, volumes: chosen.map(([volume, plugin]) => record.volumes.get(volume.name) ?? addVolume(record, volume, plugin)) };
    },
    remove: (uid) => {
      const record = pods.get(uid);
      pods.delete(uid);
      for (const volume of record?.volumes.values() ?? []) removeVolume(volume);
      return record;
    },
    setState: (record, state) => {
      const change = Number(state.type === "ready") - Number(record.state.type === "ready");
      record.state = state;
      // One that was removed meanwhile is not counted any more.
      if (change !== 0 && pods.get(record.owner.ref.uid) === record.owner) {
        metrics.addVolumes({ plugin: record.plugin.name, state: "actual", change });
      }
    },
    findByObject: (change) => [...(byObject.get(objectKey(change)) ?? [])],
    all: () => [...pods.values()].flatMap(({ volumes }) => [...volumes.values()]),
  };
};
