import { join } from "node:path";
import { podRef } from "@nk/pod-model";
import type { Pod, PodRef, Volume } from "@nk/pod-model";
import { joinWithin } from "@nk/stdx";
import { ensureEmptyDir, removeEmptyDir } from "./empty-dir.ts";
import { isVolumesError, VolumesError } from "./errors.ts";
import { ensureHostPath } from "./host-path.ts";

/** Where a volume lies on the host. */
export interface ReadyVolume {
  /** Absolute path to bind into containers. */
  readonly hostPath: string;
}

/** Something the pod's events should tell. */
export interface VolumeEvent {
  readonly ref: PodRef;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export interface VolumesOptions {
  /** The kubelet's root directory; volumes lie in `<rootDir>/pods/<uid>/volumes/<plugin>/<name>`. */
  readonly rootDir: string;
  /** Told of each failure. Default: nobody. */
  readonly onEvent?: (event: VolumeEvent) => void;
}

/** The volumes of a node's pods. */
export interface Volumes {
  /**
   * Makes every volume of the pod that a container mounts ready, all of them at once; by volume name. Idempotent. Rejects with a
   * `VolumesError` when one cannot be made ready.
   */
  prepare(pod: Pod, options: { readonly signal?: AbortSignal }): Promise<ReadonlyMap<string, ReadyVolume>>;
  /** Removes what `prepare` made on disk, by what the spec says. Idempotent; host paths are left alone. */
  release(pod: Pod, options: { readonly signal?: AbortSignal }): Promise<void>;
}

const EMPTY_DIR_PLUGIN = "kubernetes.io~empty-dir";

const emptyDirPath = (rootDir: string, uid: string, name: string): string =>
  joinWithin(join(rootDir, "pods"), uid, "volumes", EMPTY_DIR_PLUGIN, name);

const prepareOne = async (volume: Volume, uid: string, rootDir: string): Promise<ReadyVolume> => {
  if (volume.hostPath !== undefined) {
    await ensureHostPath(volume.hostPath.path, volume.hostPath.type ?? "");
    return { hostPath: volume.hostPath.path };
  }
  if (volume.emptyDir !== undefined && (volume.emptyDir.medium ?? "") === "") {
    const hostPath = emptyDirPath(rootDir, uid, volume.name);
    await ensureEmptyDir(hostPath);
    return { hostPath };
  }
  const source = volume.emptyDir === undefined ? Object.keys(volume).filter((key) => key !== "name") : ["emptyDir.medium"];
  throw new VolumesError("unsupported-source", `volume source ${source.join(", ")} is not supported by nk yet`);
};

/** The kubelet's volumes: hostPath with every type check, and emptyDir on disk. */
export const createVolumes = (options: VolumesOptions): Volumes => {
  const { rootDir, onEvent } = options;
  return {
    prepare: async (pod, { signal }) => {
      const ref = podRef(pod);
      const prepared = await Promise.all(
        (pod.spec?.volumes ?? []).map(async (volume): Promise<readonly [string, ReadyVolume]> => {
          try {
            return [volume.name, await prepareOne(volume, ref.uid, rootDir)];
          } catch (error) {
            const text = isVolumesError(error) ? error.message : String(error);
            onEvent?.({
              ref,
              type: "Warning",
              reason: "FailedMount",
              message: `MountVolume.SetUp failed for volume "${volume.name}" : ${text}`,
            });
            throw error;
          }
        }),
      );
      signal?.throwIfAborted();
      return new Map(prepared);
    },
    release: async (pod, { signal }) => {
      const { uid } = podRef(pod);
      const onDisk = (pod.spec?.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined);
      await Promise.all(onDisk.map(({ name }) => removeEmptyDir(emptyDirPath(rootDir, uid, name))));
      signal?.throwIfAborted();
    },
  };
};
