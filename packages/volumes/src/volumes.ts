import { join } from "node:path";
import { podRef } from "@nk/pod-model";
import type { Pod, PodRef, PodUid, Volume } from "@nk/pod-model";
import { joinWithin } from "@nk/stdx";
import { ensureEmptyDir, removeEmptyDirs } from "./empty-dir.ts";
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
  /** Paths where something is mounted now; asked before anything is removed. */
  readonly listMountPoints: () => Promise<readonly string[]>;
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
  /** Removes what `prepare` made on disk for the pod; its definition is not needed. Idempotent; host paths are left alone. */
  release(uid: PodUid, options: { readonly signal?: AbortSignal }): Promise<void>;
}

const EMPTY_DIR_PLUGIN = "kubernetes.io~empty-dir";

/** A name that becomes one directory, and so must not lead into another pod's: an empty UID would name the folder of all pods. */
const segment = (what: string, name: string): string => {
  if (name === "" || name === "." || name === ".." || name.includes("/")) {
    throw new VolumesError("unsafe-path", `${what} ${JSON.stringify(name)} cannot be a file name`);
  }
  return name;
};

const emptyDirsPath = (rootDir: string, uid: PodUid): string =>
  joinWithin(join(rootDir, "pods"), segment("pod UID", uid), "volumes", EMPTY_DIR_PLUGIN);

const prepareOne = async (volume: Volume, uid: string, rootDir: string): Promise<ReadyVolume> => {
  if (volume.hostPath !== undefined) {
    await ensureHostPath(volume.hostPath.path, volume.hostPath.type ?? "");
    return { hostPath: volume.hostPath.path };
  }
  if (volume.emptyDir !== undefined && (volume.emptyDir.medium ?? "") === "") {
    const hostPath = joinWithin(emptyDirsPath(rootDir, uid), segment("volume name", volume.name));
    await ensureEmptyDir(hostPath);
    return { hostPath };
  }
  const source = volume.emptyDir === undefined ? Object.keys(volume).filter((key) => key !== "name") : ["emptyDir.medium"];
  throw new VolumesError("unsupported-source", `volume source ${source.join(", ")} is not supported by nk yet`);
};

/** The kubelet's volumes: hostPath with every type check, and emptyDir on disk. */
export const createVolumes = (options: VolumesOptions): Volumes => {
  const { rootDir, listMountPoints, onEvent } = options;
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
    release: async (uid, { signal }) => {
      const path = emptyDirsPath(rootDir, uid);
      await removeEmptyDirs(path, await listMountPoints());
      signal?.throwIfAborted();
    },
  };
};
